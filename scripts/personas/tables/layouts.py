"""How each table is printed in LaTeX: its columns, its caption, and which of its rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from personas.tables.coverage import COUNTS
from personas.tables.latex import Column

_MEAN = ("low", "high")
INTERVAL = "In brackets: 95 % percentile bootstrap interval."


@dataclass(frozen=True)
class Layout:
    """`columns` in order; `caption` without the counts, `counts` (column -> what it counts) and `extra` end it.

    `rows` chooses and prepares what is printed. `scaled`: the table has measures and does not say in which scale.
    """

    columns: tuple[Column, ...]
    caption: str
    counts: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    rows: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table
    scaled: bool = False


def _last(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the last position of each measure and condition."""
    last = table.groupby(["measure", "condition"])["position"].transform("max")
    return table[table["position"] == last]


def _summed(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverage by model, benchmark and judge; personas, metrics and conditions summed."""
    return table.groupby(["model", "benchmark", "judge"], sort=True, dropna=False)[COUNTS].sum().reset_index()


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(_header(name), name) for name in names)


def _header(name: str) -> str:
    """Return a column's name as a heading; counts keep their small n."""
    words = name.replace("_", " ")
    return words if words.split()[0] == "n" else words.capitalize()


LAYOUTS: Mapping[str, Layout] = {
    "mixed-models": Layout(
        (
            *_texts("family", "measure", "model", "condition", "term"),
            Column("Coefficient", "coefficient", _MEAN, decimals=None),
            Column("SE", "se", decimals=None),
            Column("p", "p", decimals=3),
            *_texts("n", "n_missing", "n_scored", "n_planned", "n_groups", "status"),
        ),
        "Coefficients of the mixed models, from the fits.",
        {"n": "observations", "n_groups": "groups"},
        "In brackets: 95 % interval of the fit. Values of fits with another status than ok are not to be trusted.",
    ),
    "rankings": Layout(
        (
            *_texts("of", "measure", "condition"),
            Column("Rank", "rank", decimals=0),
            Column("Name", "name"),
            Column("Mean", "mean", _MEAN, percent=True),
            *_texts("n_cells", "n_missing"),
        ),
        "Models and personas by each measure at its last position; shares in percent.",
        {"n_cells": "cells (model, persona)"},
        INTERVAL,
        _last,
    ),
    "coverage": Layout(
        _texts("model", "benchmark", "judge", *COUNTS),
        "Ratings planned, with a value, failed, and with an unreadable verdict; -- in Judge: answer length.",
        rows=_summed,
    ),
    "length-means": Layout(
        (
            *_texts("by", "name", "group", "condition", "round"),
            Column("Tokens", "mean", _MEAN, decimals=0),
            *_texts("n_cells", "n_missing"),
        ),
        "Tokens of a dialogue after its last round, by model and by persona.",
        {"n_cells": "cells (model, persona)"},
        INTERVAL,
    ),
    "agreement": Layout(
        (
            *_texts("model", "label"),
            Column("Equal", "agreement"),
            Column("Kappa", "kappa"),
            Column("Refused (rules)", "refused_by_rules"),
            Column("Refused (judge)", "refused_by_judge"),
            *_texts("n_both", "n_planned"),
        ),
        "Agreement of rules and judge on refusals: share of equal verdicts, Cohen's kappa, share that each refuses.",
        {"n_both": "answers with both verdicts"},
    ),
    "calibration": Layout(
        (
            *_texts("set", "metric", "model", "rater_a", "rater_b"),
            Column("Kappa", "kappa", ("kappa_low", "kappa_high")),
            Column("Equal", "agreement", ("agreement_low", "agreement_high")),
            *_texts("n"),
        ),
        "Agreement of raters on the same texts: Cohen's kappa, share of equal values.",
        {"n": "texts"},
        "In brackets: 95 % percentile bootstrap interval over clusters of texts.",
    ),
    "by-model": Layout(
        (
            *_texts("measure", "contrast", "model", "condition"),
            Column("Difference", "mean", _MEAN, percent=True),
            *_texts("n_pairs", "n_missing", "n_scored", "n_planned"),
        ),
        "Differences by model; of shares in percentage points.",
        {"n_pairs": "personas"},
        INTERVAL,
        scaled=True,
    ),
    "model-cards": Layout(
        (
            *_texts("model"),
            Column("Measure", "title"),
            *_texts("judge", "condition"),
            Column("First", "first", ("first_low", "first_high"), percent=True),
            Column("Last", "last", ("last_low", "last_high"), percent=True),
            Column("Change", "change", ("change_low", "change_high"), percent=True),
            Column("Since", "since", decimals=0),
            *_texts("verdict", "n_personas", "n_missing"),
        ),
        "Models at the first and the last position; shares in percent. Since: where a drop begins that is "
        "significant (q < 0.05) from there to the end.",
        {"n_personas": "personas"},
        INTERVAL,
    ),
    "safety": Layout(
        (
            *_texts("label", "type", "focus", "judge", "quantity", "condition", "group"),
            Column("Refusals", "mean", _MEAN, percent=True),
            *_texts("n_items", "n_pairs", "n_missing"),
        ),
        "Refusals (percent) and their differences (percentage points) by prompt.",
        {"n_pairs": "pairs (model, persona)"},
        INTERVAL,
        lambda table: table.assign(scale="share"),
    ),
}
"""By kind of table."""
