"""Mistakes in a config as sentences: where, what was found, what is expected."""

import difflib
import json
from collections.abc import Sequence
from functools import reduce
from typing import Annotated, Any, get_args, get_origin

from personas.config.base import Section

_TAGS = ("engine", "kind")
"""Fields that tell the sections of a union apart."""


def sentences(section: type[Section], source: str, errors: Sequence[Any]) -> list[str]:
    """Return one sentence per mistake that pydantic found in `source` while it read `section`."""
    return [_sentence(section, source, error) for error in _one_each(errors)]


_PLAIN_TYPES = {"bool": "bool_type", "int": "int_type", "str": "string_type"}


def _one_each(errors: Sequence[Any]) -> list[Any]:
    """Keep one error for a mistake: pydantic tells several for a wrong part of a list, or of a union of types."""
    by_place: dict[tuple[Any, ...], Any] = {}
    for error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # its wrong parts are told already
        if error["loc"] and _PLAIN_TYPES.get(str(error["loc"][-1])) == error["type"]:
            error = {**error, "loc": error["loc"][:-1], "type": "union"}
        by_place[(*error["loc"], error["type"])] = error
    return list(by_place.values())


def _sentence(section: type[Section], source: str, error: Any) -> str:
    place = ".".join(str(part) for part in _place(section, error["loc"]) if part != "[key]")
    where = f"{source}: {place}" if place else source
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key, expected {_known_keys(section, error['loc'])}."
    if error["type"] == "missing":
        return f"{where}: missing, expected a value."
    if error["type"] in ("value_error", "assertion_error"):
        return f"{where}: {error['msg'].removeprefix('Value error, ')}."
    if error["type"] == "union_tag_not_found":
        tags = ", ".join(map(repr, _sections_by_tag(reduce(_below, error["loc"], section))))
        return f"{where}: found no key `{_tag(error)}`, expected one of {tags}."
    return f"{where}: found {_short(error)}, expected {_expectation(error)}."


def _tag(error: Any) -> str:
    return str(error["ctx"]["discriminator"]).strip("'")


def _place(section: type[Section], loc: Sequence[Any]) -> list[Any]:
    """Return the place without the engine or kind that pydantic inserts below it (a slug may read the same)."""
    here: Any = section
    parts = []
    for part in loc:
        if part not in _sections_by_tag(here):
            parts.append(part)
        here = _below(here, part)
    return parts


def _sections_by_tag(annotation: Any) -> dict[str, type[Section]]:
    """Return the sections of a union by what tells them apart: models by engine, interventions by kind."""
    if get_origin(annotation) is Annotated:
        return _sections_by_tag(get_args(annotation)[0])
    sections = _sections(annotation)
    tag = next((tag for tag in _TAGS if all(tag in section.model_fields for section in sections)), None)
    if tag is None or len(sections) < 2:
        return {}
    return {name: section for section in sections for name in get_args(section.model_fields[tag].annotation)}


def _sections(annotation: Any) -> list[type[Section]]:
    return [a for a in get_args(annotation) if isinstance(a, type) and issubclass(a, Section)]


def _known_keys(section: type[Section], loc: Sequence[Any]) -> str:
    """Name the key that was meant, or all that are known, at the place of an unknown key."""
    here: Any = section
    for part in loc[:-1]:
        here = _below(here, part)
    optional = _sections(here)
    here = optional[0] if len(optional) == 1 else here
    keys = sorted(here.model_fields) if isinstance(here, type) and issubclass(here, Section) else []
    close = difflib.get_close_matches(str(loc[-1]), keys, n=1)
    return close[0] if close else f"one of {', '.join(keys)}"


def _below(annotation: Any, part: Any) -> Any:
    """Return the annotation of one part of a place: a field, a key of a mapping, or the tag of a union."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation.model_fields[part].annotation if part in annotation.model_fields else None
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _below(arguments[0], part)
    if get_origin(annotation) is dict:
        return arguments[1]
    tagged, sections = _sections_by_tag(annotation), _sections(annotation)
    return tagged.get(part) or (_below(sections[0], part) if sections else annotation)


def _short(error: Any) -> str:
    if error["type"] == "union_tag_invalid":
        return f"{_tag(error)} {error['ctx']['tag']!r}"
    text = json.dumps(error["input"], ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "union": "true or false, a whole number or text",
    "dict_type": "a mapping of keys to values",
    "tuple_type": "a list",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
    "greater_than": "a number greater than {gt}",
    "greater_than_equal": "a number of {ge} or more",
    "less_than": "a number less than {lt}",
    "less_than_equal": "a number of {le} or less",
    "literal_error": "{expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "too_short": "at least {min_length} of them",
}


def _expectation(error: Any) -> str:
    if error["type"] == "string_pattern_mismatch" and error["loc"] and error["loc"][-1] == "[key]":
        return "a slug of letters, digits, dots and single dashes"
    template = _EXPECTED.get(error["type"])
    return template.format(**error.get("ctx", {})) if template else str(error["msg"])
