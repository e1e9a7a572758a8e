"""The calibration of judges: the table of how far judges, rules and people agree on the same texts."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from personas.benchmarks.human import read_labels
from personas.benchmarks.refusals.rules import is_refusal
from personas.config.judges import METRICS
from personas.config.kinds import UTTERANCES, kinds
from personas.core.canonical import sha256
from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.tables.judges.calibration import calibration
from personas.tables.judges.rater_rows import JUDGES, READ, sets_of
from personas.tables.latex import Column
from personas.tables.table import Layout, bootstrap, table, texts

logger = logging.getLogger(__name__)
_BESIDE = "beside "


def calibration_of_files(
    ratings: Sequence[Path],
    *,
    sets: Sequence[str],
    apart: Sequence[Sequence[str]],
    resamples: int,
    seed: int,
    frozen: FrozenPlan,
    **beside: Sequence[Path],
) -> pd.DataFrame:
    """Compare raters with each other, and with labels that people gave, which the study of the job has.

    `beside` are judges' ratings of published answers, by `beside ` and the slug of their labels; `sets` is every set.
    `apart`: judges and metrics whose answers are yes or no, none of the points that people give.
    """
    labels = {slug: [asdict(label) for label in entries] for slug, entries in frozen.study.human.items()}
    pairs = [tuple(pair) for pair in apart]
    tables = (_without(read_frame(path, columns=READ), pairs) for path in ratings)
    outside = {name.removeprefix(_BESIDE): read_frame(path) for name, [path] in beside.items()}
    rows, unmatched = sets_of(tables, labels, is_refusal, outside)
    for slug, count in unmatched.items():
        if count:
            logger.warning("labels %s: %d of %d are of texts that nobody rated", slug, count, len(labels[slug]))
    return calibration(rows, unmatched, resamples=resamples, seed=seed)


def _without(ratings: pd.DataFrame, pairs: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    """Leave out the ratings of some metrics by some judges."""
    return ratings[~pd.MultiIndex.from_frame(ratings[["judge", "metric"]]).isin(pairs)]


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    study, section = grid.study, grid.study.config.calibration
    sets = [*([JUDGES] if _several_raters(grid) else []), *section.labels] if section else []
    if not sets:
        return
    labels = {slug: _labels(grid, slug) for slug in study.human}
    kind_names = {UTTERANCES, *(name for name, kind in kinds().items() if kind.judged)}
    files = {"ratings": [a.outputs[0] for a in context.family("ratings") if a.spec["kind"] in kind_names]}
    files |= {
        _BESIDE + artefact.spec["labels"]: list(artefact.outputs) for artefact in context.family("completion_ratings")
    }
    apart = [[judge, metric] for judge, metrics in study.yes_no().items() for metric in metrics]
    yield Instance(
        "calibration",
        files,
        {"sets": sets, "apart": apart, **bootstrap(grid)},
        identity=labels or None,
        code=(read_labels,) if labels else (),
        reads_texts=bool(labels),
    )


def _several_raters(grid: Grid) -> bool:
    """Tell whether any two of judges and rules rate the same: rules rate refusals only."""
    config = grid.study.config
    by_judge = [
        {*_points(grid, slug), *map(config.kind_of, config.judged_benchmarks(slug))} for slug in config.judges
    ]
    all_kinds = [kind for kinds in [*by_judge, {"xstest"}] for kind in kinds]
    return any(all_kinds.count(kind) > 1 for kind in all_kinds)


def _points(grid: Grid, judge: str) -> list[str]:
    """Return the metrics of utterances that people are asked for too: the study's, from 1 to 5."""
    metrics, yes_no = grid.study.config.judges[judge].utterances, grid.study.yes_no()[judge]
    return [metric for metric in metrics if metric in METRICS and metric not in yes_no]


def _labels(grid: Grid, slug: str) -> Any:
    """What identifies labels: pins of third-party files, or what stands in those of one's own."""
    pins = grid.study.pins.human.get(slug)
    if pins is not None:
        section = grid.study.config.human[slug]
        extra = [grid.study.config.conversations] if section.format == "study" else []
        return [section.format, [dict(pin) for pin in pins], *extra]
    return sha256([{k: v for k, v in asdict(label).items() if k != "where"} for label in grid.study.human[slug]])


CALIBRATION = table(
    "calibration",
    calibration_of_files,
    _instances,
    module=__name__,
    title="Agreement of judges, rules and people",
    from_files=True,
    with_plan=True,
    layout=Layout(
        (
            *texts("set", "metric", "model", "rater_a", "rater_b"),
            Column("Kappa", "kappa", ("kappa_low", "kappa_high")),
            Column("Equal", "agreement", ("agreement_low", "agreement_high")),
            *texts("n"),
        ),
        "Agreement of raters on the same texts: Cohen's kappa, share of equal values.",
        {"n": "texts"},
        "In brackets: 95 % percentile bootstrap interval over clusters of texts.",
    ),
)
