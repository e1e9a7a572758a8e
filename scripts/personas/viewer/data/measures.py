"""What is measured, as pages name it, and which ratings a measure is made of."""

from collections.abc import Mapping
from typing import Any

from personas.benchmarks.bfi import FROM_BASELINE, FROM_LABELS
from personas.config.kinds import UTTERANCES
from personas.stats.measures import ROUND, Measure
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.filters import Where


def present(corpus: Corpus) -> list[Measure]:
    """Return the measures that have a value, as they stand in the study."""
    there = {row["measure"] for row in corpus.query().rows("SELECT DISTINCT measure FROM value")}
    return [measure for name, measure in corpus.measures.items() if name in there]


def rated_measures(corpus: Corpus) -> list[Measure]:
    """Return the measures of which single ratings can be shown: a distance between profiles has none."""
    return [measure for measure in present(corpus) if measure["metric"] not in (FROM_LABELS, FROM_BASELINE)]


def headline(corpus: Corpus) -> Measure | None:
    """Return the measure that a study is mostly about: the first of a dialogue's own answers, else the first."""
    measures = rated_measures(corpus)
    single = [measure for measure in measures if measure["axis"] == ROUND and not measure["of"]]
    return next(iter([*single, *measures]), None)


def source_of(measure: Measure) -> str | None:
    """Return the benchmark that a measure is of, or `UTTERANCES`; None: it is of answers to all benchmarks."""
    return UTTERANCES if measure["axis"] == ROUND else measure["benchmark"]


def ratings_of(measure: Measure) -> Where:
    """Return the condition on tables of ratings that chooses the ratings of a measure."""
    condition = Where().plus("metric = ANY($metrics)", metrics=measure["of"] or [measure["metric"]])
    for column in ("label", "judge", "reference"):
        if measure[column] is not None:
            condition = condition.plus(f"{column} = ${column}", **{column: measure[column]})
    return condition


def measure_name(measure: Mapping[str, Any]) -> str:
    """Return the name of a measure with what tells it from others of its title."""
    if measure["axis"] == ROUND:
        return f"{measure['title']} ({measure['judge']})"
    judge = f", {measure['judge']}" if measure["judge"] not in (None, "rules") else ""
    return f"{measure['title']} ({measure['benchmark'] or 'all'}{judge})"
