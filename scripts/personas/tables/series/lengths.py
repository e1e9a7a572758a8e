"""How long a dialogue is, in tokens of its model, after each round; and ratings against that."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personas.core.errors import UserError
from personas.external.tokenizer import counter, fingerprint, tokenizer_file
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.stats import checks
from personas.tables import reading
from personas.tables.table import table

USAGE, WITH_PROMPT, TOKENIZER, MISSING = "usage", "usage-with-prompt", "tokenizer", "missing"
"""Values of `source`: the tokens that the server counted, without the persona's prompt or with it; those that the
model's tokenizer counts in the texts; or none known."""

Counter = Callable[[str], int]
"""Counts the tokens of a text."""

# Statuses of an answer that was given; also in personas.engines.request, a test compares the two.
WITH_TEXT = frozenset({"ok", "truncated", "refused", "empty"})

LENGTH_DTYPES = {
    "model": "str",
    "group": "str",
    "persona": "str",
    "condition": "str",
    "order": "str",
    "replicate": "int64",
    "round": "int64",
    "tokens": "float64",
    "source": "str",
    "status": "str",
}
_DIALOGUE = ["model", "group", "persona", "condition", "order", "replicate"]
_NEEDED = {*_DIALOGUE, "round", "user", "prompt_tokens", "completion_tokens", "status"}


def dialogue_lengths(rounds: pd.DataFrame, counters: Mapping[str, Counter] | None = None) -> pd.DataFrame:
    """Return the tokens of every dialogue after each of its rounds, from 0 on (no round: 0 tokens); cumulative.

    `rounds` are rows of dialogues with their place (`persona` null for the baseline), the user turn, the status, and
    the usage that the server told. After a round the dialogue has the tokens of its prompt, which holds all before,
    and of its answer, less those that the persona's prompt adds (`prompt_sizes`). What the chat template puts around
    turns is in it, and so is a reasoning in the last answer, where a server counts that. `source` is "usage", or
    "usage-with-prompt" where it cannot be told how long the persona's prompt is.

    Where the server told no usage, a model's own tokenizer counts (`counters`, by model; then `rounds` have
    `answer`): the sum over turns and answers so far, without what a template puts around them; `source` is
    "tokenizer". Else, and where a round was not held, `source` is "missing" and the tokens are NaN. Nothing is
    estimated. Columns: `LENGTH_DTYPES`.

    Raises:
        ValueError: a column is missing, or a round is there twice.
    """
    checks.require_columns(rounds, _NEEDED, "table of rounds")
    checks.require_unique(rounds, [*_DIALOGUE, "round"], "rounds")
    rows = rounds.sort_values([*_DIALOGUE, "round"], ignore_index=True)
    lengths = _of_usage(rows).assign(counted=_of_tokenizer(rows, counters or {}))
    by_tokenizer = lengths["tokens"].isna() & lengths["counted"].notna()
    lengths["source"] = lengths["source"].mask(by_tokenizer, TOKENIZER)
    lengths["tokens"] = lengths["tokens"].fillna(lengths["counted"])
    table = pd.concat([lengths, _starts(rows)], ignore_index=True)
    ordered = table.sort_values([*_DIALOGUE, "round"], ignore_index=True)
    return ordered[list(LENGTH_DTYPES)].astype(LENGTH_DTYPES)


def _of_usage(rounds: pd.DataFrame) -> pd.DataFrame:
    sizes = prompt_sizes(rounds)
    own = [sizes.get(key, 0.0 if key[1] is None else None) for key in _keys(rounds)]
    size = pd.Series(own, index=rounds.index, dtype="float64")
    prompt, answer = (rounds[name].astype("float64") for name in ("prompt_tokens", "completion_tokens"))
    tokens = prompt + answer - size.fillna(0)
    source = size.isna().map({True: WITH_PROMPT, False: USAGE}).mask(tokens.isna(), MISSING)
    return rounds.assign(tokens=tokens, source=source)


def _of_tokenizer(rounds: pd.DataFrame, counters: Mapping[str, Counter]) -> pd.Series:
    """Count turns and answers so far of the models with a counter; NaN from a round without an answer on."""
    tokens = pd.Series(np.nan, index=rounds.index)
    for model, count in counters.items():
        rows = rounds[rounds["model"] == model]
        # A dialogue that usage tells of whole needs no counting.
        gaps = (
            (rows["prompt_tokens"].isna() | rows["completion_tokens"].isna())
            .groupby(_dialogues(rows))
            .transform("any")
        )
        for _, dialogue in rows[gaps].groupby(_DIALOGUE, dropna=False, sort=False):
            texts = zip(dialogue["user"], dialogue["answer"], dialogue["status"].isin(WITH_TEXT), strict=True)
            sizes = [count(user) + count(answer or "") if has_text else np.nan for user, answer, has_text in texts]
            tokens[dialogue.index] = np.cumsum(sizes)
    return tokens


def _dialogues(rounds: pd.DataFrame) -> pd.Series:
    """Number the dialogues that rows belong to."""
    return rounds.groupby(_DIALOGUE, dropna=False, sort=False).ngroup()


def prompt_sizes(rounds: pd.DataFrame) -> dict[tuple[Any, Any], float]:
    """Return the tokens that a persona's prompt adds, by (model, persona), where usage tells.

    The first round of a persona's dialogue and that of the same model's baseline in the same condition, order and
    replicate are the same request but for the system prompt, if the user turn is the same text; so their prompts
    differ by it. Where a turn names the role, in an interview's welcome, another condition has to tell. All such
    pairs of a persona agree, but for a tokenizer that joins what it should not: the median is taken.
    """
    first = rounds[(rounds["round"] == 1) & rounds["prompt_tokens"].notna()]
    by = ["model", "condition", "order", "replicate", "user"]
    both = first[first["group"] == "persona"].merge(
        first.loc[first["group"] == "baseline", [*by, "prompt_tokens"]], on=by, suffixes=("", "_baseline")
    )
    apart = both["prompt_tokens"].astype("float64") - both["prompt_tokens_baseline"].astype("float64")
    medians = both.assign(apart=apart).groupby(["model", "persona"])["apart"].median()
    return dict(zip(medians.index.to_list(), medians.to_list(), strict=True))


def _keys(rounds: pd.DataFrame) -> list[tuple[Any, Any]]:
    personas = rounds["persona"].where(rounds["group"] == "persona", None).astype("object")
    return list(zip(rounds["model"], personas.where(personas.notna(), None), strict=True))


def _starts(rounds: pd.DataFrame) -> pd.DataFrame:
    """One row for each dialogue before its first round."""
    return rounds[_DIALOGUE].drop_duplicates().assign(round=0, tokens=0.0, source=USAGE, status="ok")


_HELD = ["round", "user", "prompt_tokens", "completion_tokens", "status"]


def lengths_of_cells(dialogues: Sequence[Path], *, tokenizers: Mapping[str, str], frozen: FrozenPlan) -> pd.DataFrame:
    """Return `dialogue_lengths` of cells; `tokenizers` names the models whose tokenizer lies here."""
    counters = {slug: _counter(frozen, slug) for slug in tokenizers}
    columns = [*_HELD, *(["answer"] if counters else [])]
    return dialogue_lengths(reading.rows_of_cells(frozen, dialogues, columns), counters)


def _counter(frozen: FrozenPlan, slug: str) -> Callable[[str], int]:
    """Return what counts the tokens of a model; UserError where its tokenizer is gone since the run was planned."""
    config = frozen.study.config
    file = tokenizer_file(config.models[slug], config.machine)
    if file is None:
        raise UserError(f"models.{slug}: its tokenizer is not in the cache of weights any more; start again.")
    return counter(file)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    dialogues = [cell.path for cell in grid.plain_cells if cell.stage == "dialogues"]
    models = grid.study.config.models
    files = {slug: tokenizer_file(m, grid.study.config.machine) for slug, m in models.items()}
    tokenizers = {slug: fingerprint(file) for slug, file in files.items() if file}
    yield Instance("lengths", {"dialogues": dialogues}, {"tokenizers": tokenizers})


LENGTHS = table(
    "lengths",
    lengths_of_cells,
    _instances,
    module=__name__,
    title="Tokens of every dialogue, round by round",
    from_files=True,
    with_plan=True,
    more_code=(counter,),
)
