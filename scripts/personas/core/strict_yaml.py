"""YAML files of users, read strictly: each mistake is one sentence with file and line."""

import json
import math
from pathlib import Path
from typing import Any, TextIO

import yaml

try:  # ten times as fast; every wheel of PyYAML has it
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]  # slower, and does the same

from personas.core.errors import UserError

_MOST_NODES = 1_000_000
_MERGE = "tag:yaml.org,2002:merge"
_TAKEN_FOR_VALUES = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null"))


class _StrictLoader(SafeLoader):
    """YAML without repeated keys: PyYAML keeps the last one silently, which hides a duplicate slug.

    Keys are the texts that are written: a bare `no` is a key of that name, not false, and 010 is not 8.
    """


def _mapping_without_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    first_lines: dict[str, int] = {}
    node.value = [(_as_written(key), value) for key, value in node.value]
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            continue
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str | int | float | bool | None):
            raise UserError(f"{node.start_mark.name}, line {line}: found the key {str(key)!r}, expected text.")
        key = key if isinstance(key, str) else json.dumps(key)  # as it stands in JSON: 12 and "12" are one slug
        if key in first_lines:
            raise UserError(
                f"{node.start_mark.name}, line {line}: found {key!r} again (first in line {first_lines[key]}), "
                "expected each key once."
            )
        first_lines[key] = line
    return SafeLoader.construct_mapping(loader, node, deep=True)


def _as_written(key: yaml.Node) -> yaml.Node:
    """Return a plain key as a text. A node of its own: an alias elsewhere may mean this one as a value."""
    if not isinstance(key, yaml.ScalarNode) or key.tag not in _TAKEN_FOR_VALUES:
        return key
    return yaml.ScalarNode(yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG, key.value, key.start_mark, key.end_mark)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; UserError when the file is missing, is not YAML, or repeats a key."""
    refuse_odd_file(path)
    try:
        with path.open(encoding="utf-8") as file:
            raw = _read(path, file)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, expected a YAML file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}), expected a YAML file in UTF-8.") from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply to be read.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        blanks = "; indent with blanks, not with tabs" if mark and _has_tab(path, mark.line) else ""
        raise UserError(f"{path}{where}: not valid YAML ({getattr(error, 'problem', error)}){blanks}.") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path}: found {_kind(raw)}, expected a mapping of keys to values.")
    return raw


def _has_tab(path: Path, line: int) -> bool:
    return any("\t" in text for text in path.read_text(encoding="utf-8").splitlines()[line : line + 1])


def _read(path: Path, file: TextIO) -> Any:
    loader = _StrictLoader(file)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _written_out(node, {}) > _MOST_NODES:
            raise UserError(f"{path}: its aliases stand for more than {_MOST_NODES:,} values, expected fewer.")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _written_out(node: yaml.Node, sizes: dict[int, float]) -> float:
    """Return how many values a node stands for, aliases written out; without end where one contains itself."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = math.inf  # for whoever comes back here from inside
        children = node.value if isinstance(node, yaml.SequenceNode) else [one for pair in node.value for one in pair]
        sizes[id(node)] = 1 + sum(_written_out(child, sizes) for child in children)
    return sizes[id(node)]


def refuse_odd_file(path: Path) -> None:
    """Stop with one sentence before a pipe or a device is read: they may never end, or never begin."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UserError(f"{path}: found a pipe, a device or the like, expected a file.")


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
