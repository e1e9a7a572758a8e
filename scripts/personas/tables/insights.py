"""Make the tables of lengths, safety, rankings, coverage and cards from the files that each needs."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.config.personas import BASELINE
from personas.core.errors import UserError
from personas.core.parquet import read_frame
from personas.external.tokenizer import counter, tokenizer_file
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan
from personas.tables.by_length import by_length, length_means
from personas.tables.cards import model_cards
from personas.tables.changed import changed_texts, most_changed
from personas.tables.coverage import coverage, status_counts
from personas.tables.items import Measure, changed_items, item_changes, values_by_measure
from personas.tables.lengths import dialogue_lengths
from personas.tables.model_series import model_series, pattern_values
from personas.tables.rankings import rankings
from personas.tables.safety import safety

_MARKED = r"\.[0-9a-f]{16}\.parquet"
_COUNTED = ["model", "persona", "benchmark", "judge", "metric", "condition", "status", "value"]
_ANSWERED = ["checkpoint", "item_id", "answer", "status"]
_HELD = ["round", "user", "prompt_tokens", "completion_tokens", "status"]


def _bootstrap(artefact: Artefact) -> dict[str, Any]:
    return {"resamples": artefact.spec["resamples"], "seed": artefact.spec["seed"]}


def _paths(frozen: FrozenPlan, artefact: Artefact, folder: str) -> list[Path]:
    """Return the inputs whose path begins so, digests left aside."""
    return [frozen.results / path for path in artefact.inputs if path.startswith(folder)]


def _table(frozen: FrozenPlan, artefact: Artefact, name: str) -> pd.DataFrame:
    """Return the one input that is called `tables/<name>`."""
    [path] = [p for p in _paths(frozen, artefact, f"tables/{name}.") if re.fullmatch(_MARKED, p.name[len(name) :])]
    return read_frame(path)


def _cells(
    frozen: FrozenPlan, artefact: Artefact, folder: str, columns: Sequence[str], **filters: Any
) -> pd.DataFrame:
    """Return rows of the cells among the inputs, with the place of each cell in the grid."""
    parts = []
    for path in (path for path in artefact.inputs if path.startswith(folder)):
        track = frozen.grid.by_path[path].track
        rows = read_frame(frozen.results / path, columns=list(columns), **filters)
        baseline = track.persona == BASELINE
        rows = rows.assign(model=track.model, condition=track.condition, order=track.order, replicate=track.replicate)
        rows = rows.assign(benchmark=frozen.grid.by_path[path].benchmark)
        who = {"group": "baseline" if baseline else "persona", "persona": None if baseline else track.persona}
        parts.append(rows.assign(**who))
    return pd.concat(parts, ignore_index=True)


def _ends(artefact: Artefact) -> Any:
    """Choose the rows at the first and the last checkpoint while a file is read."""
    return [("checkpoint", "in", sorted(set(artefact.spec["ends"])))]


def _valued(frozen: FrozenPlan, artefact: Artefact) -> list[tuple[Measure, pd.DataFrame]]:
    """Return the items' values of every measure at the first and the last checkpoint."""
    files = _paths(frozen, artefact, "tables/ratings-")
    return values_by_measure(files, artefact.spec["measures"], artefact.spec["ends"])


def _about(frozen: FrozenPlan, artefact: Artefact) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what is known of each item, by benchmark and id; third-party texts must be here by now."""
    frozen.study.require_texts()
    names = dict.fromkeys(measure["benchmark"] for measure in artefact.spec["measures"])
    return {name: {item.id: _told(item) for item in frozen.study.items[name]} for name in names}


def _told(item: Any) -> dict[str, Any]:
    return {"prompt": item.prompt, **{key: item.scoring.get(key) or None for key in ("label", "type", "focus")}}


def _lengths(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    counters = {slug: _counter(frozen, slug) for slug in artefact.spec["tokenizers"]}
    columns = [*_HELD, *(["answer"] if counters else [])]
    return dialogue_lengths(_cells(frozen, artefact, "dialogues/", columns), counters)


def _counter(frozen: FrozenPlan, slug: str) -> Callable[[str], int]:
    """Return what counts the tokens of a model; UserError where its tokenizer is gone since the run was planned."""
    config = frozen.study.config
    file = tokenizer_file(config.models[slug], config.models[slug].engine, config.machine)
    if file is None:
        raise UserError(f"models.{slug}: its tokenizer is not in the cache of weights any more; start again.")
    return counter(file)


def _by_length(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    values, lengths = (_table(frozen, artefact, name) for name in ("values", "lengths"))
    return by_length(values, lengths, **_bootstrap(artefact))


def _safety(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    about, spec = _about(frozen, artefact), artefact.spec
    return safety(_valued(frozen, artefact), about, spec["by"], spec["conditions"], **_bootstrap(artefact))


def _changed_items(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    about = _about(frozen, artefact)
    changes = ((m, item_changes(values, artefact.spec["conditions"])) for m, values in _valued(frozen, artefact))
    return changed_items(changes, about)


def _changed_texts(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    measures = artefact.spec["measures"]
    chosen = most_changed(_table(frozen, artefact, "changed-items"), [measure["measure"] for measure in measures])
    files = _paths(frozen, artefact, "tables/ratings-")
    ratings = pd.concat([read_frame(path, filters=_ends(artefact)) for path in files], ignore_index=True)
    ratings = ratings[(ratings["metric"] == "refusal") & ~ratings["is_baseline"].astype(bool)]
    answers = _cells(frozen, artefact, "responses/", [*_ANSWERED], filters=_ends(artefact))
    return changed_texts(chosen, _verdicts(ratings, measures), answers)


def _verdicts(ratings: pd.DataFrame, measures: Sequence[Measure]) -> Iterator[tuple[Measure, pd.DataFrame]]:
    for measure in measures:
        keep = pd.Series(True, index=ratings.index)
        for column in ("benchmark", "judge", "label"):
            keep &= ratings[column] == measure[column]
        yield measure, ratings[keep]


def _coverage(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    files = _paths(frozen, artefact, "tables/ratings-")
    return coverage((status_counts(read_frame(path, columns=_COUNTED)) for path in files), artefact.spec["statuses"])


def _rankings(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    return rankings(_table(frozen, artefact, "values"), artefact.spec["measures"], **_bootstrap(artefact))


def _carded(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    """Return the values of a grid, and how often patterns occur in the same form."""
    values = _table(frozen, artefact, "values")
    counts = [read_frame(path) for path in _paths(frozen, artefact, "patterns/")]
    return pd.concat([values, pattern_values(pd.concat(counts, ignore_index=True))]) if counts else values


def _model_series(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    return model_series(_carded(frozen, artefact), artefact.spec["checkpoints"], **_bootstrap(artefact))


def _model_cards(frozen: FrozenPlan, artefact: Artefact) -> pd.DataFrame:
    spec = artefact.spec
    return model_cards(
        _carded(frozen, artefact), spec["sections"], spec["models"], spec["checkpoints"], **_bootstrap(artefact)
    )


INSIGHTS: Mapping[str, Callable[[FrozenPlan, Artefact], pd.DataFrame]] = {
    "lengths": _lengths,
    "length-means": lambda frozen, made: length_means(_table(frozen, made, "lengths"), **_bootstrap(made)),
    "by-length": _by_length,
    "safety": _safety,
    "changed-items": _changed_items,
    "changed-texts": _changed_texts,
    "coverage": _coverage,
    "rankings": _rankings,
    "model-series": _model_series,
    "model-cards": _model_cards,
}
"""Kind of table -> how it is made from the files of its artefact."""
