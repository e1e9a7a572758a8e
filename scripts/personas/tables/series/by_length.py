"""How long dialogues get, by model and by persona; and ratings against the length of the dialogue before them."""

from collections.abc import Collection, Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.cells import matrix
from personas.stats.intervals import UNITS, estimate
from personas.tables.latex import Column
from personas.tables.series.lengths import WITH_PROMPT
from personas.tables.table import INTERVAL, Layout, generalisation, table, texts

MEAN_DTYPES = {
    "by": "str",
    "name": "str",
    "condition": "str",
    "group": "str",
    "round": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_cells": "int64",
    "n_missing": "int64",
    "n_with_prompt": "int64",
}
BASELINE = "baseline"


def length_means(lengths: pd.DataFrame, *, generalise: Collection[str] = UNITS) -> pd.DataFrame:
    """Return the mean tokens after the last round of each condition, by model and by persona; columns `MEAN_DTYPES`.

    `by` is "model" (mean over its personas; its baseline stands apart in `group`) or "persona" (mean over models; the
    baseline is one of the names). Orders and replicates are averaged within a (model, persona) cell first; low and
    high run over cells (`personas.stats.intervals`). `n_missing` counts cells without tokens, `n_with_prompt` those
    whose tokens include the persona's prompt.
    """
    cells = _at_the_end(lengths)
    parts = [
        (by, name, condition, group, int(rows["round"].max()), *_spread(rows, generalise))
        for by, column in (("model", "model"), ("persona", "who"))
        for (name, condition, group), rows in cells.groupby([column, "condition", "group"], sort=True)
    ]
    return pd.DataFrame(parts, columns=list(MEAN_DTYPES)).astype(MEAN_DTYPES)


def _at_the_end(lengths: pd.DataFrame) -> pd.DataFrame:
    """One row per model, persona and condition: mean tokens after the last round, and whether prompts are in it."""
    last = lengths[lengths["round"] == lengths.groupby("condition")["round"].transform("max")]
    last = last.assign(persona=last["persona"].fillna(BASELINE), prompted=last["source"] == WITH_PROMPT)
    keys = ["model", "persona", "condition", "group"]
    dialogues = last.groupby(keys, sort=True).agg(
        tokens=("tokens", "mean"), prompted=("prompted", "any"), round=("round", "max")
    )
    cells = dialogues.reset_index()
    return cells.assign(who=cells["persona"].mask(cells["group"] == BASELINE, BASELINE))


def _spread(rows: pd.DataFrame, generalise: Collection[str]) -> tuple[float | int | str, ...]:
    cells = rows.rename(columns={"persona": "unit", "tokens": "value"})
    mean, low, high, _, over, n = estimate(matrix(cells), generalise=generalise)
    return mean, low, high, over, n, len(rows) - n, int((rows["prompted"] & rows["tokens"].notna()).sum())


BY_LENGTH_DTYPES = {
    "measure": "str",
    "condition": "str",
    "group": "str",
    "axis": "str",
    "position": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "tokens": "float64",
    "n_cells": "int64",
    "n_without_value": "int64",
    "n_without_tokens": "int64",
    "n_with_prompt": "int64",
}
_TRACK = ["model", "group", "persona", "condition", "order", "replicate", "round"]
_POINT = ["measure", "condition", "group", "axis", "position"]


def by_length(values: pd.DataFrame, lengths: pd.DataFrame, *, generalise: Collection[str] = UNITS) -> pd.DataFrame:
    """Return the mean rating and the mean tokens of the dialogue before it, point by point.

    A checkpoint has that many rounds before it, a rating of round r has r - 1. Both are joined by model, persona,
    condition, order, replicate and rounds, and averaged within a (model, persona) cell, then over the cells that have
    both: so a point's rating and its tokens are of the same cells. The baseline's dialogue is one for all personas
    whose items it answers, unless it answers the turns of theirs. Cells without one of the two are counted, not
    guessed.

    Columns and types: `BY_LENGTH_DTYPES`.

    Raises:
        MergeError: a dialogue has two lengths after one round.
    """
    with_rounds = values.assign(round=values["position"] - (values["axis"] == "round").astype("int64"))
    replayed = lengths.loc[(lengths["group"] == BASELINE) & lengths["persona"].notna(), "condition"]
    persona = with_rounds["persona"].where(
        (with_rounds["group"] == "persona") | with_rounds["condition"].isin(replayed)
    )
    dialogue_lengths = lengths.drop(columns="status").assign(persona=lengths["persona"].fillna(BASELINE))
    joined = with_rounds.assign(unit=with_rounds["persona"].fillna(BASELINE), persona=persona.fillna(BASELINE)).merge(
        dialogue_lengths, on=_TRACK, how="left", validate="many_to_one"
    )
    joined = joined.assign(prompted=joined["source"] == WITH_PROMPT)
    cells = joined.groupby([*_POINT, "model", "unit"], sort=True).agg(
        value=("value", "mean"), tokens=("tokens", "mean"), prompted=("prompted", "any")
    )
    points = [(*key, *_meeting(rows, generalise)) for key, rows in cells.reset_index().groupby(_POINT, sort=True)]
    return pd.DataFrame(points, columns=list(BY_LENGTH_DTYPES)).astype(BY_LENGTH_DTYPES)


def _meeting(cells: pd.DataFrame, generalise: Collection[str]) -> tuple[float | int | str, ...]:
    both = cells.dropna(subset=["value", "tokens"])
    mean, low, high, _, over, n = estimate(matrix(both), generalise=generalise)
    tokens = float(both["tokens"].mean())
    lacking = int(cells["value"].isna().sum()), int(cells["tokens"].isna().sum())
    return mean, low, high, over, tokens, n, *lacking, int(both["prompted"].sum())


def _means(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("length-means", {"lengths": context.outputs("lengths")}, generalisation(grid))


def _by_length(grid: Grid, context: Context) -> Iterator[Instance]:
    files = {"values": context.outputs("values"), "lengths": context.outputs("lengths")}
    yield Instance("by-length", files, generalisation(grid))


LENGTH_MEANS = table(
    "length_means",
    length_means,
    _means,
    module=__name__,
    title="Mean tokens of dialogues",
    layout=Layout(
        (
            *texts("by", "name", "group", "condition", "round"),
            Column("Tokens", "mean", ("low", "high"), decimals=0),
            *texts("n_cells", "n_missing"),
        ),
        "Tokens of a dialogue after its last round, by model and by persona.",
        {"n_cells": "cells (model, persona)"},
        INTERVAL,
    ),
)
BY_LENGTH = table("by_length", by_length, _by_length, module=__name__, title="Measures by tokens before")
