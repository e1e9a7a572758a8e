"""What happened to each item of a benchmark: its values, and how much they changed, pair by pair."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from personas.benchmarks.panel import Panel
from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.grid.question_sets import scoring_identity
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.stats.cells import stood_for
from personas.stats.checks import ANSWER
from personas.stats.selection import select
from personas.tables import reading
from personas.tables.measures import placeless_measures
from personas.tables.table import ratings, table

Measure = Mapping[str, Any]
"""One measure as the tables' specs carry it (`personas.stats.measures`)."""

LENGTH, PERSONALIZATION, CONDITION = "length", "personalization", "condition"
"""Values of `contrast`: last minus first checkpoint; persona minus baseline at the first; one condition minus another
at the last."""

CHANGE_DTYPES = {
    "contrast": "str",
    "condition": "str",
    "model": "str",
    "persona": "str",
    "item_id": "str",
    "change": "float64",
}
_READ = [*ANSWER, "is_baseline", "metric", "label", "judge", "reference", "value"]
_PAIR = ["model", "persona"]
_VALUE = ["group", "model", "persona", "condition", "checkpoint", "item_id"]


def item_values(ratings: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Return columns group, model, persona, condition, checkpoint, item_id, value: one row per item and cell.

    `value` is the mean over orders and replicates, in the measure's unit; NaN where none of them has one. `persona`
    is, for the baseline, the persona whose items it answered, and null where they belong to nobody.
    """
    keys = ("benchmark", "label", "judge", "reference")
    panel = Panel(measure["measure"], "", "", measure["metric"], **{key: measure[key] for key in keys})
    return by_item(select(ratings[ratings["checkpoint"].notna()], panel))


def by_item(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `item_values` of the ratings of one panel (`personas.stats.selection`)."""
    persona = stood_for(rows).mask(rows["is_baseline"].astype(bool) & rows["reference_persona"].isna())
    cells = rows.assign(persona=persona, checkpoint=rows["checkpoint"].astype("int64"))
    return cells.groupby(_VALUE, sort=True, dropna=False)["value"].mean().reset_index()


def values_by_measure(
    paths: Iterable[Path], measures: Sequence[Measure], checkpoints: Sequence[int]
) -> list[tuple[Measure, pd.DataFrame]]:
    """Return the `item_values` of each measure that has any, at some checkpoints, from tables of ratings.

    Read file by file and reduced to items before the next is opened; a file is of one benchmark.
    """
    by_measure: dict[str, list[pd.DataFrame]] = {measure["measure"]: [] for measure in measures}
    for path in paths:
        ratings = read_frame(path, columns=_READ, filters=[("checkpoint", "in", sorted(set(checkpoints)))])
        there = set(ratings["benchmark"].dropna())
        for measure in (m for m in measures if m["benchmark"] in there):
            by_measure[measure["measure"]].append(item_values(ratings, measure))
    by_slug = {measure["measure"]: measure for measure in measures}
    return [(by_slug[slug], pd.concat(parts, ignore_index=True)) for slug, parts in by_measure.items() if parts]


def item_changes(values: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return how every item changed in every (model, persona) pair, one row for each contrast.

    `values` are `item_values`. Of the personas: "length" is last minus first checkpoint, in each condition;
    "condition" is one condition minus a later one of `conditions` at the last checkpoint, `condition` being
    `<a>-<b>`; "personalization" is persona minus baseline of the same model at the first checkpoint, averaged over
    conditions before (`condition` null). `change` is NaN where a side has no value. A contrast that the grid lacks
    has no rows.
    """
    parts = [part for part in _contrasts(values, conditions) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(CHANGE_DTYPES))
    return table[list(CHANGE_DTYPES)].astype(CHANGE_DTYPES)


def _contrasts(values: pd.DataFrame, conditions: Sequence[str]) -> Iterator[pd.DataFrame]:
    if values.empty:
        return
    first, last = values["checkpoint"].min(), values["checkpoint"].max()
    own, baseline = (values[values["group"] == group] for group in ("persona", "baseline"))
    early, late = (own[own["checkpoint"] == t] for t in (first, last))
    if first < last:
        yield _minus(late, early, [*_PAIR, "condition", "item_id"], LENGTH)
    for one, other in combinations([c for c in conditions if c in set(own["condition"])], 2):
        left, right = (late[late["condition"] == condition] for condition in (one, other))
        yield _minus(left, right, [*_PAIR, "item_id"], CONDITION).assign(condition=f"{one}-{other}")
    there = baseline[baseline["checkpoint"] == first]
    if len(there) and len(early):
        yield _over_baseline(early, there)


def _over_baseline(personas: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Pair each persona with the baseline of its model: by persona where the items belong to personas."""
    by = ["model", "item_id"] if baseline["persona"].isna().all() else [*_PAIR, "item_id"]
    key = [*_PAIR, "item_id"]
    mean = personas.groupby(key, sort=True)["value"].mean().reset_index()
    other = baseline.groupby(by, sort=True)["value"].mean().reset_index()
    return _minus(mean, other, by, PERSONALIZATION, "many_to_one").assign(condition=None)


def _minus(
    one: pd.DataFrame, other: pd.DataFrame, by: Sequence[str], contrast: str, validate: Any = "one_to_one"
) -> pd.DataFrame:
    """Subtract by key; what stands on the left side only keeps its row, without a value."""
    both = one.merge(other[[*by, "value"]], on=list(by), how="left", suffixes=("", "_other"), validate=validate)
    return both.assign(contrast=contrast, change=both["value"] - both["value_other"])


def changed_items(
    changes: Iterable[tuple[Measure, pd.DataFrame]], about: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> pd.DataFrame:
    """Return the mean change of each item over (model, persona) pairs; columns `ITEM_DTYPES`.

    `changes` are pairs of a measure and its `item_changes`; `about` maps benchmark and item to `label`, `type`,
    `focus` (null where the benchmark has none) and `prompt`. `n` counts pairs with a change, `n_missing` those
    without. Sorted by measure (as given), contrast and condition, the largest changes first.
    """
    parts = [_of_measure(measure, rows, about[measure["benchmark"]]) for measure, rows in changes if len(rows)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(ITEM_DTYPES))
    return table[list(ITEM_DTYPES)].astype(ITEM_DTYPES)


ITEM_DTYPES = {
    "benchmark": "str",
    "measure": "str",
    "contrast": "str",
    "condition": "str",
    "item_id": "str",
    "label": "str",
    "type": "str",
    "focus": "str",
    "change": "float64",
    "n": "int64",
    "n_missing": "int64",
    "prompt": "str",
}


def _of_measure(measure: Measure, rows: pd.DataFrame, about: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    groups = rows.groupby(["contrast", "condition", "item_id"], sort=True, dropna=False)["change"]
    table = groups.agg(change="mean", n="count", planned="size").reset_index()
    facts = pd.DataFrame([about[item] for item in table["item_id"]], columns=["label", "type", "focus", "prompt"])
    table = table.assign(
        benchmark=measure["benchmark"], measure=measure["measure"], n_missing=table["planned"] - table["n"]
    )
    table = pd.concat([table, facts.set_index(table.index)], axis=1)
    return table.assign(size=table["change"].abs()).sort_values(
        ["contrast", "condition", "size", "item_id"], ascending=[True, True, False, True], ignore_index=True
    )


def changes_of_files(
    ratings: Sequence[Path],
    *,
    measures: Sequence[Measure],
    ends: Sequence[int],
    conditions: Sequence[str],
    frozen: FrozenPlan,
) -> pd.DataFrame:
    """Return `changed_items` of files of ratings, between the first and the last checkpoint (`ends`)."""
    about = reading.about_items(frozen, dict.fromkeys(measure["benchmark"] for measure in measures))
    by_measure = values_by_measure(ratings, measures, ends)
    return changed_items(((measure, item_changes(values, conditions)) for measure, values in by_measure), about)


def instance_of_items(
    name: str, grid: Grid, context: Context, measures: Sequence[Measure], more: Mapping[str, Any] | None = None
) -> Instance:
    """Return a table of items: it is told which measures and which ends, and its name holds the items' texts."""
    names, checkpoints = dict.fromkeys(m["benchmark"] for m in measures), grid.study.config.checkpoints
    parameters = {"measures": measures, "ends": [checkpoints[0], checkpoints[-1]], **(more or {})}
    parameters["conditions"] = list(grid.study.config.conditions)
    files = {"ratings": ratings(context, names)}
    texts = {benchmark: scoring_identity(grid.study, benchmark, prompts=True) for benchmark in names}
    return Instance(name, files, parameters, identity=texts, reads_texts=True)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if shares := [m for m in placeless_measures(grid) if m["scale"] == "share" and m["benchmark"] is not None]:
        yield instance_of_items("changed-items", grid, context, shares)


CHANGED_ITEMS = table(
    "changed_items",
    changes_of_files,
    _instances,
    module=__name__,
    title="Items that changed",
    from_files=True,
    with_plan=True,
)
