"""The measures of a synthetic study, its values, and what the effects amount to in each measure's unit."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from personas.grid.value_columns import VALUE_DTYPES
from personas.stats.measures import CHECKPOINT, Measure, of_panel, of_utterances, placed
from personas.tables.values import cell_values, together
from tests.panels import benchmark_panels
from tests.synthetic.ratings import UTTERANCES, drawn_responses, metrics, tables
from tests.synthetic.study import BASELINE, BOUND, Effect, Study


def measures(study: Study) -> list[Measure]:
    """Return the measures, as the plan makes them for such a grid."""
    of_benchmarks = [
        of_panel(panel)
        for kind in study.items
        for panel in benchmark_panels(kind, kind, study.judge, ("dataset", "zero", "previous"))
    ]
    return placed([*(of_utterances(study.judge, UTTERANCES) if study.rounds else []), *of_benchmarks])


def values(study: Study) -> pd.DataFrame:
    """Return the values of all measures, through the ratings, without a file."""
    found = measures(study)
    return together(cell_values(table.to_pandas(), found) for _, table in tables(study))


def values_at_once(study: Study) -> pd.DataFrame:
    """Return the values of what judges and rules say of responses, as the mean of what was drawn, without ratings.

    Of wins those against the data set only. Equal to `values`, computed another way and much faster.
    """
    parts = []
    for measure in measures(study):
        if (
            measure["axis"] == CHECKPOINT
            and measure["metric"] != "words"
            and measure["reference"] in (None, "dataset")
        ):
            parts += list(_of_models(study, measure))
    return together(parts)


def _of_models(study: Study, measure: Measure) -> Iterator[pd.DataFrame]:
    benchmark = measure["benchmark"]
    speakers = study.bound_speakers if benchmark in BOUND else study.speakers
    [metric] = [
        m
        for m in metrics(study, benchmark)
        if (m.name, m.judge, m.reference) == tuple(measure[key] for key in ("metric", "judge", "reference"))
    ]
    for model in study.models:
        drawn = dict(drawn_responses(study, model, benchmark, metric))[measure["label"]]
        speaker, condition, at = (axis.ravel() for axis in np.indices(drawn.shape[:-1]))
        known = ~np.isnan(drawn)
        sums, n_known = np.where(known, drawn, 0.0).sum(axis=-1), known.sum(axis=-1)
        columns = {
            **{key: measure[key] for key in ("measure", "benchmark", "judge", "axis")},
            "model": model,
            "group": np.array([BASELINE if persona == BASELINE else "persona" for persona, _ in speakers])[speaker],
            "persona": np.array([r if p == BASELINE else p for p, r in speakers], dtype=object)[speaker],
            "condition": np.array(study.conditions)[condition],
            "order": study.orders[0],
            "replicate": 1,
            "position": np.array(study.checkpoints)[at],
            "value": np.divide(sums, n_known, out=np.full(sums.shape, np.nan), where=n_known > 0).ravel(),
            "n_scored": n_known.ravel(),
            "n_planned": drawn.shape[-1],
        }
        yield pd.DataFrame(columns)[list(VALUE_DTYPES)].astype(VALUE_DTYPES)


def planted(study: Study, measure: Measure) -> tuple[Effect, float]:
    """Return the effect on a measure, and by what its shares are multiplied in the measure's unit."""
    parts = (measure["benchmark"], measure["metric"], measure["judge"], measure["reference"], measure["label"])
    name = "/".join(filter(None, parts)) if measure["benchmark"] else measure["metric"]
    return study.effect(name), 4.0 if measure["scale"] == "rating" else 1.0
