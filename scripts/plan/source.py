"""Normalised source of a sub-package: what a table or figure depends on besides its inputs."""

import ast
import hashlib
from functools import cache
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parent.parent


@cache
def source_digest(*packages: str) -> str:
    """Return a SHA-256 over the sub-packages' code without comments, docstrings and layout."""
    hashed = hashlib.sha256()
    for package in packages:
        for path in sorted((_SCRIPTS / package).rglob("*.py")):
            hashed.update(path.relative_to(_SCRIPTS).as_posix().encode())
            hashed.update(normalised(path.read_text(encoding="utf-8")).encode())
    return hashed.hexdigest()


def normalised(source: str) -> str:
    """Return source as a dump of its syntax tree without docstrings: equal iff the code does the same."""
    tree = ast.parse(source)
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
