"""How often roles are reversed in dialogues whose user a model plays: over the dialogue, for each persona."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from personas.engines.request import WITH_TEXT
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.scoring.role_reversal import asks, serves
from personas.stats.intervals import wilson
from personas.tables import reading
from personas.tables.table import table

REVERSAL_DTYPES = {
    "who": "str",
    "model": "str",
    "group": "str",
    "persona": "str",
    "condition": "str",
    "half": "str",
    "share": "float64",
    "low": "float64",
    "high": "float64",
    "n_reversed": "int64",
    "n_turns": "int64",
}
_PLACE = list(REVERSAL_DTYPES)[:6]
USER, PERSONA = "user", "persona"


def role_reversals(dialogues: Sequence[Path], *, frozen: FrozenPlan) -> pd.DataFrame:
    """Return the share of turns that are the other's part, by who, persona, condition and half of the dialogue.

    `who` is "user" (a turn that a model wrote says what an assistant says) or "persona" (an answer asks the user for
    service). `half` is "first", "second" or "all"; orders and replicates are pooled. Wilson's interval is over the
    turns. `persona` is null for the baseline.
    """
    rows = reading.rows_of_cells(frozen, dialogues, ["round", "user", "answer", "status"])
    last = rows["condition"].map({slug: c.rounds for slug, c in frozen.study.config.conditions.items()})
    rows = rows.assign(half=(rows["round"] * 2 > last).map({False: "first", True: "second"}))
    users = rows[(rows["round"] > 1) & (rows["user"] != "")]
    answers = rows[rows["status"].isin(WITH_TEXT)]
    turns = pd.concat(
        [
            users.assign(who=USER, is_reversed=users["user"].map(serves)),
            answers.assign(who=PERSONA, is_reversed=answers["answer"].fillna("").map(asks)),
        ]
    )
    both = pd.concat([turns, turns.assign(half="all")])
    by_place = both.groupby(_PLACE, dropna=False, sort=True)["is_reversed"].agg(n_reversed="sum", n_turns="size")
    counts: pd.DataFrame = by_place.reset_index()
    counts["share"] = counts["n_reversed"] / counts["n_turns"]
    bounds = [wilson(share, n) for share, n in zip(counts["share"], counts["n_turns"], strict=True)]
    ends = pd.DataFrame(bounds, columns=["low", "high"])
    table = pd.concat([counts, ends], axis="columns")
    return table[list(REVERSAL_DTYPES)].astype(REVERSAL_DTYPES)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    dialogues = [cell.path for cell in grid.plain_cells if cell.stage == "dialogues" and _is_played(grid, cell)]
    if dialogues:
        yield Instance("role-reversals", {"dialogues": dialogues})


def _is_played(grid: Grid, cell: Cell) -> bool:
    return cell.track.condition in grid.study.briefs


ROLE_REVERSALS = table(
    "role_reversals",
    role_reversals,
    _instances,
    module=__name__,
    title="Role reversals of users",
    from_files=True,
    with_plan=True,
)
