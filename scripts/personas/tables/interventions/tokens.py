"""What turns cost: tokens of a round or an item, with an intervention and without."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from personas.config.personas import BASELINE
from personas.core.parquet import read_table
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.tables.table import table

TOKEN_DTYPES = {
    "intervention": "str",
    "model": "str",
    "group": "str",
    "persona": "str",
    "condition": "str",
    "order": "str",
    "replicate": "int64",
    "turns": "int64",
    "without_usage": "int64",
    "prompt_tokens": "float64",
    "answer_tokens": "float64",
    "tokens": "float64",
}
_DIALOGUE = list(TOKEN_DTYPES)[:7]
_COUNTS = {"prompt_tokens": "prompt_tokens", "completion_tokens": "answer_tokens"}


def turn_tokens(cells: Sequence[Path], *, frozen: FrozenPlan) -> pd.DataFrame:
    """Return a row a dialogue: the mean tokens of its turns, which are its rounds and the items behind it.

    `tokens` is the sum of `prompt_tokens` (a prompt with all that stands before the turn, as a server bills it) and
    `answer_tokens`. What an intervention asked behind a round counts for that round. A turn whose usage is not told
    (`without_usage`) is in no mean; NaN where none is told. `intervention` is "none" without one.
    """
    rows = pd.concat([_turns(frozen, path) for path in cells], ignore_index=True)
    rows["tokens"] = rows["prompt_tokens"] + rows["answer_tokens"]
    dialogues = rows.groupby(_DIALOGUE, dropna=False, sort=True)
    means = dialogues[["prompt_tokens", "answer_tokens", "tokens"]].mean()
    counts = dialogues["tokens"].agg(turns="size", told="count")
    table = means.assign(turns=counts["turns"], without_usage=counts["turns"] - counts["told"]).reset_index()
    return table[list(TOKEN_DTYPES)].astype(TOKEN_DTYPES)


def _turns(frozen: FrozenPlan, path: Path) -> pd.DataFrame:
    """Return the tokens of the turns of one cell, with the place of its dialogue."""
    track = frozen.grid.by_path[path.relative_to(frozen.results).as_posix()].track
    table = read_table(path)
    rows = table.select(list(_COUNTS)).to_pandas().astype("float64")
    if "aside" in table.column_names:
        rows = rows.add(_asides(table), fill_value=0.0).where(rows.notna())
    is_baseline = track.persona == BASELINE
    of_dialogue: pd.DataFrame = rows.rename(columns=_COUNTS).assign(
        intervention=track.intervention,
        model=track.model,
        group="baseline" if is_baseline else "persona",
        persona=track.replays if is_baseline else track.persona,
        condition=track.condition,
        order=track.order,
        replicate=track.replicate,
    )
    return of_dialogue


def _asides(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({name: table.column("aside").combine_chunks().field(name).to_pandas() for name in _COUNTS})


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if grid.study.config.interventions:
        cells = [cell.path for cell in grid.cells if cell.stage != "judgements"]
        yield Instance("turn-tokens", {"cells": cells})


TURN_TOKENS = table(
    "turn_tokens",
    turn_tokens,
    _instances,
    module=__name__,
    title="Tokens a turn, by intervention",
    from_files=True,
    with_plan=True,
)
