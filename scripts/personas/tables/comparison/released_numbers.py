"""The tables that a release holds, as published numbers: what our pipeline must find in the same texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.grid.published_numbers import PUBLISHED_DTYPES

EXACT = 1e-6
"""Half a unit of the last digit of numbers that are written in full, in percent or ratings."""

BASELINE = "baseline"
# Also in personas.config.personas, which tables do not depend on; a test compares the two.


def numbers_of_release(
    tables: Mapping[str, pd.DataFrame],
    benchmarks: Mapping[str, str],
    judges: Sequence[str],
    traits: Mapping[str, str],
) -> pd.DataFrame:
    """Return the tables of a release as published numbers.

    `tables` are as `personas.exports.release.summaries` makes them: `ifbench`, `bfi-ratings`, `round-lengths`, and
    `patterns-of-release`. `benchmarks` are kinds by slug, `judges` those whose verdicts are of the release, `traits`
    those of BFI items by id. The release does not say whether its accuracies are strict or loose, so both of ours
    stand beside each.
    """
    kinds = {kind: slug for slug, kind in benchmarks.items()}
    parts = [
        *_accuracies(tables.get("ifbench"), kinds.get("ifbench")),
        *_profiles(tables.get("bfi-ratings"), kinds.get("bfi"), judges, traits),
        *_lengths(tables.get("round-lengths")),
        *_patterns(tables.get("patterns-of-release")),
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return table.reindex(columns=list(PUBLISHED_DTYPES)).astype(PUBLISHED_DTYPES)


def _accuracies(table: pd.DataFrame | None, slug: str | None) -> Iterator[pd.DataFrame]:
    if table is None or slug is None:
        return
    for how in ("loose", "strict"):
        columns = {"measure": f"{slug}-{how}-by-rules", "value": 100 * table["accuracy"], "half_unit": EXACT}
        yield _with_place(table, "ifbench", "value", "checkpoint", unit="percent", **columns)


def _profiles(
    table: pd.DataFrame | None, slug: str | None, judges: Sequence[str], traits: Mapping[str, str]
) -> Iterator[pd.DataFrame]:
    """Yield the means of the items of each trait."""
    if table is None or slug is None:
        return
    ratings = table.assign(trait=table["item_id"].map(traits))
    means = ratings.groupby(["model", "persona", "condition", "checkpoint", "trait"], sort=True)["rating"].mean()
    profiles = means.reset_index()
    for judge in judges:
        measure = [f"{slug}-{trait.lower()}-by-{judge}" for trait in profiles["trait"]]
        columns = {"measure": measure, "value": profiles["rating"], "half_unit": EXACT}
        yield _with_place(profiles, "bfi-ratings", "value", "checkpoint", unit="rating", **columns)


def _lengths(table: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    if table is not None:
        columns = {"measure": "tokens", "value": table["tokens"], "half_unit": 0.0}
        yield _with_place(table, "round-lengths", "length", "round", unit="tokens", **columns)


def _patterns(table: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    if table is None:
        return
    place = ["model", "persona", "condition", "benchmark", "mined_at", "pattern_group"]
    counts = table.groupby(place, sort=True).size().rename("value").reset_index()
    columns = {"measure": counts["benchmark"], "value": counts["value"], "half_unit": 0.0}
    numbers = _with_place(counts, "patterns", "patterns", "mined_at", unit="patterns", **columns)
    yield numbers.assign(group=counts["pattern_group"], personas=counts["persona"], axis="checkpoint")


def _with_place(table: pd.DataFrame, source: str, quantity: str, position: str, **columns: Any) -> pd.DataFrame:
    """Return numbers of the models, personas and conditions of a released table."""
    of_baseline = table["persona"] == BASELINE
    axis, place = ("round", "rounds") if position == "round" else ("checkpoint", position)
    rows = table[["condition"]].assign(
        source=f"release: {source}",
        quantity=quantity,
        models=table["model"],
        group=of_baseline.map({True: "baseline", False: "persona"}),
        personas=table["persona"].mask(of_baseline),
        axis=axis,
        position=table[place],
    )
    return rows.assign(**columns)
