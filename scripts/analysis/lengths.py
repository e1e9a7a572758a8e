"""How long a dialogue is, in tokens of its model, after each round; and ratings against that."""

from typing import Any

import pandas as pd

from scripts.analysis import checks
from scripts.analysis.bootstrap import RESAMPLES, SEED, bootstrap_mean

USAGE, WITH_PROMPT, MISSING = "usage", "usage-with-prompt", "missing"
"""Values of `source`: the tokens that the server counted, without the persona's prompt or with it; or none known."""

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


def dialogue_lengths(rounds: pd.DataFrame) -> pd.DataFrame:
    """Return the tokens of every dialogue after each of its rounds, from 0 on (no round: 0 tokens); cumulative.

    `rounds` are rows of dialogues with their place (`persona` null for the baseline), the user turn, the status,
    and the usage that the server told. After a round the dialogue has the tokens of its prompt, which holds all
    before, and of its answer, less those that the persona's prompt adds (`prompt_sizes`). What the chat template
    puts around turns is in it, and so is a reasoning in the last answer, where a server counts that. `source` is
    "usage", or "usage-with-prompt" where it cannot be told how long the persona's prompt is, or "missing" (NaN
    tokens) where the server told no usage or the round was not held. Nothing is estimated. Columns:
    `LENGTH_DTYPES`.

    Raises:
        ValueError: a column is missing, or a round is there twice.
    """
    checks.require_columns(rounds, _NEEDED, "table of rounds")
    checks.require_unique(rounds, [*_DIALOGUE, "round"], "rounds")
    sizes = prompt_sizes(rounds)
    own = [sizes.get(key, 0.0 if key[1] is None else None) for key in _keys(rounds)]
    size = pd.Series(own, index=rounds.index, dtype="float64")
    tokens = (
        rounds["prompt_tokens"].astype("float64") + rounds["completion_tokens"].astype("float64") - size.fillna(0)
    )
    source = size.isna().map({True: WITH_PROMPT, False: USAGE}).mask(tokens.isna(), MISSING)
    table = pd.concat([rounds.assign(tokens=tokens, source=source), _starts(rounds)], ignore_index=True)
    ordered = table.sort_values([*_DIALOGUE, "round"], ignore_index=True)
    return ordered[list(LENGTH_DTYPES)].astype(LENGTH_DTYPES)


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


MEAN_DTYPES = {
    "by": "str",
    "name": "str",
    "condition": "str",
    "group": "str",
    "round": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n_cells": "int64",
    "n_missing": "int64",
    "n_with_prompt": "int64",
}
BASELINE = "baseline"


def length_means(lengths: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = SEED) -> pd.DataFrame:
    """Return the mean tokens after the last round of each condition, by model and by persona; columns `MEAN_DTYPES`.

    `by` is "model" (mean over its personas; its baseline stands apart in `group`) or "persona" (mean over models;
    the baseline is one of the names). Orders and replicates are averaged within a (model, persona) cell first; low
    and high are a percentile bootstrap over cells. `n_missing` counts cells without tokens, `n_with_prompt` those
    whose tokens include the persona's prompt.
    """
    cells = _at_the_end(lengths)
    parts = [
        (by, name, condition, group, int(rows["round"].max()), *_spread(rows, resamples, seed))
        for by in ("model", "persona")
        for (name, condition, group), rows in cells.groupby([by, "condition", "group"], sort=True)
    ]
    return pd.DataFrame(parts, columns=list(MEAN_DTYPES)).astype(MEAN_DTYPES)


def _at_the_end(lengths: pd.DataFrame) -> pd.DataFrame:
    """One row per model, persona and condition: mean tokens after the last round, and whether prompts are in it."""
    last = lengths[lengths["round"] == lengths.groupby("condition")["round"].transform("max")]
    last = last.assign(persona=last["persona"].fillna(BASELINE), prompted=last["source"] == WITH_PROMPT)
    keys = ["model", "persona", "condition", "group"]
    found = last.groupby(keys, sort=True).agg(
        tokens=("tokens", "mean"), prompted=("prompted", "any"), round=("round", "max")
    )
    return found.reset_index()


def _spread(rows: pd.DataFrame, resamples: int, seed: int) -> tuple[float | int, ...]:
    mean, low, high, n = bootstrap_mean(rows["tokens"].dropna(), resamples=resamples, seed=seed)
    return mean, low, high, n, len(rows) - n, int((rows["prompted"] & rows["tokens"].notna()).sum())


BY_LENGTH_DTYPES = {
    "measure": "str",
    "condition": "str",
    "group": "str",
    "axis": "str",
    "position": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "tokens": "float64",
    "n_cells": "int64",
    "n_without_value": "int64",
    "n_without_tokens": "int64",
    "n_with_prompt": "int64",
}
_TRACK = ["model", "persona", "condition", "order", "replicate", "round"]
_POINT = ["measure", "condition", "group", "axis", "position"]


def by_length(
    values: pd.DataFrame, lengths: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = SEED
) -> pd.DataFrame:
    """Return the mean rating and the mean tokens of the dialogue before it, point by point.

    A checkpoint has that many rounds before it, a rating of round r has r - 1. Both are joined by model, persona,
    condition, order, replicate and rounds, and averaged within a (model, persona) cell, then over the cells that have
    both: so a point's rating and its tokens are of the same cells. The baseline's dialogue is one for all personas
    whose items it answers. Cells without one of the two are counted, not guessed.

    Columns and types: `BY_LENGTH_DTYPES`.

    Raises:
        MergeError: a dialogue has two lengths after one round.
    """
    placed = values.assign(round=values["position"] - (values["axis"] == "round").astype("int64"))
    own = placed["persona"].where(placed["group"] == "persona")
    held = lengths.drop(columns=["group", "status"]).assign(persona=lengths["persona"].fillna(BASELINE))
    joined = placed.assign(unit=placed["persona"].fillna(BASELINE), persona=own.fillna(BASELINE)).merge(
        held, on=_TRACK, how="left", validate="many_to_one"
    )
    joined = joined.assign(prompted=joined["source"] == WITH_PROMPT)
    cells = joined.groupby([*_POINT, "model", "unit"], sort=True).agg(
        value=("value", "mean"), tokens=("tokens", "mean"), prompted=("prompted", "any")
    )
    points = [
        (*key, *_meeting(rows, resamples, seed)) for key, rows in cells.reset_index().groupby(_POINT, sort=True)
    ]
    return pd.DataFrame(points, columns=list(BY_LENGTH_DTYPES)).astype(BY_LENGTH_DTYPES)


def _meeting(cells: pd.DataFrame, resamples: int, seed: int) -> tuple[float | int, ...]:
    both = cells.dropna(subset=["value", "tokens"])
    mean, low, high, n = bootstrap_mean(both["value"], resamples=resamples, seed=seed)
    tokens = float(both["tokens"].mean())
    lacking = int(cells["value"].isna().sum()), int(cells["tokens"].isna().sum())
    return mean, low, high, tokens, n, *lacking, int(both["prompted"].sum())
