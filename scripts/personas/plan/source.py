"""Source of what an artefact is computed with: the functions, classes and constants that it uses, followed by name.

So an edit renames what is computed with it and nothing else: another function in the same module does not count, nor
do comments, docstrings, layout, or where a definition lies. `NOT_FOLLOWED` says where names are not followed.
"""

import ast
import hashlib
import symtable
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from personas.core.memo import remember
from personas.plan import normal_form
from personas.plan.normal_form import form_hash, is_docstring

_PACKAGE = Path(__file__).resolve().parent.parent
_THIS_CODE = Path(__file__).read_bytes() + Path(normal_form.__file__).read_bytes()

NOT_FOLLOWED: Mapping[str, str] = {
    "batch/": "reads and writes cells as they are",
    "benchmarks/__init__.py": "lists the kinds; a table of ratings names its own",
    "config/": "what counts of a config stands in the parameters",
    "core/": "keeps files and values as they are",
    "external/": "brings files, whose pins stand in the parameters",
    "grid/": "shapes cells, which have digests of their own",
    "interventions/": "shapes cells, which have digests of their own",
    "plan/": "what counts of a plan stands in the parameters",
    "prompts/recipe.py": "shapes cells, which have digests of their own",
    "requests/": "shapes cells, which have digests of their own",
    "workflow/": "runs what is planned",
}
"""Modules and packages whose definitions stand in no digest for being used, with the reason; named as an entry they
do.
"""

Entry = Callable[..., Any] | type[Any] | str
"""A function or class at the top of a module of ours, or `module:name` of a constant."""


class Definition(NamedTuple):
    """A statement at the top of a module: a SHA-256 over what it does, and the names that it uses (`a` or `a.b`)."""

    digest: str
    names: list[str]


class Module(NamedTuple):
    """What a module defines, what its imports are called in it, and what else it does when it is imported."""

    definitions: dict[str, Definition]
    imported: dict[str, str]
    rest: Definition


def source_digest(*entries: Entry) -> str:
    """Return a SHA-256 over the code of `entries` and of all that they use, directly or not.

    The Python that reads the code does not count.
    """
    return hashlib.sha256("\n".join(sorted(set(closure(*entries).values()))).encode()).hexdigest()


def closure(*entries: Entry) -> Mapping[tuple[str, str], str]:
    """Return the digests of what is used, by module and name; the name is empty for what else a module does."""
    return _closure(_names_of(entries))


def _names_of(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(each if isinstance(each, str) else f"{each.__module__}:{each.__qualname__}" for each in entries)


@cache
def _closure(entries: tuple[str, ...]) -> dict[tuple[str, str], str]:
    definitions: dict[tuple[str, str], str] = {}
    waiting = [(module, name) for module, _, name in (entry.partition(":") for entry in entries)]
    while waiting:
        place = waiting.pop()
        if place not in definitions:
            definition = _definition(*place)
            definitions[place] = definition.digest
            waiting += _used_places(place[0], definition)
    return definitions


def _definition(module: str, name: str) -> Definition:
    """Return what a place defines: a name of a module, "" for what else that does; a name of others as it is."""
    path = _file(module)
    if path is None:
        return Definition(f"{module}:{name}", [])
    return _read(path).definitions[name] if name else _read(path).rest


def _used_places(module: str, definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield the places that a definition uses."""
    if _file(module) is None:
        return
    yield module, ""
    for name in definition.names:
        first, _, attribute = name.partition(".")
        yield from _places(module, first, attribute)


def _places(module: str, name: str, attribute: str = "") -> Iterator[tuple[str, str]]:
    """Yield where a name is defined that a module uses; nothing for its own variables and Python's names."""
    path = _file(module)
    read = _read(path) if path else None
    if read is None or name in read.definitions:
        yield module, name
    elif name in read.imported:
        yield from _import_places(read.imported[name], attribute)


def _import_places(dotted: str, attribute: str) -> Iterator[tuple[str, str]]:
    """Yield the places of what an import names: a module, of which `attribute` is used or all, or a name in one."""
    parent, _, name = dotted.rpartition(".")
    path = _file(dotted) or _file(parent)
    if path is None or not _is_followed(path):
        yield f"not followed: {dotted}", attribute
    elif path != _file(dotted):
        yield from _places(parent, name)
    elif attribute:
        yield from _places(dotted, attribute)
    else:
        yield from ((dotted, each) for each in _read(path).definitions)


@cache
def _file(module: str) -> Path | None:
    """Return the file of a module of ours."""
    if not module.startswith("personas."):
        return None
    stem = _PACKAGE / module.removeprefix("personas.").replace(".", "/")
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


def is_followed(module: str) -> bool:
    """Tell whether what a module of ours defines stands in the digest of what uses it."""
    path = _file(module)
    return path is not None and _is_followed(path)


def _is_followed(path: Path) -> bool:
    name = path.relative_to(_PACKAGE).as_posix()
    return name not in NOT_FOLLOWED and f"{name.partition('/')[0]}/" not in NOT_FOLLOWED


@cache
def _read(path: Path) -> Module:
    """Parse a file, once: tables and figures share most of theirs, and every command plans."""
    code = path.read_bytes()
    definitions, imported, rest = remember("source", _THIS_CODE + code, lambda: _parse(code.decode()))
    return Module({name: Definition(*each) for name, each in definitions.items()}, imported, Definition(*rest))


def _parse(code: str) -> Module:
    tree, scopes = ast.parse(code), symtable.symtable(code, "module", "exec").get_children()
    globals_at = {scope.get_lineno(): _globals(scope) for scope in scopes}
    definitions, rest = dict[str, Definition](), list[ast.stmt]()
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or is_docstring(statement):
            continue
        names, used = _defined_names(statement), sorted(_used_by(statement, globals_at))
        definitions |= {name: Definition(form_hash(statement), used) for name in names}
        if not names:
            rest.append(statement)
    used = sorted(set().union(*map(_names, rest)))
    return Module(definitions, dict(_imports(tree)), Definition(form_hash(ast.Module(rest, [])), used))


def _used_by(statement: ast.stmt, globals_at: Mapping[int, set[str]]) -> set[str]:
    """Return the names of its module that a statement uses; variables of a function are none of them.

    Defaults, decorators and bases are evaluated outside of a function or class.
    """
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
        outside = [*statement.decorator_list, *defaults]
    elif isinstance(statement, ast.ClassDef):
        outside = [*statement.decorator_list, *statement.bases, *(keyword.value for keyword in statement.keywords)]
    else:
        return _names(statement)
    inside = set().union(*map(_names, statement.body))
    module_names = globals_at[statement.lineno]
    return {name for name in inside if name.partition(".")[0] in module_names}.union(*map(_names, outside))


def _globals(scope: symtable.SymbolTable) -> set[str]:
    """Return the names that a function or class takes from its module, wherever in it."""
    own = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return own.union(*map(_globals, scope.get_children()))


def _defined_names(statement: ast.stmt) -> list[str]:
    """Return the names that a statement gives a value to; none for one that does anything else besides."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        nodes = [node for target in statement.targets for node in _targets(target)]
        return (
            [node.id for node in nodes if isinstance(node, ast.Name)]
            if all(isinstance(node, ast.Name) for node in nodes)
            else []
        )
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _targets(each)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)
    else:
        yield target


def _names(node: ast.AST) -> set[str]:
    """Return the names that a node uses, with the attribute where one is asked for; annotations compute nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return {f"{node.value.id}.{node.attr}"}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    left_out = {"annotation", "returns"} if isinstance(node, ast.arg | ast.FunctionDef | ast.AsyncFunctionDef) else {}
    names = set[str]()
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and field not in left_out:
                names |= _names(child)
    return names


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what each import is called, and what it names, wherever in a module it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
