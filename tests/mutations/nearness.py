"""Which tests are near a module: those that import it come first, then those that import what imports it."""

import ast
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_NAMED = re.compile(r"\b(?:personas|tests)(?:\.\w+)+")
"""Modules are also named in programs that tests run, and in what they replace."""


def nearest_first(root: Path, file: str, tests: Sequence[str]) -> list[str]:
    """Return test files by their distance from a module in the graph of imports, and of two the shorter one first.

    The one that is named after the module comes before all others.
    """
    importers = _importers(root)
    distance, waiting = {file: 0}, [file]
    for found in waiting:
        for importer in importers.get(found, ()):
            if importer not in distance:
                distance[importer] = distance[found] + 1
                waiting.append(importer)
    own = f"test_{Path(file).stem}.py"

    def rank(test: str) -> tuple[bool, int, int]:
        return Path(test).name != own, distance.get(test, len(distance)), (root / test).stat().st_size

    return sorted(tests, key=rank)


@cache
def _importers(root: Path) -> dict[str, list[str]]:
    """Return, by a module's path below `root`, the modules that name it."""
    importers: dict[str, list[str]] = {}
    for folder in ("scripts", "tests"):
        for path in sorted((root / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            names = set(_NAMED.findall(source))
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ImportFrom) and node.module:
                    names |= {f"{node.module}.{alias.name}" for alias in node.names}
            for name in sorted(names):
                stem = name.replace(".", "/")
                stem = f"scripts/{stem}" if stem.startswith("personas") else stem
                for imported in (f"{stem}.py", f"{stem}/__init__.py"):
                    importers.setdefault(imported, []).append(path.relative_to(root).as_posix())
    return importers
