"""What must hold for one random study: run, run again, edited, reverted, broken, killed, started twice at once."""

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pyarrow.parquet as pq

from personas.engines.request import STATUSES
from tests.faults.finished import assert_kept, content, journaled
from tests.faults.processes import wait_until
from tests.faults.runs import Launcher
from tests.fuzz.answers import JUDGE, Answers, mark_of
from tests.fuzz.draw import LARGEST, draw_world
from tests.fuzz.edits import EDITS, FREE, NOTHING, SAYS_THE_SAME
from tests.fuzz.truth import Truth
from tests.fuzz.world import World
from tests.helpers import FakeServer
from tests.precision.in_process import InProcess

EDITS_EACH = 2
WATCHED = ("dialogues/", "responses/", "judgements/", "tables/ratings-", "patterns/")
"""Beginnings of the paths of which the truth is known here; the exactness table knows that of one study's others."""

SECOND_START = "is making some of the same files"


class Violation(AssertionError):
    """Something that must hold does not."""


def holds(what: str, condition: bool, detail: object = "") -> None:
    """Raise Violation unless a condition holds."""
    if not condition:
        raise Violation(f"{what}: {detail}" if detail != "" else what)


def same(what: str, ours: AbstractSet[str], truth: AbstractSet[str]) -> None:
    """Raise Violation unless two sets of paths are one."""
    holds(what, ours == truth, f"without need {sorted(ours - truth)}, lacking {sorted(truth - ours)}")


class Requests(NamedTuple):
    """What one run planned to send and sent, of the models and of the judges."""

    planned: tuple[int, int]
    sent: tuple[int, int]


class Study(InProcess):
    """A study whose config lies where the launcher of runs looks for it."""

    @property
    def config_file(self) -> Path:
        return self.folder / "config.yaml"


@dataclass
class Fuzzed:
    """A study of its own folder, and what was ever made there: (path, mark of what shapes it)."""

    folder: Path
    world: World
    server: FakeServer
    answers: Answers
    history: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.project = Study(self.folder)
        self.write(self.world)

    def write(self, world: World) -> None:
        """Put the files of a study into the folder, and the weights they name behind the server."""
        world.write(self.folder)
        models = [*world.raw["models"].values(), *(judge["model"] for judge in world.raw["judges"].values())]
        self.answers.salts = {model["id"]: model["revision"] for model in models}

    def run(self, truth: Truth, missing: AbstractSet[str] = frozenset()) -> Requests:
        """Carry the study through: exactly what was never made is made, and what is `missing` with all behind it."""
        cells = {path for path, mark in truth.cells.items() if (path, mark) not in self.history}
        cells = cells.union(*map(truth.behind, missing))
        rest = {path for path, mark in truth.artefacts.items() if (path, mark) not in self.history}
        rest |= {path for path in truth.artefacts if not cells.isdisjoint(truth.inputs[path])}
        lines, count = self._lines(), self.server.count
        course = self.project.course()
        same("what is planned is what depends on it", _watched(course.planned), cells | rest)
        same("the cells made are those planned", course.cells, cells)
        same("the tables made are those planned", _watched(course.rest), rest)
        same("what was made is current", _watched(course.left), rest)
        self.history |= {*truth.cells.items(), *truth.artefacts.items()}
        same("current/ shows the study", self._shown(), truth.cells.keys() | truth.artefacts.keys())
        bodies = self.server.bodies[count:]
        self._nothing_twice(bodies, lines)
        self._one_status_a_row({path: truth.rows[path] for path in cells})
        judging = sum(body["model"].startswith(JUDGE) for body in bodies)
        return Requests(_planned(self.project), (len(bodies) - judging, judging))

    def _lines(self) -> int:
        """Count the answers in the journals, of which each model and judge has its own."""
        slugs = [folder.name for folder in (self.project.results / "journal").glob("*")]
        journals = [journaled(self.project.results, slug) for slug in slugs]
        holds("no request stands in a journal twice", not any(journal.repeats for journal in journals))
        return sum(len(journal.lines) for journal in journals)

    def _shown(self) -> set[str]:
        folder = self.project.results / "current"
        links = [path for path in folder.rglob("*") if path.is_symlink() and path.exists()]
        return _watched({link.relative_to(folder).as_posix() for link in links})

    def _nothing_twice(self, bodies: list[dict[str, Any]], lines: int) -> None:
        """Two requests are one where a server cannot tell them apart, or where the journal cannot."""
        [(mark, times)] = Counter(map(mark_of, bodies)).most_common(1) or [("", 1)]
        holds("nothing is sent twice", times == 1, [body for body in bodies if mark_of(body) == mark][:1])
        new = self._lines() - lines
        holds("each request sent has a line in a journal", new == len(bodies), f"{new} lines, {len(bodies)} sent")

    def _one_status_a_row(self, rows_of: Mapping[str, int]) -> None:
        links = self.project.results / "current"
        for path, rows in rows_of.items():
            table = pq.read_table((links / path).resolve(strict=True)).to_pylist()
            keys = ("round", "checkpoint", "item_id", "reference_is_a")
            places = {tuple(row.get(key) for key in keys) for row in table}
            holds("each place has one row", len(table) == len(places) == rows, f"{path}: {len(table)}, not {rows}")
            strange = [row for row in table if row["status"] not in STATUSES]
            holds("each row has one status", not strange, f"{path}: {strange[:1]}")

    def run_again(self) -> None:
        """Carry the study through when all is made: nothing is planned, made or sent, whatever it is of."""
        count = self.server.count
        for part in self.project.course():
            same("a second run does nothing", part, set())
        holds("a second run does nothing", self.server.count == count, f"{self.server.count - count} requests sent")

    def nothing_to_do(self, what: str) -> None:
        """Plan: nothing is to be made, whatever it is of."""
        same(what, self.project.planned(), set())


@dataclass
class Report:
    """What was done with one study."""

    number: int
    size: str
    cells: int
    requests: int = 0
    edits: list[str] = field(default_factory=list)
    loss: str | None = None
    killed_after: int = 0

    def __str__(self) -> str:
        loss = [f"lost {self.loss}"] if self.loss else []
        did = "; ".join([*self.edits, *loss, f"killed after {self.killed_after}"])
        return f"{self.number:4} {self.size}: {self.cells} cells, {self.requests} requests; {did}"


def check(
    seed: int,
    number: int,
    folder: Path,
    server: FakeServer,
    launcher: Launcher,
    largest: tuple[int, int] = LARGEST,
) -> Report:
    """Draw a study and hold it to everything; Violation names what does not hold."""
    draw = random.Random(f"{seed} {number}")
    answers = Answers(server)
    world = draw_world(draw, server.base_url, *largest)
    answers.odd = draw.random() < 0.25
    fuzzed, truth = Fuzzed(folder / "study", world, server, answers), Truth(world)
    report = Report(number, size(world, answers.odd), len(truth.cells))
    count = server.count
    requests = fuzzed.run(truth)
    report.requests = server.count - count
    _as_planned("first run", requests, answers.odd)
    fuzzed.run_again()
    undisturbed = content(fuzzed.project)
    _edit_some(fuzzed, draw, report)
    if draw.random() < 0.3:
        report.loss = _lose(fuzzed, draw, truth)
    report.killed_after = draw.randrange(max(1, report.requests))
    _kill(folder / "killed", world, report, undisturbed, answers, launcher)
    return report


def size(world: World, odd: bool) -> str:
    """Return how many there are of everything."""
    raw = world.raw
    counts = {name: len(raw[name]) for name in ("models", "conditions", "benchmarks", "judges")}
    parts = [f"{counts['models']} models", f"{len(world.speakers)} personas"]
    parts += [f"{count} {name}" for name, count in counts.items() if name != "models"]
    return ", ".join([*parts, *(["odd answers"] if odd else [])])


def _edit_some(fuzzed: Fuzzed, draw: random.Random, report: Report) -> None:
    """Edit the study, some on top of one another, and go back."""
    each, now = draw.random() < 0.5, fuzzed.world
    for name in draw.sample(list(EDITS), len(EDITS)):
        after = now.copy()
        if EDITS[name](after, draw) is False or not Truth(after).cells:
            continue
        report.edits.append(name)
        try:
            _edit(fuzzed, name, after)
            if each or len(report.edits) == EDITS_EACH:
                fuzzed.write(fuzzed.world)
                fuzzed.nothing_to_do("a revert plans nothing")
        except Exception as error:
            error.add_note(f"edits, {'each by itself' if each else 'on top of one another'}: {report.edits}")
            raise
        if len(report.edits) == EDITS_EACH:
            return
        if not each and name not in NOTHING:  # some of these name a server that nobody can ask
            now = after


def _edit(fuzzed: Fuzzed, name: str, world: World) -> None:
    fuzzed.write(world)
    if name in NOTHING:
        fuzzed.nothing_to_do("what shapes nothing plans nothing")
        return
    requests = fuzzed.run(Truth(world))
    _as_planned("after the edit", requests, fuzzed.answers.odd, name not in SAYS_THE_SAME)
    holds("what was asked before is not sent", name not in FREE or sum(requests.sent) == 0, requests)
    fuzzed.nothing_to_do("after a run nothing is left")


def _lose(fuzzed: Fuzzed, draw: random.Random, truth: Truth) -> str:
    """Lose a file: it is made again with all that stands on it, by the journal alone. Return what was lost."""
    paths = {cell.plain_path: cell.path for cell in fuzzed.project.grid().cells}
    path = draw.choice(sorted(truth.cells))
    (fuzzed.project.results / paths[path]).unlink()
    requests = fuzzed.run(truth, {path})
    holds("a file that is lost costs no request", sum(requests.sent) == 0, requests)
    return path


def _as_planned(when: str, requests: Requests, odd: bool, exact: bool = True) -> None:
    """Answers that are no texts end dialogues, and leave nothing to judge: then less is sent than planned."""
    for what, planned, sent, is_exact in zip(
        ("models", "judges"), *requests, (not odd, exact and not odd), strict=True
    ):
        right = planned == sent if is_exact else planned >= sent
        holds(f"{when}: what is planned is sent ({what})", right, f"{planned} planned, {sent} sent")


def _planned(project: Study) -> tuple[int, int]:
    """Return what the plan of the last run says it sends, by models and by judges."""
    plan = max((project.results / "runs").glob("*/plan.json"), key=lambda path: int(path.parent.name[4:]))
    raw = json.loads(plan.read_text())
    judging = {batch["name"]: batch["judge"] is not None for batch in raw["batches"]}
    sums = [0, 0]
    for name, estimate in raw["estimates"].items():
        sums[judging[name]] += estimate["requests"] - estimate["journaled"]
    return sums[0], sums[1]


def _watched(paths: AbstractSet[str]) -> set[str]:
    return {path for path in paths if path.startswith(WATCHED)}


def _kill(folder: Path, world: World, report: Report, undisturbed: Any, answers: Answers, launcher: Launcher) -> None:
    """Kill a run after some answers, and go on with two starts at the same moment."""
    project = Study(folder)
    world.write(folder)
    answers.hold(report.killed_after)
    attempt = launcher.start(project)
    wait_until(lambda: answers.waiting or attempt.over, "a request beyond the last that is answered")
    for pid in (attempt.driver, *attempt.batches.values()):
        with suppress(ProcessLookupError):
            os.killpg(attempt.driver, signal.SIGKILL) if pid == attempt.driver else os.kill(pid, signal.SIGKILL)
    wait_until(lambda: attempt.over and not any(map(psutil.pid_exists, attempt.batches.values())), "its end")
    answers.release()
    before = journaled(project.results)
    marks = _start_twice(project, answers, launcher)
    after = journaled(project.results)
    assert_kept(before, after)
    again = marks & before.marks
    holds("what was answered before the kill is not asked again", not again, again)
    new = len(after.lines) - len(before.lines)
    holds("each request sent has a line in a journal", new == len(marks), f"{new} lines, {len(marks)} sent")
    holds("a study that was killed reads like one that was not", content(project) == undisturbed)


def _start_twice(project: Study, answers: Answers, launcher: Launcher) -> set[str]:
    """Start two runs at once: one works and the other gives way. Return the marks of what they ask.

    A request of the killed run may come this late too; nobody answers it, so it is asked again.
    """
    answers.hold(0)
    before = answers.server.count
    runs = [launcher.start(project, patience=0.0) for _ in range(2)]
    wait_until(lambda: any(run.over for run in runs), "one of two starts to give way", 90)
    answers.release()
    codes = [run.wait() for run in runs]
    output = "\n".join(run.told() for run in runs)
    holds("of two starts at once one works", sorted(codes) == [0, 1], f"{codes}\n{output}")
    holds("the other says why it does not", SECOND_START in runs[codes.index(1)].told(), output)
    plans = [(project.results / f"runs/{run.run}/plan.json").exists() for run in runs]
    holds("and leaves no plan", plans[codes.index(1)] is False, plans)
    return {mark_of(body) for body in answers.server.bodies[before:]}
