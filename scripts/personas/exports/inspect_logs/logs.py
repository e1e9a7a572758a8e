"""Logs of Inspect: one for each cell of responses, and one for the dialogues of each model and persona."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import GenerateConfig

from personas.core.canonical import digest
from personas.core.files import write_atomically
from personas.core.parquet import read_table
from personas.exports.inspect_logs.samples import dialogue_sample, response_samples
from personas.exports.inspect_logs.verdicts import VerdictReader
from personas.exports.study_results import StudyResults
from personas.exports.tidy import identity
from personas.grid.cells import Cell
from personas.grid.question_sets import items_of
from personas.requests.projection import read_description
from personas.requests.transcript import require_texts


def write_logs(results: StudyResults, folder: Path) -> Iterator[str]:
    """Write the logs of all dialogues and responses on disk; yield what to tell about it."""
    results.grid.study.require_texts()  # what models were told of their persona stands in no cell
    reader, dialogues = VerdictReader(results), defaultdict[tuple[str, str], list[Cell]](list)
    count = alone = 0
    for cell in results.cells:
        if cell.stage == "dialogues":
            dialogues[cell.track.model, cell.track.persona].append(cell)
        elif cell.behind is not None and (results.folder / cell.behind.path).exists():
            path = folder / Path(cell.plain_path).with_suffix(".eval")
            samples = _responses(results, cell, cell.behind, reader)
            _write(path, _log(results, cell.benchmark or "", [cell], samples))
            count += 1
        else:
            alone += cell.stage == "responses"
    for (model, persona), cells in dialogues.items():
        samples = [
            dialogue_sample(results.grid, cell, *_judged_rows(results, cell, reader, "round")) for cell in cells
        ]
        _write(folder / "dialogues" / model / f"{persona}.eval", _log(results, "dialogues", cells, samples))
        count += 1
    yield f"{folder}: {count:,} logs. `inspect view --log-dir {folder}` shows them."
    if alone:
        yield f"Not written: {alone:,} files of responses whose dialogue is not there; run the workflow first."
    yield from results.missing()


def _responses(results: StudyResults, cell: Cell, behind: Cell, reader: VerdictReader) -> list[EvalSample]:
    dialogue = read_table(results.folder / behind.path)
    require_texts(dialogue, "user")
    rounds = dialogue.to_pylist()
    rows, verdicts = _judged_rows(results, cell, reader, "checkpoint", "item_id")
    cell_items = items_of(results.grid.study, cell)
    items = {item.id: item for item in cell_items}
    return list(response_samples(results.grid, cell, rows, rounds, items, verdicts))


def _judged_rows(
    results: StudyResults, cell: Cell, reader: VerdictReader, *place: str
) -> tuple[list[Any], list[Any]]:
    table = read_table(results.folder / cell.path)
    require_texts(table, "prompt" if cell.benchmark else "user")
    rows = table.to_pylist()
    return rows, reader.of(cell, rows, place)


def _log(results: StudyResults, task: str, cells: Sequence[Cell], samples: Sequence[EvalSample]) -> EvalLog:
    first, descriptions = cells[0], [read_description(results.folder / cell.path) for cell in cells]
    model = results.grid.study.config.models[first.track.model]
    times = sorted(each["made"] for each in descriptions)
    shared = identity(first) if len(cells) == 1 else {"model": first.track.model, "persona": first.track.persona}
    spec = EvalSpec(
        **dict.fromkeys(("eval_id", "run_id", "task_id"), digest([cell.path for cell in cells])),
        created=times[0],
        task=task,
        task_args=shared,
        task_display_name=f"{task}, {first.track.persona}",
        dataset=EvalDataset(name=task, samples=len(samples), sample_ids=[sample.id for sample in samples]),
        model=model.id,
        model_generate_config=GenerateConfig(
            temperature=model.sampling.temperature,
            top_p=model.sampling.top_p,
            seed=first.spec.get("seed"),
            max_tokens=results.grid.study.config.longest_answer(first.track.model, first.benchmark),
        ),
        config=EvalConfig(epochs=1),
        packages=descriptions[0]["versions"],
        metadata={**shared, "revision": model.revision, "engine": model.engine, "spec": dict(first.spec)},
    )
    stats = EvalStats(started_at=times[0], completed_at=times[-1], model_usage=_total(samples))
    return EvalLog(status="success", eval=spec, results=_results(samples), stats=stats, samples=list(samples))


def _total(samples: Sequence[EvalSample]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for name, usage in (pair for sample in samples for pair in sample.model_usage.items()):
        total[name] = total[name] + usage if name in total else usage
    return total


def _results(samples: Sequence[EvalSample]) -> EvalResults:
    """Return the mean of each score over the samples that have a value."""
    names = sorted({name for sample in samples for name in sample.scores or {}})
    return EvalResults(
        total_samples=len(samples),
        completed_samples=len(samples),
        scores=[_mean(name, [sample.scores or {} for sample in samples]) for name in names],
    )


def _mean(name: str, scores: Sequence[Mapping[str, Any]]) -> EvalScore:
    values = [each[name].value for each in scores if name in each]
    numbers = [value for value in values if value == value]  # NaN: unscored
    metrics = {"mean": EvalMetric(name="mean", value=fmean(numbers))} if numbers else {}
    return EvalScore(
        name=name,
        scorer=name,
        scored_samples=len(numbers),
        unscored_samples=len(values) - len(numbers),
        metrics=metrics,
    )


def _write(path: Path, log: EvalLog) -> None:
    write_atomically(path, partial(write_eval_log, log, format="eval"))
