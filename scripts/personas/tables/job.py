"""Make one series, or one table of statuses, from ratings or counts of patterns."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from personas.benchmarks.refusal import is_refusal
from personas.core.files import write_atomically
from personas.core.parquet import read_frame, write_frame
from personas.grid.asked import traits
from personas.grid.compared import unchanged
from personas.plan.frozen import FrozenPlan
from personas.stats.measures import measures_table
from personas.stats.panels import OVERVIEW, Panel, benchmark_panels
from personas.tables.agreement import agreement_of_files
from personas.tables.averages import averages
from personas.tables.by_model import by_model
from personas.tables.calibration import calibration
from personas.tables.compared import comparison_table
from personas.tables.contrasts import contrasts
from personas.tables.distances import distance_panels, distances
from personas.tables.insights import INSIGHTS
from personas.tables.mixed_models import mixed_models
from personas.tables.pattern_units import pattern_numbers, pattern_units
from personas.tables.patterns import pattern_series
from personas.tables.rated import sets_of
from personas.tables.rounds import series_by_round
from personas.tables.series import series_by_checkpoint, series_of_files
from personas.tables.statuses import answer_status_shares, shares_of_files, status_shares
from personas.tables.tokens import token_averages
from personas.tables.values import values_of_files

logger = logging.getLogger(__name__)
Spec = Mapping[str, Any]


def summarise(frozen: FrozenPlan, output: str) -> None:
    """Write the table of the artefact `output`, as Parquet and as CSV."""
    artefact = frozen.artefact(output)
    kind, paths = artefact.spec["kind"], [frozen.results / path for path in artefact.inputs]
    if kind in INSIGHTS:
        table = INSIGHTS[kind](frozen, artefact)
    else:
        table = (_compared if kind == "comparison" else _made)(frozen, paths, artefact.spec)
    parquet, csv = (frozen.results / path for path in artefact.outputs)
    write_atomically(csv, partial(table.to_csv, index=False))
    write_frame(parquet, table)


def _compared(frozen: FrozenPlan, paths: Sequence[Path], spec: Spec) -> pd.DataFrame:
    """Compare with files that are not of this run, or with the release; BFI items tell its traits."""
    study, other = frozen.study, list[Path]()
    if spec["content"] is not None:
        other = unchanged(study.config, spec["slug"], study.root, spec["content"])
    if spec["with"] == "released":
        study.require_texts()
    return comparison_table(spec, paths, other, traits(study) if spec["with"] == "released" else {})


def _made(frozen: FrozenPlan, paths: Sequence[Path], spec: Spec) -> pd.DataFrame:
    if spec["kind"] in FROM_FILES:
        return FROM_FILES[spec["kind"]](paths, spec)
    if spec["kind"] == "calibration":
        return _calibration(frozen, paths, spec)
    read = _together(paths)
    if spec["kind"] in WITH_STUDY:
        return WITH_STUDY[spec["kind"]](frozen, read, spec)
    return TABLES[spec["kind"]](read, spec)


def _together(paths: Sequence[Path]) -> pd.DataFrame:
    parts = [read_frame(path) for path in paths]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _bootstrap(spec: Spec) -> dict[str, Any]:
    return {"resamples": spec["resamples"], "seed": spec["seed"]}


def _benchmark(paths: Sequence[Path], spec: Spec) -> pd.DataFrame:
    panels = benchmark_panels(
        spec["benchmark"], spec["kind_of"], spec["judge"], tuple(spec["references"]), spec["both_orders"]
    )
    return series_of_files(paths, panels, **_bootstrap(spec))


def _calibration(frozen: FrozenPlan, paths: Sequence[Path], spec: Spec) -> pd.DataFrame:
    """Compare raters with each other, and with labels that people gave, which the study of the job has.

    The last files are judges' ratings of published answers, one for each set of labels that the spec names so; there
    may be no other.
    """
    frozen.study.require_texts()
    sets = spec.get("completions", [])
    last = len(paths) - len(sets)
    beside = {slug: read_frame(path) for slug, path in zip(sets, paths[last:], strict=True)}
    labels = {slug: [asdict(label) for label in given] for slug, given in frozen.study.human.items()}
    ratings, apart = _together(paths[:last]), [tuple(pair) for pair in spec.get("apart", [])]
    if len(ratings):  # answers of yes and no are none of the points that people give
        ratings = ratings[~pd.MultiIndex.from_frame(ratings[["judge", "metric"]]).isin(apart)]
    rows, unmatched = sets_of(ratings, labels, is_refusal, beside)
    for slug, count in unmatched.items():
        if count:
            logger.warning("labels %s: %d of %d are of texts that nobody rated", slug, count, len(labels[slug]))
    return calibration(rows, unmatched, **_bootstrap(spec))


def _distances(frozen: FrozenPlan, ratings: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Compare with labels, which are third-party texts: the plan names them, and the study of the job has them."""
    study = frozen.study
    study.require_texts()
    by_role = study.labels.get(spec["benchmark"], {})
    labels = {slug: by_role[p.role] for slug, p in study.personas.items() if p.role in by_role}
    return distances(ratings[ratings["judge"] == spec["judge"]], labels, spec["weighting"])


def _distance_series(rows: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    return series_by_checkpoint(rows, _distance_panels(spec), **_bootstrap(spec))


def _distance_panels(spec: Spec) -> tuple[Panel, ...]:
    return distance_panels(spec["benchmark"], spec["judge"], spec["label_set"], spec["has_labels"])


def _mixed_models(paths: Sequence[Path], spec: Spec) -> pd.DataFrame:
    """Fit the values, which come first, and the counts of patterns, which may be none."""
    counts = [read_frame(path) for path in paths[1:]]
    together = pd.concat(counts, ignore_index=True) if counts else None
    return mixed_models(read_frame(paths[0]), together, spec["models"], study=spec["study"])


FROM_FILES: Mapping[str, Callable[[Sequence[Path], Spec], pd.DataFrame]] = {
    "overview": lambda paths, spec: series_of_files(paths, OVERVIEW, **_bootstrap(spec)),
    "benchmark": _benchmark,
    "agreement": lambda paths, spec: agreement_of_files(paths, spec["judge"]),
    "status": lambda paths, spec: shares_of_files(status_shares, paths),
    "answer-status": lambda paths, spec: shares_of_files(answer_status_shares, paths),
    "values": lambda paths, spec: values_of_files(paths, spec["measures"]),
    "mixed-models": _mixed_models,
    "measures": lambda paths, spec: measures_table(spec["measures"]),
}
"""Kinds of tables that read their inputs in parts, or several of unlike form."""

WITH_STUDY: Mapping[str, Callable[[FrozenPlan, pd.DataFrame, Spec], pd.DataFrame]] = {
    "distances": _distances,
}
"""Kinds of tables that need texts of the study besides what was read."""

TABLES: Mapping[str, Callable[[pd.DataFrame, Spec], pd.DataFrame]] = {
    "by-round": lambda ratings, spec: series_by_round(ratings, spec["checkpoints"], **_bootstrap(spec)),
    "patterns": lambda counts, spec: pattern_series(counts, **_bootstrap(spec)),
    "averages": lambda values, spec: averages(values, **_bootstrap(spec)),
    "token-averages": lambda lengths, spec: token_averages(lengths, **_bootstrap(spec)),
    "pattern-units": lambda counts, spec: pattern_units(counts, **_bootstrap(spec)),
    "pattern-numbers": lambda counts, spec: pattern_numbers(counts, **_bootstrap(spec)),
    "distance": _distance_series,
    "contrasts": lambda values, spec: contrasts(values, spec["conditions"], **_bootstrap(spec)),
    "by-model": lambda values, spec: by_model(values, spec["conditions"], study=spec["study"], **_bootstrap(spec)),
}
"""Kind of table -> how it is made from what was read."""
