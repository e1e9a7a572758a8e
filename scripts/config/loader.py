"""Read YAML into the config; every mistake becomes one sentence with file, field, found and expected."""

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import yaml
from pydantic import ValidationError

from scripts.config.base import Section
from scripts.config.root import Config
from scripts.errors import UserError

SectionT = TypeVar("SectionT", bound=Section)

ENGINES = ("llama.cpp", "endpoint")
_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys: PyYAML keeps the last one silently, which hides a duplicate slug."""


def _mapping_without_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[str, int] = {}
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            continue
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str | int | float | bool | None):
            raise UserError(f"{node.start_mark.name}, line {line}: found the key {str(key)!r}, expected text.")
        key = key if isinstance(key, str) else json.dumps(key)  # as it stands in JSON: 12 and "12" are one slug
        if key in seen:
            raise UserError(
                f"{node.start_mark.name}, line {line}: found {key!r} again (first in line {seen[key]}), "
                "expected each key once."
            )
        seen[key] = line
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; UserError when the file is missing, is not YAML, or repeats a key."""
    try:
        with path.open(encoding="utf-8") as file:
            raw = yaml.load(file, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader that is stricter still
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, expected a YAML file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}), expected a YAML file in UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}{where}: not valid YAML ({getattr(error, 'problem', error)}).") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path}: found {_kind(raw)}, expected a mapping of keys to values.")
    return raw


def load_config(paths: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> Config:
    """Read the config from YAML files (a later file wins, key by key) and then `overrides` of top-level keys."""
    raw: dict[str, Any] = {}
    for path in paths:
        _merge(raw, read_yaml(path))
    _merge(raw, dict(overrides or {}))
    return validate(Config, raw, source=", ".join(str(path) for path in paths))


def validate(section: type[SectionT], raw: Mapping[str, Any], source: str) -> SectionT:
    """Validate a mapping as a section; UserError has one line per mistake."""
    try:
        # Through JSON, because YAML knows no tuples and pydantic's strict mode takes lists for them only there.
        return section.model_validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        mistakes = _one_each(error.errors())
        raise UserError("\n".join(_sentence(section, source, item) for item in mistakes)) from None


_PLAIN_TYPES = {"bool": "bool_type", "int": "int_type", "str": "string_type"}


def _one_each(errors: Sequence[Any]) -> list[Any]:
    """Keep one error for a mistake: pydantic tells several for a wrong part of a list, or of a union of types."""
    kept: dict[tuple[Any, ...], Any] = {}
    for error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # its wrong parts are told already
        if error["loc"] and _PLAIN_TYPES.get(str(error["loc"][-1])) == error["type"]:
            error = {**error, "loc": error["loc"][:-1], "type": "union"}
        kept[(*error["loc"], error["type"])] = error
    return list(kept.values())


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    for key, value in update.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def _sentence(section: type[Section], source: str, error: Any) -> str:
    place = ".".join(str(part) for part in _place(section, error["loc"]) if part != "[key]")
    where = f"{source}: {place}" if place else source
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key, expected {_known_keys(section, error['loc'])}."
    if error["type"] == "missing":
        return f"{where}: missing, expected a value."
    if error["type"] in ("value_error", "assertion_error"):
        return f"{where}: {error['msg'].removeprefix('Value error, ')}."
    return f"{where}: found {_short(error)}, expected {_expected(error)}."


def _place(section: type[Section], loc: Sequence[Any]) -> list[Any]:
    """Return the place without the engine that pydantic inserts below a model (a slug may read the same)."""
    here: Any = section
    parts = []
    for part in loc:
        if not (_is_union_of_engines(here) and part in ENGINES):
            parts.append(part)
        here = _below(here, part)
    return parts


def _is_union_of_engines(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_union_of_engines(get_args(annotation)[0])
    sections = _sections(annotation)
    return len(sections) > 1 and all("engine" in section.model_fields for section in sections)


def _sections(annotation: Any) -> list[type[Section]]:
    return [a for a in get_args(annotation) if isinstance(a, type) and issubclass(a, Section)]


def _known_keys(section: type[Section], loc: Sequence[Any]) -> str:
    """Name the key that was meant, or all that are known, at the place of an unknown key."""
    here: Any = section
    for part in loc[:-1]:
        here = _below(here, part)
    optional = _sections(here)
    here = optional[0] if len(optional) == 1 else here
    known = sorted(here.model_fields) if isinstance(here, type) and issubclass(here, Section) else []
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return close[0] if close else f"one of {', '.join(known)}"


def _below(annotation: Any, part: Any) -> Any:
    """Return the annotation of one part of a place: a field, a key of a mapping, or the tag of a union."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation.model_fields[part].annotation if part in annotation.model_fields else None
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _below(arguments[0], part)
    if get_origin(annotation) is dict:
        return arguments[1]
    sections = _sections(annotation)
    tagged = [
        s for s in sections if "engine" in s.model_fields and part in get_args(s.model_fields["engine"].annotation)
    ]
    return tagged[0] if tagged else _below(sections[0], part) if sections else annotation


def _short(error: Any) -> str:
    if error["type"] == "union_tag_not_found":
        return "no key `engine`"
    if error["type"] == "union_tag_invalid":
        return f"engine {error['ctx']['tag']!r}"
    text = json.dumps(error["input"], ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
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
    "union_tag_not_found": "one of " + ", ".join(repr(engine) for engine in ENGINES),
    "too_short": "at least {min_length} of them",
}


def _expected(error: Any) -> str:
    if error["type"] == "string_pattern_mismatch" and error["loc"] and error["loc"][-1] == "[key]":
        return "a slug of letters, digits, dots and single dashes"
    template = _EXPECTED.get(error["type"])
    return template.format(**error.get("ctx", {})) if template else str(error["msg"])


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
