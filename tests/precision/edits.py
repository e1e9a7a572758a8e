"""A checkout that can be edited by place, and tells what Snakemake plans and what a run really makes."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.helpers import ROOT, edited
from tests.precision.in_process import marks, new
from tests.precision.world import plain
from tests.workflow.conftest import Checkout


class Study(Checkout):
    """The study of the exactness table in a checkout of its own."""

    def raw(self) -> dict[str, Any]:
        raw: dict[str, Any] = yaml.safe_load((self.folder / "config/config.yaml").read_text())
        return raw

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Set values of the config by place, its parts joined with slashes; None removes a key."""
        self.configure(edited(self.raw(), changes))

    def persona(self, slug: str, **changes: Any) -> None:
        path = self.folder / f"config/personas/{slug}.yaml"
        raw = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump(raw | changes))

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace the first of a text that stands in a file of the checkout."""
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1))

    def replace_code(self, name: str, old: str, new: str) -> None:
        """Replace the first of a text that stands in a module, in code of the checkout's own."""
        self.own_code()
        self.replace(f"scripts/personas/{name}", old, new)

    def own_code(self) -> Path:
        """Return the checkout's own scripts: they are there once this was called."""
        scripts = self.folder / "scripts"
        return scripts if scripts.exists() else shutil.copytree(ROOT / "scripts", scripts)

    def file(self, pattern: str) -> Path:
        """Return the only file of the current grid that a glob finds."""
        [link] = (self.results / "current").glob(pattern)
        return link.resolve(strict=True)

    def dry_run(self) -> set[str]:
        """Return the plain paths of what Snakemake says it would make (its `--summary` names the files)."""
        return {plain(path) for path in self.planned()}

    def execute(self, *arguments: str) -> set[str]:
        """Run Snakemake, and return the plain paths of the files that were really made or made again."""
        before = marks(self.results)
        self.run(*arguments)
        return new(before, marks(self.results))

    def current(self) -> set[str]:
        """Return the plain paths that `current/` shows; each must lead to a file."""
        links = [path for path in (self.results / "current").rglob("*") if path.is_symlink()]
        assert [link for link in links if not link.exists()] == [], "links that lead nowhere"
        return {link.relative_to(self.results / "current").as_posix() for link in links}
