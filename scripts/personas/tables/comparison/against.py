"""Ours against theirs: published numbers against a run, and two runs against each other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.published_numbers import PUBLISHED_DTYPES, SEVERAL, factor, names
from personas.stats.intervals import UNITS
from personas.stats.measures import Measure
from personas.stats.pairs import CELL, cell_means
from personas.tables.comparison.counterparts import BOUNDS, Counterparts, Tables
from personas.tables.contrasts import family

COMPARISON_DTYPES = {
    **{name: dtype for name, dtype in PUBLISHED_DTYPES.items() if name not in ("value", "low", "high")},
    "theirs": "float64",
    "their_low": "float64",
    "their_high": "float64",
    "ours": "float64",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "interval": "str",
    "inside": "boolean",
    "within_rounding": "boolean",
    "p": "float64",
    "noise": "float64",
    "n": "int64",
    "n_missing": "int64",
    "n_only_ours": "int64",
    "n_only_theirs": "int64",
    "scope": "str",
    "reason": "str",
}
ALL, EACH = "all", "model"
"""Values of `scope`: of all models together, or of one of several."""

ROUNDING = 1e-9
"""Numbers that are printed exactly still pass through binary fractions on our side."""


def with_our_names(numbers: pd.DataFrame, called: Mapping[str, str]) -> pd.DataFrame:
    """Return published numbers under our names; `called` tells what ours are called there."""
    ours = {there: here for here, there in called.items()}
    lists = {
        name: numbers[name].map(lambda joined: SEVERAL.join(ours.get(n, n) for n in names(joined)) or None)
        for name in ("models", "personas")
    }
    single = {name: numbers[name].replace(ours) for name in ("measure", "condition", "other")}
    return numbers.assign(**lists, **single).astype(PUBLISHED_DTYPES)


def against_published(
    numbers: pd.DataFrame, tables: Tables, *, checkpoints: Sequence[int], generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Return every published number beside our counterpart, in the unit of the publication; `COMPARISON_DTYPES`.

    `difference` is ours - theirs. `low` and `high` bound the difference too: they are our interval (see
    `personas.tables.comparison.counterparts`) minus the published number, so `inside`, that our interval holds it,
    is that they enclose 0. `within_rounding`: the difference is no greater than half a unit of the last digit that
    was published. A number without counterpart keeps its row, with a `reason`.
    """
    counterparts = Counterparts(tables, checkpoints=checkpoints, generalise=generalise)
    rows = [_beside(number, counterparts) for number in numbers.to_dict("records")]
    return _with_conclusions(pd.DataFrame(rows))


def _beside(number: Mapping[Any, Any], counterparts: Counterparts) -> dict[str, Any]:
    ours, scale, theirs = counterparts.of(number), factor(number["unit"]), number["value"]
    row = {name: number[name] for name in PUBLISHED_DTYPES if name not in ("value", "low", "high")}
    row |= {"theirs": theirs, "their_low": number["low"], "their_high": number["high"], "ours": ours.ours * scale}
    row |= {name: getattr(ours, name) * scale - theirs for name in BOUNDS}
    row |= {"difference": ours.ours * scale - theirs, "interval": ours.interval, "reason": ours.reason}
    return row | {"n": ours.n, "n_missing": ours.n_missing, "scope": ALL}


def between_runs(
    ours: pd.DataFrame, theirs: pd.DataFrame, measures: Sequence[Measure], *, generalise: Collection[str] = UNITS
) -> pd.DataFrame:
    """Return the paired difference of two tables of values (ours - theirs) at each point; `COMPARISON_DTYPES`.

    A point is a measure, group, condition and position, of all models together and of each. Pairs have the same
    model, persona and point in both; orders and replicates are averaged first. Interval, p and noise are those of
    `personas.tables.contrasts`; `inside`: the interval holds 0, no difference. `n_missing` pairs are planned in both
    and lack a value in one; `n_only_ours`, `n_only_theirs` cells are in one of the runs alone. Shares are in percent.

    Raises:
        ValueError: a value is there twice.
    """
    both = _pair(ours, theirs)
    parts = [part for scope, rows in _scopes(both) for part in _families(rows, scope, generalise)]
    by_slug = {measure["measure"]: measure for measure in measures}
    table = pd.DataFrame([row for part in parts for row in part])
    return _with_conclusions(table if table.empty else _in_units(table, by_slug))


def between_models(
    values: pd.DataFrame,
    models: tuple[str, str],
    measures: Sequence[Measure],
    *,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return `between_runs` of two models of one run, the first minus the second; pairs are personas."""
    label = f"{models[0]} - {models[1]}"
    ours, theirs = (values[values["model"] == model].assign(model=label) for model in models)
    return between_runs(ours, theirs, measures, generalise=generalise)


def _pair(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Join the cells of both, one to one; `side` says where a cell is. Cells of nobody's have the persona ""."""
    a, b = (cells.assign(persona=cells["persona"].fillna("")) for cells in map(cell_means, (ours, theirs)))
    joined = a.merge(b, on=CELL, how="outer", suffixes=("_a", "_b"), validate="one_to_one", indicator="side")
    items = {name: joined[f"{name}_a"] + joined[f"{name}_b"] for name in ("n_scored", "n_planned")}
    return joined.assign(value=joined["value_a"] - joined["value_b"], contrast="run", **items)


def _scopes(both: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, both
    if both["model"].nunique() > 1:
        for _, rows in both.groupby("model", sort=True):
            yield EACH, rows


def _families(both: pd.DataFrame, scope: str, generalise: Collection[str]) -> Iterator[list[dict[str, Any]]]:
    for _, rows in both.groupby(["measure", "axis", "condition", "group"], sort=True):
        paired = rows[rows["side"] == "both"]
        points = family(paired, generalise).set_index("position") if len(paired) else pd.DataFrame()
        yield [_point(at, points, scope) for _, at in rows.groupby("position", sort=True)]


def _point(at: pd.DataFrame, points: pd.DataFrame, scope: str) -> dict[str, Any]:
    """Return the row of one point from its cells and from the points of its family."""
    first = at.iloc[0]
    row = {name: first[name] for name in ("measure", "group", "condition", "axis", "position")}
    only = {f"n_only_{name}": int((at["side"] == side).sum()) for name, side in _SIDES.items()}
    row |= {"quantity": "run", "models": SEVERAL.join(sorted(set(at["model"]))), "scope": scope, **only}
    present = at[at["value"].notna()]
    row |= {"ours": present["value_a"].mean(), "theirs": present["value_b"].mean()}
    if first["position"] not in points.index:
        return row | {"n": 0, "n_missing": 0, "reason": "in one of the runs only"}
    point = points.loc[first["position"]]
    row |= {name: point[name] for name in (*BOUNDS, "p", "noise", "n_missing")}
    reason = None if point["n_pairs"] else "no value"
    return row | {
        "difference": point["mean"],
        "n": point["n_pairs"],
        "interval": point["over"] or None,
        "reason": reason,
    }


_SIDES = {"ours": "left_only", "theirs": "right_only"}


def _in_units(table: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """Give every row its unit, and shares in percent; what only the other run measures stays as it is."""
    scales = table["measure"].map(lambda name: measures[name]["scale"] if name in measures else "unknown")
    units = [
        {"share": "percent", "rating": "rating"}.get(scale) or measures.get(name, {}).get("unit", scale)
        for name, scale in zip(table["measure"], scales, strict=True)
    ]
    scaled = ["ours", "theirs", "difference", "noise", *BOUNDS]
    numbers = table.reindex(columns=[*table.columns, *(name for name in scaled if name not in table)])
    numbers[scaled] = numbers[scaled].astype("float64").mul(np.where(scales == "share", 100.0, 1.0), axis=0)
    return numbers.assign(unit=units)


def _with_conclusions(table: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from the numbers, and give the table its columns, types and order."""
    filled = table.reindex(columns=list(COMPARISON_DTYPES))
    counts = [name for name, dtype in COMPARISON_DTYPES.items() if dtype == "int64"]
    filled[counts] = filled[counts].fillna(0)
    filled = filled.assign(
        inside=_encloses_zero(filled["low"], filled["high"]),
        within_rounding=_within(filled["difference"], filled["half_unit"]),
    )
    return filled.astype(COMPARISON_DTYPES).reset_index(drop=True)


def _encloses_zero(low: pd.Series, high: pd.Series) -> pd.Series:
    low, high = low.astype("float64"), high.astype("float64")
    encloses = (low <= ROUNDING) & (high >= -ROUNDING)
    return encloses.astype("boolean").mask(low.isna() | high.isna())


def _within(difference: pd.Series, half_unit: pd.Series) -> pd.Series:
    difference, half_unit = difference.astype("float64"), half_unit.astype("float64")
    near = difference.abs() <= half_unit + ROUNDING
    return near.astype("boolean").mask(difference.isna() | half_unit.isna())
