"""The ratings tables of a synthetic study, in the schema of the real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from personas.benchmarks.bfi import TRAITS
from personas.benchmarks.panel import RULES
from personas.scoring.table import RATINGS_SCHEMA
from tests.synthetic.study import BASELINE, BOUND, Study

UTTERANCES = ("knowledge", "style", "in-character")


@dataclass(frozen=True)
class Metric:
    """One metric of a benchmark; `labels` go round over the items, `steps` are those of a rating above its lowest."""

    name: str
    judge: str | None
    steps: int = 1
    reference: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def lowest(self) -> int:
        return 1 if self.steps == 4 else 0

    def of_items(self, n: int) -> list[str | None]:
        """Return the label of each of n items."""
        return [self.labels[k % len(self.labels)] for k in range(n)] if self.labels else [None] * n


def metrics(study: Study, kind: str) -> tuple[Metric, ...]:
    """Return the metrics of a kind of benchmark."""
    judge = study.judge
    prompts = ("safe", "unsafe")
    return {
        "bfi": (Metric("trait", judge, 4, labels=TRAITS),),
        "xstest": (Metric("refusal", RULES, labels=prompts), Metric("refusal", judge, labels=prompts)),
        "ifbench": (Metric("loose", RULES), Metric("strict", RULES)),
        "role-specific": tuple(Metric("win", judge, reference=r) for r in ("dataset", "zero", "previous")),
        "general": tuple(Metric("win", judge, reference=r) for r in ("dataset", "zero", "previous")),
        "utterances": tuple(Metric(name, judge, 4) for name in UTTERANCES),
    }[kind]


def tables(study: Study) -> Iterator[tuple[str, pa.Table]]:
    """Yield each table of ratings with its name."""
    for model in study.models:
        for benchmark in study.items:
            yield f"ratings-{model}--{benchmark}", benchmark_ratings(study, model, benchmark)
        if study.rounds:
            yield f"ratings-{model}--utterances", utterance_ratings(study, model)


def write(study: Study, folder: Path) -> list[Path]:
    """Write all tables as Parquet files, one at a time in memory."""
    paths = []
    for name, table in tables(study):
        paths.append(folder / f"{name}.parquet")
        pq.write_table(table, paths[-1])
    return paths


def benchmark_ratings(study: Study, model: str, benchmark: str) -> pa.Table:
    """Return the ratings of a model's responses to a benchmark, answer length among them."""
    bound, n_items = benchmark in BOUND, study.items[benchmark]
    parts = [_words(study, model, benchmark, bound)]
    for metric in metrics(study, benchmark):
        labels = metric.of_items(n_items)
        values = np.empty((len(_speakers(study, bound)), 2, len(study.checkpoints), n_items))
        for label, drawn in drawn_responses(study, model, benchmark, metric):
            values[..., [n for n in range(n_items) if labels[n] == label]] = drawn
        parts.append(_table(study, model, bound, values, metric, benchmark))
    return pa.concat_tables(parts)


def drawn_responses(
    study: Study, model: str, benchmark: str, metric: Metric
) -> Iterator[tuple[str | None, np.ndarray]]:
    """Yield each label of a metric and its ratings: speakers x conditions x checkpoints x items of this label."""
    labels, bound = metric.of_items(study.items[benchmark]), benchmark in BOUND
    for label in dict.fromkeys(labels):
        name = "/".join(filter(None, (benchmark, metric.name, metric.judge, metric.reference, label)))
        yield label, _drawn(study, name, model, bound, study.checkpoints, labels.count(label), metric)


def utterance_ratings(study: Study, model: str) -> pa.Table:
    """Return a judge's ratings of a model's utterances; the baseline is judged as each persona."""
    rounds = tuple(range(1, study.rounds + 1))
    parts = []
    for metric in metrics(study, "utterances"):
        values = _drawn(study, metric.name, model, True, rounds, len(study.orders), metric)
        parts.append(_table(study, model, True, values, metric, None))
    return pa.concat_tables(parts)


def _speakers(study: Study, bound: bool) -> tuple[tuple[str, str | None], ...]:
    return study.bound_speakers if bound else study.speakers


def _drawn(
    study: Study, name: str, model: str, bound: bool, positions: tuple[int, ...], n: int, metric: Metric
) -> np.ndarray:
    """Draw speakers x conditions x positions x n ratings; conditions share those at checkpoint 0."""
    shares = study.shares(name, model, bound, positions)
    drawing = study.drawing(name, model, "items")
    values = metric.lowest + drawing.binomial(metric.steps, shares[..., None], size=(*shares.shape, n)).astype(float)
    if positions[0] == 0:
        values[:, 1, 0] = values[:, 0, 0]
    if study.gaps and metric.judge not in (None, RULES):
        values[drawing.random(values.shape) < study.gaps] = np.nan
    return values


def _words(study: Study, model: str, benchmark: str, bound: bool) -> pa.Table:
    shape = (len(_speakers(study, bound)), 2, len(study.checkpoints), study.items[benchmark])
    values = study.drawing(benchmark, model, "words").poisson(120, size=shape).astype(float)
    values[:, 1, 0] = values[:, 0, 0]
    return _table(study, model, bound, values, Metric("words", None), benchmark)


def _table(
    study: Study, model: str, bound: bool, values: np.ndarray, metric: Metric, benchmark: str | None
) -> pa.Table:
    """Return values (speakers x conditions x positions x items, or orders of utterances) as rows of ratings."""
    speaker, condition, position, last = (axis.ravel() for axis in np.indices(values.shape))
    speakers = _speakers(study, bound)
    of_utterances = benchmark is None
    n_items = values.shape[-1]
    value = values.ravel()
    columns: dict[str, Any] = {
        "model": _constant(model, value.size),
        "persona": _coded([persona for persona, _ in speakers], speaker),
        "is_baseline": pa.array(np.array([persona == BASELINE for persona, _ in speakers])[speaker]),
        "reference_persona": _coded([reference for _, reference in speakers], speaker),
        "condition": _coded(study.conditions, condition),
        "order": _coded(study.orders, last) if of_utterances else _constant(study.orders[0], value.size),
        "replicate": pa.array(np.ones(value.size, dtype=np.int32)),
        "benchmark": _constant(benchmark, value.size),
        "metric": _constant(metric.name, value.size),
        "item_id": _constant(None, value.size)
        if of_utterances
        else _coded([f"{n:04}" for n in range(n_items)], last),
        "label": _coded(metric.of_items(n_items), last),
        "judge": _constant(metric.judge, value.size),
        "reference": _constant(metric.reference, value.size),
        "status": _coded(["ok", "judge_unparsed"], np.isnan(value).astype(int)),
        "value": pa.array(value, from_pandas=True),
    }
    at = np.arange(1, study.rounds + 1) if of_utterances else np.array(study.checkpoints)
    columns["round" if of_utterances else "checkpoint"] = pa.array(at[position].astype(np.int32))
    filled = [columns.get(f.name, pa.nulls(value.size)).cast(f.type) for f in RATINGS_SCHEMA]
    table = pa.table(filled, schema=RATINGS_SCHEMA)
    if metric.reference in ("zero", "previous"):  # of personas only, and not at the first checkpoint
        first = study.checkpoints[0]
        table = table.filter((pa.compute.field("checkpoint") > first) & ~pa.compute.field("is_baseline"))
    return table


def _constant(text: str | None, n: int) -> pa.Array:
    return _coded([text], np.zeros(n, dtype=int))


def _coded(texts: Sequence[str | None], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(texts), pa.string()))
