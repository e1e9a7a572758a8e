"""The house stays one that a newcomer finds their way in: short modules and functions, small packages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests import layers
from tests.helpers import ROOT

LIBRARY = ROOT / "scripts/personas"
MODULES = sorted(LIBRARY.rglob("*.py"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def functions() -> Iterator[tuple[str, int]]:
    """Yield every function with its lines, docstring and decorators aside."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                yield f"{path.relative_to(LIBRARY)}:{node.name}", (node.end_lineno or 0) - first.lineno + 2


def test_modules_are_short() -> None:
    sizes = {path.relative_to(LIBRARY).as_posix(): len(lines(path)) for path in MODULES if path.stem != "__init__"}
    assert {name: size for name, size in sizes.items() if size > 250} == {}
    assert median(sizes.values()) <= 110


def test_functions_are_short() -> None:
    sizes = dict(functions())
    assert {name: size for name, size in sizes.items() if size > 50} == {}
    assert median(sizes.values()) <= 10


def test_packages_are_small() -> None:
    folders = {path.parent for path in MODULES}
    counts = {folder.relative_to(LIBRARY).as_posix(): len([*folder.glob("[!_]*.py")]) for folder in folders}
    assert {name: count for name, count in counts.items() if count > 17} == {}


def test_no_import_goes_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert layers.main() == 0
    assert "personas.core" in capsys.readouterr().out


def test_rules_are_tables_of_contents() -> None:
    assert len(lines(ROOT / "Snakefile")) <= 60
    for path in (ROOT / "rules").glob("*.smk"):
        head = lines(path)
        assert len(head) <= 120 and re.match(r"# results/", head[0]), path.name


def test_lines_of_pages_can_be_read() -> None:
    long = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for line in text.splitlines():
            if len(line) > 100 and not line.startswith("|") and " " in line.strip()[:100].lstrip("-0123456789. "):
                long.append(f"{page.relative_to(ROOT)}: {line[:60]}")
    assert long == []


def test_the_list_of_decisions_is_whole() -> None:
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"\]\(([^)]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("2*.md"))
