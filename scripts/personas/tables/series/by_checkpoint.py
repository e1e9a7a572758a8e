"""From the ratings table to what the figures draw: one value with a band per panel, series and checkpoint."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import cells, checks
from personas.stats.intervals import UNITS
from personas.stats.panels import OVERVIEW, overview_panels
from personas.stats.selection import select
from personas.tables import reading
from personas.tables.items.changes import by_item
from personas.tables.items.variances import levels
from personas.tables.measures import judges_of, panels_of
from personas.tables.table import generalisation, ratings, ratings_of_answers, table

SERIES_DTYPES = {
    "panel": "str",
    "condition": "str",
    "group": "str",
    "checkpoint": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_cells": "int64",
    "n_items_scored": "int64",
    "n_items_planned": "int64",
}
_POINT = ["condition", "group", "checkpoint"]
_CELL = [*_POINT, "model", "unit"]
_NEEDED = {*checks.ANSWER, "is_baseline", "metric", "label", "judge", "reference", "status", "value"}


def series_by_checkpoint(
    ratings: pd.DataFrame,
    panels: Sequence[Panel] = OVERVIEW,
    *,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Mean and band per panel, condition, group ("persona" or "baseline") and checkpoint.

    Values are first averaged over items, orders and replicates within each (model, persona) cell; mean, low and high
    (in the unit of the panel: shares 0..1, ratings 1..5, words) then run over the cells, each counting the same, and
    over items (`personas.stats.intervals`). In a panel of one benchmark whose items belong to personas, the baseline
    has one cell per model and persona whose items it answered, as in the study; elsewhere one per model. A panel of
    several benchmarks is of those that personas and baseline of a condition both have, and a cell's value is the mean
    over its means of these, so that each counts the same on both sides, however many items it has; a cell that has no
    value in one of them has none. Missing values stay out: a point without any value keeps its row, with NaN and
    `n_cells` 0. `n_items_scored` and `n_items_planned` count ratings with a value and all of them. Columns and types:
    `SERIES_DTYPES`; rows are sorted by panel (in the given order), condition, group (baseline first) and checkpoint.
    Ratings of utterances (no checkpoint) are passed over.

    Raises:
        ValueError: a column is missing, a panel mixes judges, or an answer is rated twice within a panel.
    """
    checks.require_columns(ratings, _NEEDED)
    answers = ratings[ratings["checkpoint"].notna()]
    return _together([_series(select(answers, panel), panel, generalise) for panel in panels])


def series_of_files(
    paths: Sequence[Path], panels: Sequence[Panel], *, generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Return `series_by_checkpoint` of files of ratings; in memory are those of one metric at a time."""
    return _together(
        [
            series_by_checkpoint(reading.rows_of(paths, _NEEDED, metric), list(of_metric), generalise=generalise)
            for metric, of_metric in groupby(panels, key=lambda panel: panel.metric)
        ]
    )


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    # Empty parts have columns of no type, and would take the others' types away.
    filled = [part for part in parts if len(part)]
    series = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(SERIES_DTYPES))
    return series[list(SERIES_DTYPES)].astype(SERIES_DTYPES)


def _series(rows: pd.DataFrame, panel: Panel, generalise: Collection[str]) -> pd.DataFrame:
    if panel.benchmark is None:
        rows = _of_shared_benchmarks(rows)
        # The baseline's answers to items of personas and of nobody make up one cell.
        by_benchmark = cells.means(rows.assign(unit=rows["persona"]), [*_CELL, "benchmark"])
        means = by_benchmark.groupby(_CELL, sort=True)["value"].agg(_mean_of_all).reset_index()
    else:
        means = cells.means(rows.assign(unit=cells.stood_for(rows)), _CELL)
    # Items are shared by the cells of one benchmark only, and distances are of no single item.
    items = levels(by_item(rows)) if panel.benchmark and rows["item_id"].notna().any() else None
    points = cells.bands(
        means, _POINT, generalise=generalise, items=items, shares=lambda _: panel.scale == "share"
    ).merge(cells.counts(rows, _POINT), on=_POINT)
    names = {"n_scored": "n_items_scored", "n_planned": "n_items_planned"}
    return points.rename(columns=names).assign(panel=panel.slug)


def _of_shared_benchmarks(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each condition, the benchmarks of all its groups: another mixture would be another measure."""
    groups = rows.groupby(["condition", "benchmark"])["group"].transform("nunique")
    return rows[groups == rows.groupby("condition")["group"].transform("nunique")]


def _mean_of_all(values: pd.Series) -> float:
    return float(values.mean(skipna=False))


def series_of_panels(
    ratings: Sequence[Path], *, panels: Sequence[Mapping[str, Any]], generalise: Collection[str]
) -> pd.DataFrame:
    """Return `series_of_files`; `panels` in plain JSON types."""
    return series_of_files(ratings, [Panel(**panel) for panel in panels], generalise=generalise)


def series_of_distances(
    distances: pd.DataFrame, *, panels: Sequence[Mapping[str, Any]], generalise: Collection[str]
) -> pd.DataFrame:
    """Return the series of `personas.tables.series.distances.distances`; `panels` in plain JSON types."""
    return series_by_checkpoint(distances, [Panel(**panel) for panel in panels], generalise=generalise)


def _of_all(grid: Grid, context: Context) -> Iterator[Instance]:
    config = grid.study.config
    panels = overview_panels({slug: config.kind_of(slug) for slug in config.benchmarks})
    parameters = {"panels": [panel.to_json() for panel in panels], **generalisation(grid)}
    yield Instance("by-checkpoint", {"ratings": ratings_of_answers(context)}, parameters)


def _of_benchmarks(grid: Grid, context: Context) -> Iterator[Instance]:
    config, yes_no = grid.study.config, grid.study.yes_no()
    for name in config.benchmarks:
        for judge in judges_of(config, name):
            panels = [panel.to_json() for panel in panels_of(config, name, judge, yes_no) if not panel.figure]
            stem, by = (f"{name}-by-{judge}", f", judge {judge}") if judge else (name, "")
            files, parameters = {"ratings": ratings(context, [name])}, {"panels": panels, **generalisation(grid)}
            yield Instance(f"{stem}-by-checkpoint", files, parameters, title=f"Scores by checkpoint: {name}{by}")


def _of_distances(grid: Grid, context: Context) -> Iterator[Instance]:
    for artefact in context.family("bfi_distances"):
        benchmark, judge = artefact.spec["benchmark"], artefact.spec["judge"]
        panels = panels_of(grid.study.config, benchmark, judge, grid.study.yes_no())
        parameters = {
            "panels": [panel.to_json() for panel in panels if panel.figure == "distance"],
            **generalisation(grid),
        }
        yield Instance(
            f"{benchmark}-distance-by-{judge}-by-checkpoint",
            {"distances": artefact.outputs[:1]},
            parameters,
            title=f"Distance between profiles by checkpoint: {benchmark}, judge {judge}",
        )


SERIES_OF_ALL = table(
    "series_of_all",
    series_of_panels,
    _of_all,
    module=__name__,
    title="Scores of all benchmarks by checkpoint",
    from_files=True,
)
SERIES_BY_CHECKPOINT = table(
    "series_by_checkpoint", series_of_panels, _of_benchmarks, module=__name__, from_files=True
)
SERIES_OF_DISTANCES = table("series_of_distances", series_of_distances, _of_distances, module=__name__)
