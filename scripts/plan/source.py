"""Normalised source of a sub-package: what a table or figure depends on besides its inputs."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_SCRIPTS = Path(__file__).resolve().parent.parent


@cache
def source_digest(*packages: str) -> str:
    """Return a SHA-256 over the sub-packages' code without comments, docstrings and layout."""
    hashed = hashlib.sha256()
    for package in packages:
        for path in sorted((_SCRIPTS / package).rglob("*.py")):
            hashed.update(path.relative_to(_SCRIPTS).as_posix().encode())
            hashed.update(_read(path).code)
    return hashed.hexdigest()


@cache
def module_digest(entry: str, *also: str) -> str:
    """Return a SHA-256 over a module, the modules of its own kind that it imports, directly or not, and `also`.

    Modules are named below `scripts/`, as `figures/style.py`. Followed are imports from the packages that make tables
    and figures (`analysis`, `figures`); so an edit of one figure leaves the others alone, and one of what they share
    does not.
    """
    hashed = hashlib.sha256()
    for name in sorted({*_closure(entry), *also}):
        hashed.update(name.encode())
        hashed.update(_read(_SCRIPTS / name).code)
    return hashed.hexdigest()


_FOLLOWED = ("scripts.analysis.", "scripts.figures.")


class _Source(NamedTuple):
    """What one file does, and which modules it imports from."""

    code: bytes
    imported: tuple[str, ...]


@cache
def _read(path: Path) -> _Source:
    """Parse a file, once: tables and figures share most of theirs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return _Source(_dump(tree).encode(), tuple(_imported(tree)))


def _closure(entry: str) -> set[str]:
    found, waiting = {entry}, [entry]
    while waiting:
        named = _read(_SCRIPTS / waiting.pop()).imported
        new = {path for path in named if (_SCRIPTS / path).is_file()} - found
        found |= new
        waiting += new
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the followed modules that a module may import, as paths: what an import names may be no module."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for module in [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]:
            if module.startswith(_FOLLOWED):
                yield f"{module.removeprefix('scripts.').replace('.', '/')}.py"


def normalised(source: str) -> str:
    """Return source as a dump of its syntax tree without docstrings: equal iff the code does the same."""
    return _dump(ast.parse(source))


def _dump(tree: ast.Module) -> str:
    """Dump a tree, from which this takes the docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            node.body = [statement for statement in body if not _is_docstring(statement)]
    return ast.dump(tree)


def _is_docstring(statement: ast.stmt) -> bool:
    # Every bare string statement, so that notes below attributes count as docstrings too.
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
