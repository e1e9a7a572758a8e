"""Normalised source of modules: what a table, figure or page depends on besides its inputs and parameters."""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from personas.core.memo import remember

_PACKAGE = Path(__file__).resolve().parent.parent
_THIS_CODE = Path(__file__).read_bytes()

NOT_FOLLOWED: Mapping[str, str] = {
    "batch/": "reads and writes cells as they are",
    "config/": "what counts of a config stands in the spec",
    "core/": "keeps files and values as they are",
    "external/": "brings files, whose pins stand in the spec",
    "grid/": "shapes cells, which have digests of their own",
    "pages/job.py": "calls the makers of all pages; each names its own",
    "pages/written.py": "calls the makers of all pages; each names its own",
    "plan/": "what counts of a plan stands in the spec",
    "prompts/recipe.py": "shapes cells, which have digests of their own",
    "requests/": "shapes cells, which have digests of their own",
    "tables/insights.py": "calls the makers of many tables; each names its own",
    "tables/job.py": "calls the makers of all tables; each names its own",
    "workflow/": "runs what is planned",
}
"""Modules and packages that stand in no digest for being imported, with the reason; named themselves, they do."""


@cache
def source_digest(*entries: str) -> str:
    """Return a SHA-256 over the code of `entries` and of all that they import, directly or not.

    An entry is a module below `personas/` (`figures/drawing/style.py`) or a package (`scoring`): the modules that
    lie in it. Comments,
    docstrings and layout do not count, nor does the Python that reads the code. `NOT_FOLLOWED` says where imports
    are not followed.
    """
    hashed = hashlib.sha256()
    for name in sorted(_closure(entries)):
        hashed.update(name.encode())
        hashed.update(_read(_PACKAGE / name).digest.encode())
    return hashed.hexdigest()


class _Source(NamedTuple):
    """A SHA-256 over what one file does, and which modules it imports from."""

    digest: str
    imported: list[str]


@cache
def _read(path: Path) -> _Source:
    """Parse a file, once: tables and figures share most of theirs, and every command plans."""
    code = path.read_bytes()
    return _Source(*remember("source", _THIS_CODE + code, lambda: _parse(code)))


def _parse(code: bytes) -> _Source:
    tree = ast.parse(code)
    return _Source(hashlib.sha256(_form(tree).encode()).hexdigest(), list(_imported(tree)))


def _closure(entries: tuple[str, ...]) -> set[str]:
    waiting = [name for entry in entries for name in _modules(entry)]
    found = set(waiting)
    while waiting:
        if (name := waiting.pop()) not in NOT_FOLLOWED:
            waiting += _followed(name) - found
            found |= _followed(name)
    return found


@cache
def _followed(name: str) -> frozenset[str]:
    return frozenset(path for path in _read(_PACKAGE / name).imported if _is_followed(path))


def _modules(entry: str) -> list[str]:
    if entry.endswith(".py"):
        return [entry]
    return [path.relative_to(_PACKAGE).as_posix() for path in (_PACKAGE / entry).glob("*.py")]


def _is_followed(path: str) -> bool:
    package = f"{path.partition('/')[0]}/"
    return path not in NOT_FOLLOWED and package not in NOT_FOLLOWED and (_PACKAGE / path).is_file()


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the modules of ours that a module may import, as paths: what an import names may be no module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        else:
            continue
        for module in named:
            if module.startswith("personas."):
                path = module.removeprefix("personas.").replace(".", "/")
                yield from (f"{path}.py", f"{path}/__init__.py")


def normalised(source: str) -> str:
    """Return source in a form without docstrings: equal iff the code does the same, whatever Python reads it."""
    return _form(ast.parse(source))


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
    written = (
        f"{name}={_form(content)}" for name, content in fields.items() if content is not None and content != []
    )
    return f"{type(value).__name__}({','.join(written)})"


def _field(node: ast.AST, name: str, content: Any) -> Any:
    if name == "body" and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [statement for statement in content if not _is_docstring(statement)]
    if name == "value" and isinstance(node, ast.Constant) and content is None:
        return "None of a constant"  # which is no empty field
    if name == "values" and isinstance(node, ast.JoinedStr):
        return list(_joined(content))
    return content


def _joined(parts: list[ast.expr]) -> Iterator[ast.expr]:
    """Join neighbouring texts of an f-string and drop empty ones: how many there are is up to the parser."""
    for is_text, run in groupby(parts, key=lambda part: isinstance(part, ast.Constant)):
        if not is_text:
            yield from run
        elif text := "".join(str(part.value) for part in run if isinstance(part, ast.Constant)):
            yield ast.Constant(text)


def _is_docstring(statement: ast.stmt) -> bool:
    # Every bare string statement, so that notes below attributes count as docstrings too.
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
