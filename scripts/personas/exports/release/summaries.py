"""The study's own tables in the release, as tables of ours: IFBench accuracies, lengths, BFI ratings, patterns."""

import ast
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from personas.benchmarks.reading import quote
from personas.exports.release.agreement import PLACE
from personas.exports.release.importer.reading import FileFault, json_of, text_of
from personas.exports.release.slugs import Slugs
from personas.grid.release.layout import layout
from personas.grid.release.names import NameFault, PatternsName, Spoken, parse
from personas.grid.release.release import SUMMARIES, Release
from personas.grid.study import Study

Faults = dict[str, str]
Row = Mapping[str, Any]
_PLACE = ("model", "persona", "condition")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "ifbench": (*_PLACE, "checkpoint", "accuracy"),
    "round-lengths": (*_PLACE, "rounds", "tokens"),
    "bfi-ratings": (*_PLACE, "checkpoint", "item_id", "rating"),
    "patterns": (*_PLACE, "benchmark", "mined_at", "pattern_group", "pattern", "n_persona", "n_baseline"),
}
"""Table -> its columns. `pattern` is a list of tokens, sorted; counts are documents at the round it was mined at."""


def summary(study: Study, name: str) -> tuple[pd.DataFrame, Faults]:
    """Return a released table by its name here, and what is wrong with a file of it (which then has no rows)."""
    if study.release is None:
        raise ValueError("no released files")
    rows, faults = list[Row](), Faults()
    for path in _paths(study.release, name):
        try:
            text = text_of(Path(study.release.folder) / path, study.release.files[path])
            rows += list(_READERS[name](study, path, text))
        except (FileFault, NameFault) as fault:
            faults[path] = str(fault)
    return pd.DataFrame(rows, columns=list(COLUMNS[name])), faults


def _paths(release: Release, name: str) -> list[str]:
    if name == "patterns":
        return [path for path in release.files if path.startswith("results/premise/")]
    return [path for path in (SUMMARIES[name],) if path in release.files]


def _ifbench(study: Study, path: str, text: str) -> Iterator[Row]:
    document = json_of(text)
    if not isinstance(document, dict) or not all(isinstance(of, dict) for of in document.values()):
        raise FileFault("found no object of objects, expected model -> file -> accuracy")
    for model, of in document.items():
        for stem, accuracy in of.items():
            if isinstance(accuracy, bool) or not isinstance(accuracy, int | float) or not 0 <= accuracy <= 1:
                raise FileFault(f"{model}, {stem}: found {quote(accuracy)}, expected a number from 0 to 1")
            place = _place_of(study, f"generations/{model}/{stem}.json")
            if place:
                yield {**place, "accuracy": float(accuracy)}


def _place_of(study: Study, path: str) -> dict[str, Any] | None:
    """Return the place in the grid of responses with a name; None where the config has no such model or condition."""
    slugs, release = Slugs(study), study.release
    name = parse(path, release.vocabulary) if release else None
    if not isinstance(name, Spoken) or name.model not in slugs.models or name.conversation not in slugs.conditions:
        return None
    return {
        "model": slugs.models[name.model],
        "persona": slugs.persona(name.role),
        "condition": slugs.conditions[name.conversation],
        "checkpoint": name.t,
    }


def _round_lengths(study: Study, path: str, text: str) -> Iterator[Row]:
    columns = {"interview": "n_tokens_persona_directed", "instructions": "n_tokens_goal_oriented"}
    slugs = Slugs(study)
    for number, row in enumerate(_csv(text, ("model", "role", "pos", *columns.values()))):
        role = None if row["role"] == "empty" else row["role"]
        persona = slugs.persona(role)
        if persona is None:
            raise FileFault(f"row {number}: role: found {role!r}, expected a persona or empty")
        for conversation, column in columns.items():
            place = {"model": slugs.models.get(row["model"]), "condition": slugs.conditions.get(conversation)}
            if None not in place.values():
                rounds, tokens = _whole(row, "pos", number), _whole(row, column, number)
                yield {**place, "persona": persona, "rounds": rounds, "tokens": tokens}


def _bfi_ratings(study: Study, path: str, text: str) -> Iterator[Row]:
    slug = Slugs(study).benchmarks.get("bfi")
    if slug is None:
        return
    places, persona = dict[tuple[str, str], Any](), next(iter(study.personas))
    ids = layout(study, slug, persona)
    for number, row in enumerate(_csv(text, ("model", "role", "idx", "rating"))):
        key = (row["model"], row["role"])
        if key not in places:
            places[key] = _place_of(study, f"generations/{key[0]}/{key[1].removesuffix('.csv')}")
        idx, rating = _whole(row, "idx", number), _whole(row, "rating", number)
        if not 0 <= idx < len(ids):
            raise FileFault(f"row {number}: idx: found {idx}, expected 0 to {len(ids) - 1}")
        if places[key]:
            yield {**places[key], "item_id": ids[idx], "rating": rating}


def mined_places(study: Study, faults: Faults) -> set[tuple[Any, ...]]:
    """Return where patterns were mined, by the names of files that can be read; a file may hold only its header."""
    paths = _paths(study.release, "patterns") if study.release else []
    places = [_mined_at(study, path) for path in paths if path not in faults]
    return {tuple(place[part] for part in PLACE) for place in places if place}


def _mined_at(study: Study, path: str) -> dict[str, Any] | None:
    """Return the place in the grid of a file of patterns; None where the config has no such."""
    slugs, release = Slugs(study), study.release
    name = parse(path, release.vocabulary) if release else None
    if not isinstance(name, PatternsName):
        return None
    place = {
        "model": slugs.models.get(name.model),
        "persona": slugs.persona(name.role),
        "condition": slugs.conditions.get(name.conversation),
        "benchmark": slugs.benchmarks.get(name.dataset),
    }
    if None in place.values():
        return None
    return {**place, "mined_at": study.config.checkpoints[-1 if name.last_round else 0]}


def _patterns(study: Study, path: str, text: str) -> Iterator[Row]:
    place = _mined_at(study, path)
    if place is None:
        return
    for number, row in enumerate(_csv(text, ("pattern", "group", "count_0", "count_1"))):
        if row["group"] not in ("0", "1"):
            raise FileFault(f"row {number}: group: found {row['group']!r}, expected 0 or 1")
        yield {
            **place,
            "pattern_group": ("baseline", "persona")[int(row["group"])],
            "pattern": _tokens(row["pattern"], number),
            "n_persona": _whole(row, "count_1", number),
            "n_baseline": _whole(row, "count_0", number),
        }


def _tokens(text: str, number: int) -> list[str]:
    """Read a list of texts as Python writes it, without running anything."""
    try:
        tokens = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        tokens = None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise FileFault(f"row {number}: pattern: found {quote(text)}, expected a list of tokens")
    return sorted(tokens)


def _csv(text: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file that has at least these columns (an index column may stand beside them)."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header, *lines = [line for line in reader if line] or [[]]
    except csv.Error as error:
        raise FileFault(f"line {reader.line_num}: not valid CSV ({error}), expected RFC 4180") from None
    if missing := [column for column in columns if column not in header]:
        raise FileFault(f"header: found {quote(header)}, expected {', '.join(columns)}; {missing[0]} is missing")
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise FileFault(f"row {number}: found {len(line)} fields, expected {len(header)}")
        yield dict(zip(header, line, strict=True))


def _whole(row: Mapping[str, str], column: str, number: int) -> int:
    try:
        value = float(row[column])
        if value != int(value):
            raise ValueError
    except (ValueError, OverflowError):
        raise FileFault(f"row {number}: {column}: found {row[column]!r}, expected a whole number") from None
    return int(value)


_READERS: Mapping[str, Callable[[Study, str, str], Iterator[Row]]] = {
    "ifbench": _ifbench,
    "round-lengths": _round_lengths,
    "bfi-ratings": _bfi_ratings,
    "patterns": _patterns,
}
