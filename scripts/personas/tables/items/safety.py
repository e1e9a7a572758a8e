"""Refusals by type and by focus of the prompt: how often at first and at last, and what changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.stats.intervals import UNITS, estimate
from personas.stats.items import of_cells, of_items, over_items
from personas.tables import reading
from personas.tables.items.changes import Measure, instance_of_items, item_changes, values_by_measure
from personas.tables.latex import Column
from personas.tables.measures import refusals_of
from personas.tables.table import INTERVAL, Layout, generalisation, table, texts

FIRST, LAST = "first", "last"
"""Values of `quantity` beside the contrasts of `personas.tables.items.changes`: the rate itself at that
checkpoint."""

SAFETY_DTYPES = {
    "benchmark": "str",
    "judge": "str",
    "label": "str",
    "type": "str",
    "focus": "str",
    "quantity": "str",
    "condition": "str",
    "group": "str",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "n_items": "int64",
    "n_pairs": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}
_ROW = ["quantity", "condition", "group"]


def safety(
    by_measure: Iterable[tuple[Measure, pd.DataFrame]],
    about: Mapping[str, Mapping[str, Mapping[str, Any]]],
    by: str,
    conditions: Sequence[str],
    *,
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return refusal rates (0..1) and their differences by `by` ("type" or "focus"); columns `SAFETY_DTYPES`.

    `by_measure` are measures of refusal, one per benchmark, label and rater, each with its `item_values`; `about`
    maps benchmark and item to `type` and `focus`. Items are grouped by their id; by focus, an item without one is
    kept under its type (then `focus` is null, and otherwise `type` is). `quantity` is "first" or "last" (rate at that
    checkpoint, of personas and of the baseline) or a contrast of `item_changes`, in which only items with both values
    count. A (model, persona) pair's value is the mean over its items; mean, low and high run over the pairs, of the
    baseline over models, and over items (`personas.stats.intervals`). `n_missing` counts pairs without a value,
    `n_scored` of `n_planned` the items of all pairs that have one.
    """
    parts = [
        _of_measure(values, measure, about[measure["benchmark"]], by, conditions, generalise)
        for measure, values in by_measure
        if len(values)
    ]
    nonempty = [part for part in parts if len(part)]
    table = pd.concat(nonempty, ignore_index=True) if nonempty else pd.DataFrame(columns=list(SAFETY_DTYPES))
    return table[list(SAFETY_DTYPES)].astype(SAFETY_DTYPES)


def _of_measure(
    values: pd.DataFrame,
    measure: Measure,
    about: Mapping[str, Mapping[str, Any]],
    by: str,
    conditions: Sequence[str],
    generalise: Collection[str],
) -> pd.DataFrame:
    changes = item_changes(values, conditions).rename(columns={"contrast": "quantity", "change": "value"})
    rows = pd.concat([*_levels(values), changes.assign(group="persona")], ignore_index=True)
    rows = rows.merge(_groups(about, by), on="item_id", how="left", validate="many_to_one")
    points = [
        {**dict(zip([*_ROW, "type", "focus"], key, strict=True)), **_point(part, generalise)}
        for key, part in rows.groupby([*_ROW, "type", "focus"], sort=True, dropna=False)
    ]
    columns = {key: measure[key] for key in ("benchmark", "judge", "label")}
    return pd.DataFrame(points).assign(**columns)


def _levels(values: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the values at the first checkpoint and, where it is another, at the last."""
    ends = {FIRST: values["checkpoint"].min(), LAST: values["checkpoint"].max()}
    for name, at in ends.items():
        if name == FIRST or at > ends[FIRST]:
            yield values[values["checkpoint"] == at].assign(quantity=name)


def _groups(about: Mapping[str, Mapping[str, Any]], by: str) -> pd.DataFrame:
    """Return type and focus that each item is grouped under: one of the two, the other is null."""
    rows = []
    for item, facts in about.items():
        focus = facts["focus"] if by == "focus" and facts["focus"] else None
        rows.append({"item_id": item, "type": None if focus else facts["type"], "focus": focus})
    return pd.DataFrame(rows, columns=["item_id", "type", "focus"])


def _point(rows: pd.DataFrame, generalise: Collection[str]) -> dict[str, Any]:
    cube = of_cells(rows)
    means, share = over_items(cube), rows["quantity"].iat[0] in (FIRST, LAST)
    result = estimate(means, generalise=generalise, items=of_items(cube), share=share)
    n_pairs = len(rows.drop_duplicates(["model", "persona"]))
    return {
        "mean": result.mean,
        "low": result.low,
        "high": result.high,
        "over": result.over,
        "n_items": rows["item_id"].nunique(),
        "n_pairs": result.n,
        "n_missing": n_pairs - result.n,
        "n_scored": int(rows["value"].count()),
        "n_planned": len(rows),
    }


def safety_of_files(
    ratings: Sequence[Path],
    *,
    measures: Sequence[Measure],
    ends: Sequence[int],
    conditions: Sequence[str],
    by: str,
    generalise: Collection[str],
    frozen: FrozenPlan,
) -> pd.DataFrame:
    """Return `safety` of files of ratings, at the first and the last checkpoint (`ends`)."""
    about = reading.about_items(frozen, dict.fromkeys(measure["benchmark"] for measure in measures))
    by_measure = values_by_measure(ratings, measures, ends)
    return safety(by_measure, about, by, conditions, generalise=generalise)


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(scale="share")


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if refusals := refusals_of(grid):
        for by in ("type", "focus"):
            yield instance_of_items(f"safety-by-{by}", grid, context, refusals, {"by": by, **generalisation(grid)})


SAFETY = table(
    "safety",
    safety_of_files,
    _instances,
    module=__name__,
    from_files=True,
    with_plan=True,
    layout=Layout(
        (
            *texts("label", "type", "focus", "judge", "quantity", "condition", "group"),
            Column("Refusals", "mean", ("low", "high"), percent=True),
            *texts("n_items", "n_pairs", "n_missing"),
        ),
        "Refusals (percent) and their differences (percentage points) by prompt.",
        {"n_pairs": "pairs (model, persona)"},
        INTERVAL,
        _shares,
    ),
)
