"""From the ratings table to what the figures draw: one value with a band per panel, series and checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from scripts.analysis.bootstrap import RESAMPLES, SEED, bootstrap_mean


@dataclass(frozen=True)
class Panel:
    """Which ratings one panel shows, and how to read them. `None` in benchmark, label or judge: any."""

    slug: str
    title: str
    unit: str
    metric: str
    benchmark: str | None = None
    label: str | None = None
    judge: str | None = None
    better: Literal["higher", "lower", "neutral"] = "neutral"
    is_rate: bool = True


PANELS = (
    Panel("ifbench-accuracy", "IFBench accuracy", "loose accuracy (%)", "loose", "ifbench", better="higher"),
    Panel(
        "refusal-unsafe",
        "Refusal of unsafe prompts",
        "refusal rate (%)",
        "refusal",
        "xstest",
        "unsafe",
        better="higher",
    ),
    Panel(
        "refusal-safe",
        "Refusal of safe prompts",
        "refusal rate (%)",
        "refusal",
        "xstest",
        "safe",
        better="lower",
    ),
    Panel("words", "Answer length", "words per answer", "words", is_rate=False),
)

SERIES_DTYPES = {
    "panel": "str",
    "condition": "str",
    "group": "str",
    "checkpoint": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n_cells": "int64",
    "n_items_scored": "int64",
    "n_items_planned": "int64",
}
_POINT = ["condition", "group", "checkpoint"]
_CELL = ["model", "persona"]
# What makes a rated answer unique within a panel. Judge and reference are left out on purpose: two ratings
# of one answer by two judges must not be averaged as if they were two answers.
_ANSWER = [
    *_CELL,
    "reference_persona",
    "condition",
    "order",
    "replicate",
    "checkpoint",
    "benchmark",
    "item_id",
]
_NEEDED = {*_ANSWER, "is_baseline", "metric", "label", "judge", "status", "value"}
_SHARE = ["model", "persona", "benchmark", "checkpoint"]


def series_by_checkpoint(
    ratings: pd.DataFrame,
    panels: Sequence[Panel] = PANELS,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """Mean and bootstrap band per panel, condition, group ("persona" or "baseline") and checkpoint.

    Values are first averaged over items, orders and replicates within each (model, persona) cell; mean, low
    and high (rates as 0..1, lengths in words) then run over the cells, each counting the same. Missing values
    stay out: a point without any value keeps its row, with NaN and `n_cells` 0. `n_items_scored` and
    `n_items_planned` count ratings with a value and all of them. Columns and types: `SERIES_DTYPES`; rows are
    sorted by panel (in the given order), condition, group (baseline first) and checkpoint.

    Raises:
        ValueError: a column is missing, a panel mixes judges, or an answer is rated twice within a panel.
    """
    _require_columns(ratings)
    points = [point for panel in panels for point in _points(_select(ratings, panel), panel.slug, resamples, seed)]
    return pd.DataFrame(points, columns=list(SERIES_DTYPES)).astype(SERIES_DTYPES)


def answer_status_shares(ratings: pd.DataFrame) -> pd.DataFrame:
    """How answers ended: columns model, persona, benchmark, checkpoint, status, n_answers, n_planned, share.

    One row per status that occurs; `share` (0..1) is `n_answers / n_planned`, and adds up to 1 over the
    statuses of one (model, persona, benchmark, checkpoint). Answers are counted on the rows of metric
    "words", which exist once per answer whatever its status; conditions, orders and replicates are pooled.

    Raises:
        ValueError: a column is missing, or an answer has two "words" rows.
    """
    _require_columns(ratings)
    answers = ratings[ratings["metric"] == "words"]
    _require_unique(answers, "words")
    shares = answers.groupby([*_SHARE, "status"], sort=True).size().reset_index(name="n_answers")
    shares["n_planned"] = shares.groupby(_SHARE)["n_answers"].transform("sum")
    shares["share"] = shares["n_answers"] / shares["n_planned"]
    return shares


def _select(ratings: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    keep = ratings["metric"] == panel.metric
    for column, wanted in (("benchmark", panel.benchmark), ("label", panel.label), ("judge", panel.judge)):
        if wanted is not None:
            keep &= ratings[column] == wanted
    rows = ratings[keep.fillna(False).astype(bool)]
    judges = sorted(rows["judge"].dropna().unique())
    if len(judges) > 1:
        raise ValueError(f"panel {panel.slug} mixes the judges {', '.join(judges)}: name one in Panel.judge")
    _require_unique(rows, panel.slug)
    # Sorted, so that rounding in the sums does not depend on the order of the rows.
    rows = rows.sort_values(_ANSWER)
    groups = rows["is_baseline"].astype(bool).map({True: "baseline", False: "persona"})
    return rows.assign(group=groups, value=rows["value"].astype("float64"))


def _points(rows: pd.DataFrame, slug: str, resamples: int, seed: int) -> list[tuple]:
    cells = rows.groupby([*_POINT, *_CELL], sort=True)["value"].mean().reset_index()
    bands = {
        key: bootstrap_mean(cell["value"].dropna(), resamples=resamples, seed=seed)
        for key, cell in cells.groupby(_POINT, sort=True)
    }
    values = rows.groupby(_POINT)["value"]
    scored, planned = values.count().to_dict(), values.size().to_dict()
    return [(slug, *key, *band, scored[key], planned[key]) for key, band in bands.items()]


def _require_columns(ratings: pd.DataFrame) -> None:
    missing = sorted(_NEEDED - set(ratings.columns))
    if missing:
        raise ValueError(f"the ratings table lacks the columns {', '.join(missing)}")


def _require_unique(rows: pd.DataFrame, what: str) -> None:
    twice = rows[rows.duplicated(_ANSWER)]
    if len(twice):
        answer = ", ".join(f"{name}={twice.iloc[0][name]}" for name in _ANSWER)
        raise ValueError(f"{what}: {len(twice)} answers are rated twice, the first is {answer}")
