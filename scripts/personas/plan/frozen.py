"""The frozen plan: one file per invocation that every job of it reads, however late it starts."""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.external.needed import Fetch
from personas.grid.grid import Grid, build_grid
from personas.grid.study import Study
from personas.plan.artefact import Artefact, Family, families
from personas.plan.batches import Batch
from personas.plan.costs.estimate import Estimate, total
from personas.plan.plan import Plan

VERSION = 10


@dataclass(frozen=True)
class Run:
    """One invocation of the workflow: `id` names its folder below `runs/`; the process that drives it."""

    id: str
    host: str
    pid: int
    started: float


@dataclass(frozen=True)
class FrozenPlan:
    """What the jobs of one invocation know. `estimates` are by name of a batch.

    `fetches` are weights to download, `absent` the third-party files (source, path) that were not here when the run
    was planned. `broken`: tables and figures whose files are there and no good. `offered`: artefacts, by their first
    output, that rules of this invocation can make: those that lack a file, or all; `shows_all` tells that it is about
    files that are there too.
    """

    run: Run
    study: Study
    results: Path
    batches: Sequence[Batch]
    artefacts: Sequence[Artefact]
    targets: Sequence[str]
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    fetches: Sequence[Fetch] = ()
    absent: Sequence[tuple[str, str]] = ()
    broken: Sequence[str] = ()
    offered: Sequence[str] = ()
    shows_all: bool = False

    @property
    def fetched_files(self) -> list[str]:
        """Where the files lie that are fetched in this run: whoever reads third-party texts waits for all of them."""
        return [self.study.store.path(source, path).as_posix() for source, path in self.absent]

    @cached_property
    def grid(self) -> Grid:
        """The grid as planned, built again from the frozen study."""
        return build_grid(self.study)

    @cached_property
    def to_make(self) -> frozenset[str]:
        """Cells that a batch makes, broken tables and figures, and those that stand on any of them, directly or not.

        A cell made again has its old name but may hold another text, so what stands on it is made again too.
        """
        paths = {*self.broken, *(path for batch in self.batches for path in batch.outputs)}
        for artefact in self.artefacts:  # in the order in which they follow from each other
            if paths.intersection((*artefact.inputs, *artefact.outputs)):
                paths.update(artefact.outputs)
        return frozenset(paths)

    @cached_property
    def families(self) -> list[Family]:
        """The artefacts that rules of this invocation can make, by family."""
        offered = frozenset(self.offered)
        return families(each for each in self.artefacts if each.outputs[0] in offered)

    def offering(self, everything: bool, needed: Collection[str] | None = None) -> "FrozenPlan":
        """Return the plan with rules for the artefacts that lack a file or stand on what is made, or for all.

        `needed`: of the former only these, by their first outputs; None for no limit.
        """
        lacking = (each for each in self.artefacts if self._lacks(each))
        needing = (each for each in lacking if needed is None or each.outputs[0] in needed)
        chosen = self.artefacts if everything else needing
        return replace(self, offered=tuple(each.outputs[0] for each in chosen), shows_all=everything)

    def to_wait_for(self, paths: Iterable[str]) -> list[str]:
        """Return as many of these files as somebody has to wait for until all are there: one of each job's.

        Files that nobody makes are there. Snakemake makes several objects of each input of each job, and a study's
        jobs have hundreds of thousands; that is why they name few. An invocation that shows all files names them all.
        """
        if self.shows_all:
            return list(paths)
        first: dict[str, str] = {}
        for path in paths:
            if path in self._makers:
                first.setdefault(self._makers[path], path)
        return list(first.values())

    @cached_property
    def _makers(self) -> Mapping[str, str]:
        """The rule that makes each file."""
        batches = {path: batch.name for batch in self.batches for path in batch.outputs}
        fetches = {self.weights_file(fetch): fetch.name for fetch in self.fetches}
        return batches | fetches | {path: family.name for family in self.families for path in family.outputs}

    def _lacks(self, each: Artefact) -> bool:
        return any(path in self.to_make or not (self.results / path).exists() for path in each.outputs)

    def family(self, name: str) -> Family:
        """Return a family by its name."""
        return next(family for family in self.families if family.name == name)

    def stage(self, stage: str) -> list[Batch]:
        """Return the batches of a stage."""
        return [batch for batch in self.batches if batch.stage == stage]

    def batch(self, name: str) -> Batch:
        """Return a batch by the name of its rule."""
        return next(batch for batch in self.batches if batch.name == name)

    def weights_file(self, fetch: Fetch) -> str:
        """Return where it is recorded that weights were downloaded in this run, below the results folder."""
        return f"runs/{self.run.id}/weights/{fetch.slug}.json"

    def weights_files(self, batch: Batch) -> list[str]:
        """Return the records of the weights that a batch waits for: none where they were there before."""
        return [self.weights_file(fetch) for fetch in self.fetches if fetch.slug in (batch.asked_slug, *batch.users)]

    def artefact(self, output: str) -> Artefact:
        """Return the artefact that makes a file, given by its path below the results folder."""
        return self._by_output[output]

    @cached_property
    def _by_output(self) -> Mapping[str, Artefact]:
        return {output: artefact for artefact in self.artefacts for output in artefact.outputs}

    def folder(self) -> Path:
        """The folder of this run."""
        return run_folder(self.results, self.run.id)


def run_folder(results: Path, run_id: str) -> Path:
    """Return the folder of a run below the results folder."""
    return results / "runs" / run_id


def plan_file(results: Path, run_id: str) -> Path:
    """Return where the frozen plan of a run lies."""
    return run_folder(results, run_id) / "plan.json"


def freeze(
    plan: Plan,
    run: Run,
    results: Path,
    estimates: Mapping[str, Estimate] | None = None,
    fetches: Sequence[Fetch] = (),
) -> FrozenPlan:
    """Give a plan the form that jobs read; `estimates` are by path of a cell."""
    by_path = estimates or {}
    asking = [batch for batch in plan.batches if by_path and not batch.imported]
    by_batch = {b.name: total(by_path.get(path, Estimate()) for path in b.outputs) for b in asking}
    study = plan.grid.study
    broken = sorted(path for path in plan.unusable if path not in plan.grid.by_path)
    return FrozenPlan(
        run, study, results, plan.batches, plan.artefacts, plan.targets, by_batch, fetches, study.absent, broken
    )


def write(frozen: FrozenPlan) -> Path:
    """Write a frozen plan to its file and return the path."""
    path = plan_file(frozen.results, frozen.run.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(document(frozen), ensure_ascii=False).encode())
    return path


def document(frozen: FrozenPlan) -> dict[str, Any]:
    """Return a frozen plan as plain JSON types."""
    return {
        "version": VERSION,
        "run": asdict(frozen.run),
        "study": frozen.study.to_json(),
        "results": str(frozen.results),
        "batches": [asdict(batch) for batch in frozen.batches],
        "artefacts": [asdict(artefact) for artefact in frozen.artefacts],
        "targets": list(frozen.targets),
        "absent": [list(file) for file in frozen.absent],
        "estimates": {name: asdict(estimate) for name, estimate in frozen.estimates.items()},
        "fetches": [asdict(fetch) for fetch in frozen.fetches],
        "broken": list(frozen.broken),
        "offered": list(frozen.offered),
        "shows_all": frozen.shows_all,
    }


def read(path: str | os.PathLike[str]) -> FrozenPlan:
    """Read a frozen plan; UserError when it is gone or of another version."""
    try:
        raw: Mapping[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, expected the plan of a run; start Snakemake again.") from None
    if raw.get("version") != VERSION:
        raise UserError(f"{path}: found plan version {raw.get('version')}, expected {VERSION}; start again.")
    return FrozenPlan(
        run=Run(**raw["run"]),
        study=Study.from_json(raw["study"]),
        results=Path(raw["results"]),
        batches=[_tuples(Batch, batch) for batch in raw["batches"]],
        artefacts=[_tuples(Artefact, artefact) for artefact in raw["artefacts"]],
        targets=raw["targets"],
        estimates={name: Estimate(**estimate) for name, estimate in raw["estimates"].items()},
        fetches=[Fetch(**fetch) for fetch in raw["fetches"]],
        absent=[(source, path) for source, path in raw["absent"]],
        broken=raw["broken"],
        offered=raw["offered"],
        shows_all=raw["shows_all"],
    )


def read_batches(path: Path) -> tuple[list[Batch], dict[str, Estimate]]:
    """Read the batches of a frozen plan and their estimates, without the study; nothing where it cannot be read."""
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        batches = [_tuples(Batch, batch) for batch in raw["batches"]]
        return batches, {name: Estimate(**estimate) for name, estimate in raw["estimates"].items()}
    except (OSError, ValueError, TypeError, KeyError):  # of another version, or damaged
        return [], {}


def _tuples(cls: type[Any], raw: Mapping[str, Any]) -> Any:
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()})
