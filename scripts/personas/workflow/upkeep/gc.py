"""`personas gc`: list, and with `--yes` remove, what no present grid needs; put journals in order."""

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from personas.config import load_config
from personas.core.errors import UserError
from personas.core.files import is_full
from personas.core.lease import place_leases
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.plan.disk import existing_files
from personas.plan.frozen import FrozenPlan, Run, freeze
from personas.plan.plan import Plan, make_plan
from personas.plan.why.forgotten import NAME as FORGOTTEN_NOTE
from personas.plan.why.forgotten import note_forgotten
from personas.requests.projection import source_dialogue
from personas.workflow.artefacts import downstream
from personas.workflow.links import refresh_links, remove_empty_folders
from personas.workflow.upkeep.alone import alone, refuse_beside_others
from personas.workflow.upkeep.journals import Compaction, compact, compaction
from personas.workflow.upkeep.survey import LEASE, RESULTS, Survey, survey


@dataclass(frozen=True)
class Rubbish:
    """What can go from a results folder, and which journals can shrink."""

    survey: Survey
    journals: Sequence[Compaction]

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to do."""
        return not self.survey.removable and not any(journal.is_needed for journal in self.journals)


def gc(
    files: Sequence[Path],
    keep: Sequence[Path] = (),
    remove: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Path, Rubbish]:
    """Return the results folder of a config and what is in it that no grid needs; with `remove`, remove that.

    `files` are merged into one config, with `overrides` of top-level keys; each file of `keep` is a study of its own
    in the same results folder. UserError where anybody works there, or a config is wrong.
    """
    plan = _plan(files, overrides)
    results = Path(plan.grid.study.config.results)
    needed = _needed_files(plan, results).union(*(_needed_beside(file, results) for file in keep))
    refuse_beside_others(results)
    rubbish = Rubbish(survey(results, needed), _journals(results))
    if remove and results.is_dir():
        place_leases(results, plan.grid.study.config.machine.locks)
        with alone(results, "gc"):
            _remove(results, rubbish, freeze(plan, _run(), results))
    return results, rubbish


def _plan(files: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> Plan:
    grid = build_grid(resolve(load_config(files, overrides)))
    return make_plan(grid, downstream(grid), existing_files(Path(grid.study.config.results)))


def _needed_files(plan: Plan, results: Path) -> set[str]:
    """Return the files of a grid, and the shorter dialogues that its responses stand behind until theirs are made."""
    on_disk = existing_files(results)
    behind = (
        source_dialogue(results / cell.path)
        for cell in plan.grid.cells
        if cell.behind and cell.path in on_disk and cell.behind.path not in on_disk
    )
    return {*plan.targets, *(path for path in behind if path)}


def _needed_beside(file: Path, results: Path) -> set[str]:
    plan = _plan([file])
    other = Path(plan.grid.study.config.results)
    if other.resolve() != results.resolve():
        raise UserError(f"{file}: results: found {other}, expected {results}, the folder to collect in.")
    return _needed_files(plan, results)


def _journals(results: Path) -> list[Compaction]:
    folders = sorted(path for path in (results / "journal").glob("*") if path.is_dir())
    return [compaction(folder) for folder in folders]


def _remove(results: Path, rubbish: Rubbish, frozen: FrozenPlan) -> None:
    """Remove, compact and link, what makes room first; leases of the dead went when this one was taken."""
    for file in rubbish.survey.removable:
        if file.kind != LEASE:
            (results / file.path).unlink(missing_ok=True)
    for folder in RESULTS:
        remove_empty_folders(results / folder)
    for journal in rubbish.journals:
        if journal.is_needed:
            _unless_full(f"The journals of {journal.slug}", partial(compact, results / "journal" / journal.slug))
    if (results / "journal").is_dir():
        _unless_full(f"The note {FORGOTTEN_NOTE}", lambda: note_forgotten(results, ()))
    _unless_full("The links in current/", lambda: refresh_links(frozen))


def _unless_full(what: str, change: Callable[[], None]) -> None:
    """Make a change that takes room for a moment; on a full disk say that it was not made."""
    try:
        change()
    except OSError as error:
        if not is_full(error):
            raise
        print(
            f"{what} stayed as before: the disk is still full. The same command finishes it later.", file=sys.stderr
        )


def _run() -> Run:
    return Run("gc", socket.gethostname(), os.getpid(), time.time())
