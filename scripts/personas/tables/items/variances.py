"""What the choice of items adds to every mean and difference: the part of their intervals that cells do not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.checks import ANSWER
from personas.stats.intervals import Items
from personas.stats.items import of_several
from personas.tables import reading
from personas.tables.items.changes import Measure, item_values
from personas.tables.measures import placeless_measures
from personas.tables.table import ratings, table

LEVEL, PROGRESSION, OVER_BASELINE = "level", "progression", "baseline"
"""Values of `contrast` beside `condition:<a>-<b>`: the value itself, and the contrasts of `personas.stats.pairs`."""

LATER = -1
"""Value of `position` for the mean over all positions but checkpoint 0, which conditions share."""

ALL, MODEL, PERSONA = "all", "model", "persona"
"""Values of `by`: over all cells, over one model's, over one persona's."""

VARIANCE_DTYPES = {
    "measure": "str",
    "contrast": "str",
    "condition": "str",
    "group": "str",
    "position": "int64",
    "by": "str",
    "unit": "str",
    "n_items": "int64",
    "total": "float64",
    "shared": "float64",
    "nested": "bool",
}
_NEEDED = [*ANSWER, "is_baseline", "metric", "label", "judge", "reference", "value"]
_NOBODY = ""

Place = tuple[str | None, int]
"""A condition (None: between two) and a position."""

Cut = tuple[str, str | None, Sequence[Place], np.ndarray]
"""Contrast, group, places, and values: places x models x personas x items."""


def item_variances(paths: Sequence[Path], *, measures: Sequence[Measure], conditions: Sequence[str]) -> pd.DataFrame:
    """Return what items add to the variance of every mean of the `measures` of one benchmark; `VARIANCE_DTYPES`.

    `paths` are its tables of ratings, of all models: items are shared by them. Of each measure, for all cells, for
    each model and for each persona (`by`, `unit`): the level at each checkpoint, the contrasts of
    `personas.stats.pairs`, and the difference of conditions over all later positions (`LATER`). `total` and `shared`
    are in the squared unit of the measure (`personas.stats.intervals.Items`). In memory are the ratings of one
    metric.
    """
    parts = []
    for metric, of_metric in groupby(sorted(measures, key=lambda m: str(m["metric"])), key=lambda m: m["metric"]):
        rows = reading.rows_of(paths, _NEEDED, metric)
        parts += [row for measure in of_metric for row in of_measure(item_values(rows, measure), measure, conditions)]
    return pd.DataFrame(parts, columns=list(VARIANCE_DTYPES)).astype(VARIANCE_DTYPES)


def of_measure(values: pd.DataFrame, measure: Measure, conditions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each cut of `item_values` of one measure that has any value."""
    if values["value"].notna().any():
        yield from of_cube(cube_of(values, conditions), measure["measure"])


def of_cube(cube: Cube, measure: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each cut of a cube."""
    for contrast, group, places, cells in cube.cuts():
        for by, unit, part in cube.units(cells):
            of_means = of_several(part)
            for place, fields in zip(places, zip(*of_means, strict=True), strict=True):
                if fields[0]:
                    where = {"measure": measure, "contrast": contrast, "group": group, "by": by, "unit": unit}
                    numbers = dict(zip(("n_items", "total", "shared", "nested"), fields, strict=True))
                    yield {**where, **dict(zip(("condition", "position"), place, strict=True)), **numbers}


def levels(values: pd.DataFrame) -> Callable[[Mapping[str, Any]], Items | None]:
    """Return what tells what items add to the mean over all cells at a point (condition, group, checkpoint).

    `values` are `item_values` of one measure.
    """
    cube, by_point = cube_of(values, sorted(set(values["condition"]))), {}
    for _, group, places, cells in cube.levels():
        for place, fields in zip(places, zip(*of_several(cells), strict=True), strict=True):
            by_point[place[0], group, place[1]] = Items(*fields)
    return lambda point: by_point.get((point["condition"], point["group"], point["checkpoint"]))


def cube_of(values: pd.DataFrame, conditions: Sequence[str]) -> Cube:
    """Return `item_values` of one measure as arrays."""
    present, own = set(values["condition"]), values["group"] == "persona"
    nobody = values.loc[~own, "persona"].isna().all()
    personas = sorted(set(values["persona"].dropna()))
    axes: dict[str, list[Any]] = {
        "model": sorted(set(values["model"])),
        "persona": personas,
        "condition": [condition for condition in conditions if condition in present],
        "checkpoint": sorted(set(values["checkpoint"])),
        "item_id": sorted(set(values["item_id"])),
    }
    baseline = values[~own].fillna({"persona": _NOBODY})
    return Cube(
        axes["model"],
        personas,
        axes["condition"],
        axes["checkpoint"],
        _fill(values[own], axes),
        _fill(baseline, axes | {"persona": [_NOBODY] if nobody else personas}),
    )


def _fill(rows: pd.DataFrame, axes: Mapping[str, Sequence[Any]]) -> np.ndarray:
    filled = np.full([len(names) for names in axes.values()], np.nan)
    places = tuple(pd.Index(names).get_indexer(rows[column]) for column, names in axes.items())
    filled[places] = rows["value"].to_numpy("float64")
    return filled


@dataclass(frozen=True)
class Cube:
    """Values of one measure, NaN where there is none: models x personas x conditions x positions x items.

    `own` are those of personas, `baseline` those of the baseline, with one persona where they belong to nobody.
    """

    models: Sequence[str]
    personas: Sequence[str]
    conditions: Sequence[str]
    positions: Sequence[int]
    own: np.ndarray
    baseline: np.ndarray

    def levels(self) -> Iterator[Cut]:
        """Yield the values at every checkpoint."""
        for group, values in self._groups():
            yield self._each(LEVEL, group, values, 0)

    def _groups(self) -> Iterator[tuple[str, np.ndarray]]:
        both = (("persona", self.own), ("baseline", self.baseline))
        return ((group, values) for group, values in both if not np.isnan(values).all())

    def cuts(self) -> Iterator[Cut]:
        """Yield every level and contrast."""
        yield from self.levels()
        for group, values in self._groups():
            yield self._each(PROGRESSION, group, values - values[:, :, :, :1], 1)
            yield from self._between_conditions(group, values)
        if not np.isnan(self.baseline).all():
            yield self._each(OVER_BASELINE, None, self.own - self.baseline, 0)

    def _each(self, contrast: str, group: str | None, values: np.ndarray, first: int) -> Cut:
        places = [(condition, int(at)) for condition in self.conditions for at in self.positions[first:]]
        # Conditions and positions first, as one axis: each is a mean of its own.
        moved = np.moveaxis(values[:, :, :, first:], (2, 3), (0, 1))
        return contrast, group, places, moved.reshape(len(places), *moved.shape[2:])

    def _between_conditions(self, group: str, values: np.ndarray) -> Iterator[Cut]:
        later = [at for at, position in enumerate(self.positions) if position > 0]
        places: list[tuple[str | None, int]] = [(None, int(position)) for position in self.positions]
        for (a, one), (b, other) in combinations(enumerate(self.conditions), 2):
            apart = np.moveaxis(values[:, :, a] - values[:, :, b], 2, 0)
            together = [_mean(apart[later])[None]] if later else []
            all_places = [*places, *[(None, LATER) for _ in together]]
            yield f"condition:{one}-{other}", group, all_places, np.concatenate([apart, *together])

    def units(self, cells: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Yield all cells, those of each model, and those of each persona."""
        yield ALL, "", cells
        for place, model in enumerate(self.models):
            yield MODEL, model, cells[:, place : place + 1]
        for place, persona in enumerate(self.personas):
            whose = 0 if cells.shape[2] == 1 else place  # a baseline of nobody stands beside every persona
            yield PERSONA, persona, cells[:, :, whose : whose + 1]


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis of what is there, NaN where nothing is."""
    present = ~np.isnan(values)
    n = present.sum(axis=0)
    means: np.ndarray = np.where(n > 0, np.where(present, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
    return means


class Variances:
    """What items add, looked up point by point."""

    def __init__(self, table: pd.DataFrame) -> None:
        columns = ["measure", "contrast", "condition", "group", "position", "by", "unit"]
        rows = table.to_dict("records") if len(table) else []
        self._known = {
            tuple(None if pd.isna(row[name]) else row[name] for name in columns): Items(
                row["n_items"], row["total"], row["shared"], row["nested"]
            )
            for row in rows
        }

    def conditions(self, measure: str, contrast: str) -> list[str]:
        """Return the conditions of a contrast that are known."""
        return sorted({key[2] for key in self._known if key[:2] == (measure, contrast) and key[2] is not None})

    def of(self, point: Mapping[str, Any], by: str = ALL, unit: str = "") -> Items | None:
        """Return those of a point (measure, contrast, condition, group, position), or None without items."""
        names = ("measure", "contrast", "condition", "group", "position")
        key = tuple(None if pd.isna(point[name]) else point[name] for name in names)
        return self._known.get((*key, by, unit))

    def level(self, point: Mapping[str, Any], by: str = ALL, unit: str = "") -> Items | None:
        """Return those of the value itself at a point (measure, condition, group, position)."""
        return self.of({**point, "contrast": LEVEL}, by, unit)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    measures = [m for m in placeless_measures(grid) if m["benchmark"] is not None and m["figure"] != "distance"]
    for name in grid.study.config.benchmarks:
        if of_benchmark := [m for m in measures if m["benchmark"] == name]:
            parameters = {"measures": of_benchmark, "conditions": list(grid.study.config.conditions)}
            yield Instance(f"item-variances-{name}", {"paths": ratings(context, [name])}, parameters)


ITEM_VARIANCES = table("item_variances", item_variances, _instances, module=__name__, from_files=True, heading="")
