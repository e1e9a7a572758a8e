"""Source in a form that is the same whatever Python reads it: what digests hold of it."""

import ast
import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any


def normal_form(source: str) -> str:
    """Return source in a form without docstrings: equal iff the code does the same, whatever Python reads it."""
    return _form(ast.parse(source))


def form_hash(node: ast.AST) -> str:
    """Return a SHA-256 over what a node does."""
    return hashlib.sha256(_form(node).encode()).hexdigest()


def _form(value: Any) -> str:
    """Write a syntax tree down; not `ast.dump`, whose form changes with every Python.

    Fields that are empty or None are left out: newer versions add such fields (`type_params`) where older code has
    nothing to put into them.
    """
    if isinstance(value, list):
        return f"[{','.join(map(_form, value))}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = {name: _field(value, name, content) for name, content in ast.iter_fields(value)}
    parts = (f"{name}={_form(content)}" for name, content in fields.items() if content is not None and content != [])
    return f"{type(value).__name__}({','.join(parts)})"


def _field(node: ast.AST, name: str, content: Any) -> Any:
    if name == "body" and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [statement for statement in content if not is_docstring(statement)]
    if name == "value" and isinstance(node, ast.Constant) and content is None:
        return "None of a constant"  # which is no empty field
    if name == "values" and isinstance(node, ast.JoinedStr):
        return list(_join(content))
    return content


def _join(parts: list[ast.expr]) -> Iterator[ast.expr]:
    """Join neighbouring texts of an f-string and drop empty ones: how many there are is up to the parser."""
    for is_text, run in groupby(parts, key=lambda part: isinstance(part, ast.Constant)):
        if not is_text:
            yield from run
        elif text := "".join(str(part.value) for part in run if isinstance(part, ast.Constant)):
            yield ast.Constant(text)


def is_docstring(statement: ast.stmt) -> bool:
    """Tell whether a statement is a text that nobody uses: every bare one, also a note below an attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
