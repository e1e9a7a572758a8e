"""What is measured: every panel of every figure, and the utterances' ratings, under one name each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.benchmarks.panel import FIDELITY, Panel

YES_SHARE = "answers with a yes (%)"
"""Unit of a metric of utterances that is answered with yes or no."""

CHECKPOINT, ROUND = "checkpoint", "round"
"""Values of `axis`: what a position counts. A checkpoint is rounds before an item; a round is counted from 1."""

MEASURE_DTYPES = {
    "measure": "str",
    "title": "str",
    "unit": "str",
    "scale": "str",
    "better": "str",
    "benchmark": "str",
    "judge": "str",
    "axis": "str",
    "place": "int64",
}

Measure = Mapping[str, Any]
"""The columns above; how its ratings are found: `metric`, `label`, `reference` as in a panel, and `of`, the metrics
of which it is the mean (null: of itself); where it is shown: `section`, `main`, `figure`, as in a panel. Plain JSON
types, because it stands in the spec of tables."""


def of_panel(panel: Panel) -> Measure:
    """Return the measure of a panel by checkpoint."""
    return {
        "measure": panel.slug,
        "title": panel.title,
        "unit": panel.unit,
        "scale": panel.scale,
        "better": panel.better,
        "benchmark": panel.benchmark,
        "judge": panel.judge,
        "axis": CHECKPOINT,
        "metric": panel.metric,
        "label": panel.label,
        "reference": panel.reference,
        "of": None,
        "section": panel.section,
        "main": panel.main,
        "figure": panel.figure,
    }


def of_utterances(judge: str, metrics: Sequence[str], yes_no: Collection[str] = ()) -> list[Measure]:
    """Return the measures of a judge's ratings of utterances: their mean in each round, and each metric.

    Those in `yes_no` are shares, of which nobody can say which direction is better, and no part of the mean.
    """
    rated = [metric for metric in metrics if metric not in yes_no]
    panels = [(_utterance_panel("utterances", "Dialogue metrics", judge), rated)] if rated else []
    each = [of_rubric(metric, judge, metric in yes_no) for metric in metrics]
    return [{**of_panel(panel), "axis": ROUND, "of": of} for panel, of in [*panels, *((p, None) for p in each)]]


def of_rubric(rubric: str, judge: str, is_yes_no: bool) -> Panel:
    """Return what a judge's ratings of one answer by a rubric are: of a round, or of a response to open questions."""
    return _yes_no_panel(rubric, judge) if is_yes_no else _utterance_panel(rubric, rubric.capitalize(), judge)


def _utterance_panel(metric: str, title: str, judge: str) -> Panel:
    return Panel(
        f"{metric}-by-{judge}",
        title,
        "rating (1 to 5)",
        metric,
        judge=judge,
        better="higher",
        scale="rating",
        section=FIDELITY,
    )


def _yes_no_panel(metric: str, judge: str) -> Panel:
    return Panel(f"{metric}-by-{judge}", metric.capitalize(), YES_SHARE, metric, judge=judge, section=FIDELITY)


def with_places(measures: Iterable[Measure]) -> list[Measure]:
    """Return each measure once, with its `place` from 0 on; two panels of one slug are the same (rules, words)."""
    unique = {measure["measure"]: measure for measure in measures}
    return [{**measure, "place": place} for place, measure in enumerate(unique.values())]


def measures_table(measures: Sequence[Measure]) -> pd.DataFrame:
    """Return the measures as a table with the columns `MEASURE_DTYPES`, in their order."""
    return pd.DataFrame(list(measures), columns=list(MEASURE_DTYPES)).astype(MEASURE_DTYPES)
