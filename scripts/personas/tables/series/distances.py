"""BFI: how far a profile of five traits lies from a character's labels, and from the baseline's own profile.

A profile is the plain mean of a judge's ratings per trait. Nothing is reversed for items keyed negatively:
the judge rates the trait itself, not agreement with the item.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.benchmarks.bfi import FROM_BASELINE, FROM_LABELS, TRAITS
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.stats import checks
from personas.tables.table import ratings, table

SPAN = 4
"""From 1 to 5: distances are divided by it, and so lie between 0 and 1."""

_PLACE = ["judge", "model", "condition", "order", "replicate", "checkpoint", "benchmark"]
_CELL = [*_PLACE, "persona", "is_baseline"]


def distance(one: Sequence[float], other: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Return the mean absolute difference of two profiles, divided by 4; NaN if either lacks a trait.

    `weights` are those of the traits; None counts them alike.
    """
    apart = np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float))
    return float(np.average(apart, weights=weights)) / SPAN


def profiles(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each judge and cell: the mean of each trait (NaN without a verdict), and `n <trait>` items.

    `instead_of` is the persona in whose place the baseline answered, "" for answers of one's own.
    """
    traits = ratings[(ratings["metric"] == "trait") & ratings["judge"].notna()]
    checks.require_unique(traits, [*checks.ANSWER, "judge"], "bfi")
    columns = {"value": traits["value"].astype("float64"), "instead_of": traits["reference_persona"].fillna("")}
    values = traits.assign(**columns).groupby([*_CELL, "instead_of", "label"])["value"]
    means = values.mean().unstack("label").reindex(columns=list(TRAITS))
    items = values.size().unstack("label").reindex(columns=list(TRAITS)).fillna(0).add_prefix("n ")
    return pd.concat([means, items], axis=1).reset_index()


def distances(ratings: pd.DataFrame, labels: Mapping[str, Mapping[str, float]], weighting: str) -> pd.DataFrame:
    """Return one row per judge, cell and what it is compared with, shaped like a rating: `value` is the distance.

    `labels`: persona -> trait -> score. A persona with labels is compared with them, the baseline with those of each
    such persona in turn (`reference_persona`), and every persona with the baseline of the same model, condition,
    order, replicate and checkpoint. `weighting` of the latter: `traits` alike, or by their `items`, as in the study.
    """
    cells = profiles(ratings)
    baselines = {
        (*(cell[key] for key in _PLACE), cell["instead_of"]): cell
        for cell in cells.to_dict("records")
        if cell["is_baseline"]
    }
    rows = []
    for cell in cells.to_dict("records"):
        profile, place = [cell[trait] for trait in TRAITS], tuple(cell[key] for key in _PLACE)
        whose = cell["instead_of"] if cell["is_baseline"] else cell["persona"]
        for persona in {whose} & labels.keys() if whose else labels:
            far = distance(profile, [labels[persona][trait] for trait in TRAITS])
            rows.append(_row(cell, FROM_LABELS, far, persona if cell["is_baseline"] else None))
        baseline = baselines.get((*place, cell["persona"]), baselines.get((*place, "")))
        if baseline is not None and not cell["is_baseline"]:
            weights = [cell[f"n {trait}"] for trait in TRAITS] if weighting == "items" else None
            rows.append(_row(cell, FROM_BASELINE, distance(profile, [baseline[t] for t in TRAITS], weights), None))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"value": "float64"})


COLUMNS = [*_CELL, "reference_persona", "metric", "item_id", "label", "reference", "status", "value"]
"""Those of a rating that series need; `item_id` is always the same, since a distance is one number a cell."""


def _row(cell: Mapping[Any, Any], metric: str, value: float, persona: str | None) -> dict[str, object]:
    return {key: cell[key] for key in _CELL} | {
        "reference_persona": persona,
        "metric": metric,
        "item_id": "profile",
        "label": None,
        "reference": None,
        "status": "ok" if np.isfinite(value) else "incomplete",
        "value": value,
    }


def distances_of_judge(
    ratings: pd.DataFrame, *, benchmark: str, judge: str, weighting: str, frozen: FrozenPlan
) -> pd.DataFrame:
    """Return `distances` of the ratings of one judge, with the labels that the study of the job has."""
    by_role = frozen.study.labels.get(benchmark, {})
    labels = {slug: by_role[p.role] for slug, p in frozen.study.personas.items() if p.role in by_role}
    return distances(ratings[ratings["judge"] == judge], labels, weighting)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    study, config = grid.study, grid.study.config
    for name in (name for name in config.benchmarks if config.kind_of(name) == "bfi"):
        files = ratings(context, [name])
        pin = study.pins.labels.get(name)
        labels = pin if pin is not None else study.labels.get(name)
        for judge in (slug for slug in config.judges if name in config.judged_benchmarks(slug)):
            parameters = {"benchmark": name, "judge": judge, "weighting": config.benchmarks[name].weighting}
            yield Instance(
                f"{name}-distances-by-{judge}",
                {"ratings": files},
                parameters,
                identity=labels,
                reads_texts=labels is not None,
                title=f"Distance between profiles: {name}, judge {judge}",
            )


BFI_DISTANCES = table("bfi_distances", distances_of_judge, _instances, module=__name__, with_plan=True)
