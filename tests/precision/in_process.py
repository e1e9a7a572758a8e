"""What a run makes of a checkout, without Snakemake: it is planned, its cells are made, then what follows from them.

Ratings are really made. Of what follows from them only the names matter: a stub stands for each file.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from personas.core.files import write_atomically
from personas.core.parquet import write_table
from personas.plan import declaration
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan
from personas.plan.why.unusable import MARKS
from personas.workflow.links import refresh_links
from tests.helpers import ROOT, Project, carry_out
from tests.precision.world import plain

RATE = frozenset({"ratings"})
RATE_AND_MINE = RATE | {"patterns"}
"""Stages whose files are really made."""
READ = ("measures",)
"""Tables that are really made, because no edit renames them, and what Snakemake makes anew reads them."""
STAGES = ("dialogues", "responses", "judgements", "tables", "patterns", "figures", "report")


class Course(NamedTuple):
    """Plain paths of what was planned, of the cells made, of what was planned then, and of what was made last."""

    planned: set[str]
    cells: set[str]
    left: set[str]
    rest: set[str]


@dataclass(frozen=True)
class InProcess(Project):
    """A checkout, planned and run by the code that this process has imported."""

    @property
    def config_file(self) -> Path:
        return self.folder / "config/config.yaml"

    def planned(self) -> set[str]:
        """Return the plain paths of what a run would make."""
        return self._to_make(self.freeze())

    def course(self, stages: frozenset[str] = RATE) -> Course:
        """Make everything that is missing: the cells, then the rest, really if of these stages, else as a stub."""
        before, frozen = marks(self.results), self.freeze(f"run-{len(list(self.results.glob('runs/*')))}")
        planned = self._to_make(frozen)
        carry_out(frozen)
        between, left = marks(self.results), self.planned()
        for artefact in self._lacking(frozen):
            is_real = artefact.stage in stages or artefact.declared_family in READ
            (declaration.make if is_real else _make_stubs)(frozen, artefact)
        refresh_links(frozen)
        return Course(planned, new(before, between), left, new(between, marks(self.results)))

    def _to_make(self, frozen: FrozenPlan) -> set[str]:
        lacking = (path for artefact in self._lacking(frozen) for path in artefact.outputs)
        return {plain(path) for path in frozen.to_make.union(lacking)}

    def _lacking(self, frozen: FrozenPlan) -> Iterator[Artefact]:
        """Yield the artefacts of which a file is not there."""
        for artefact in frozen.artefacts:
            if not all((self.results / path).exists() for path in artefact.outputs):
                yield artefact


def _make_stubs(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write files that begin and end as whole ones do, and are no two alike."""
    for path in artefact.outputs:
        if path.endswith(".parquet"):
            write_table(frozen.results / path, pa.table({"path": [path]}))
        else:
            begins, ends = MARKS.get(path.rpartition(".")[2], (b"", b""))
            write_atomically(frozen.results / path, begins + path.encode() + ends)


Marks = Mapping[str, tuple[int, int]]
"""Path below the results folder -> what tells a file from the same one made again."""


def marks(results: Path) -> Marks:
    """Return the marks of the results of all stages."""
    files = [path for stage in STAGES for path in (results / stage).rglob("*.*") if path.is_file()]
    stats = {path.relative_to(results).as_posix(): path.stat() for path in files}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}


def new(before: Marks, after: Marks) -> set[str]:
    """Return the plain paths of the files that were made, or made again, in between."""
    return {plain(path) for path, mark in after.items() if before.get(path) != mark}


def course(folder: Path) -> Course:
    """Carry a checkout through; where its code was edited, in a process with its code."""
    return Course(*_in_its_code(folder, "course")) if _has_own_code(folder) else InProcess(folder).course()


def planned(folder: Path) -> set[str]:
    """Return the plain paths of what a run of a checkout would make, by its own code."""
    return _in_its_code(folder, "planned")[0] if _has_own_code(folder) else InProcess(folder).planned()


def _has_own_code(folder: Path) -> bool:
    return (folder / "scripts").exists() and _code(folder) != _code(ROOT)


def _code(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in (folder / "scripts").rglob("*.py")}


def _in_its_code(folder: Path, verb: str) -> list[set[str]]:
    """Have this module run by a process in a checkout, which finds the checkout's code first."""
    environment = os.environ | {"PYTHONPATH": f"{folder}/scripts:{ROOT}"}
    command = [sys.executable, "-m", "tests.precision.in_process", verb]
    told = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, timeout=120)
    return [set(paths) for paths in json.loads(told.stdout)]


def main() -> None:
    """Plan the checkout in which this process runs, or carry it through, and print lists of plain paths."""
    checkout = InProcess(Path.cwd())
    found = checkout.course() if sys.argv[1] == "course" else [checkout.planned()]
    print(json.dumps([sorted(paths) for paths in found]))


if __name__ == "__main__":
    main()
