"""A checkout that can be edited by place, and tells what Snakemake plans and what a run really makes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.helpers import edited
from tests.precision.world import plain
from tests.workflow.conftest import Checkout

STAGES = ("dialogues", "responses", "judgements", "tables", "patterns", "figures", "report")


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

    def edit_json(self, name: str, edit: Callable[[Any], object]) -> None:
        path = self.folder / name
        document = json.loads(path.read_text())
        edit(document)
        path.write_text(json.dumps(document))

    def file(self, pattern: str) -> Path:
        """Return the only result file that a glob finds."""
        [found] = self.results.glob(pattern)
        return found

    def dry_run(self) -> set[str]:
        """Return the plain paths of what Snakemake says it would make (its `--summary` names the files)."""
        return {plain(path) for path in self.planned()}

    def execute(self, *arguments: str) -> set[str]:
        """Run, and return the plain paths of the files that were really made or made again."""
        before = self._files()
        self.run(*arguments)
        return {plain(path) for path, mark in self._files().items() if before.get(path) != mark}

    def _files(self) -> dict[str, tuple[int, int]]:
        files = [path for stage in STAGES for path in (self.results / stage).rglob("*.*") if path.is_file()]
        marks = {path: path.stat() for path in files}
        return {p.relative_to(self.results).as_posix(): (m.st_ino, m.st_mtime_ns) for p, m in marks.items()}
