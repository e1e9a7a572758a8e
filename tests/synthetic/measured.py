"""The measures of a synthetic study, its values, and what the effects amount to in each measure's unit."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from personas.grid.value_columns import VALUE_DTYPES
from personas.stats.measures import CHECKPOINT, Measure, of_panel, of_utterances, with_places
from personas.tables.items.variances import VARIANCE_DTYPES, Cube, of_cube
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
    return with_places([*(of_utterances(study.judge, UTTERANCES) if study.rounds else []), *of_benchmarks])


def values(study: Study) -> pd.DataFrame:
    """Return the values of all measures, through the ratings, without a file."""
    found = measures(study)
    return together(cell_values(table.to_pandas(), found) for _, table in tables(study))


def values_at_once(study: Study) -> pd.DataFrame:
    """Return the values of what judges and rules say of responses, as the mean of what was drawn, without ratings.

    Of wins those against the data set only. Equal to `values`, computed another way and much faster.
    """
    return together(part for measure in _shown(study) for part in _of_models(study, measure))


def variances_at_once(study: Study) -> pd.DataFrame:
    """Return what items add to every mean of what judges and rules say of responses (`tables.items.variances`)."""
    rows = [row for measure in _shown(study) for row in of_cube(_cube(study, measure), str(measure["measure"]))]
    return pd.DataFrame(rows, columns=list(VARIANCE_DTYPES)).astype(VARIANCE_DTYPES)


def _cube(study: Study, measure: Measure) -> Cube:
    """Return what was drawn of a measure, as arrays; speakers are personas and then the baseline, once or as each."""
    drawn = np.array([_drawn_of(study, measure, model) for model in study.models])
    own, baseline = np.split(drawn, [len(study.personas)], axis=1)
    return Cube(study.models, study.personas, study.conditions, study.checkpoints, own, baseline)


def _drawn_of(study: Study, measure: Measure, model: str) -> np.ndarray:
    """Return what a model's speakers got: speakers x conditions x checkpoints x items."""
    asked = tuple(measure[key] for key in ("metric", "judge", "reference"))
    [metric] = [m for m in metrics(study, measure["benchmark"]) if (m.name, m.judge, m.reference) == asked]
    return dict(drawn_responses(study, model, measure["benchmark"], metric))[measure["label"]]


def _shown(study: Study) -> Iterator[Measure]:
    """Yield the measures of responses, of wins those against the data set only."""
    for measure in measures(study):
        of_responses = measure["axis"] == CHECKPOINT and measure["metric"] != "words"
        if of_responses and measure["reference"] in (None, "dataset"):
            yield measure


def _of_models(study: Study, measure: Measure) -> Iterator[pd.DataFrame]:
    benchmark = measure["benchmark"]
    speakers = study.bound_speakers if benchmark in BOUND else study.speakers
    for model in study.models:
        drawn = _drawn_of(study, measure, model)
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
