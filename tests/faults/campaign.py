"""A campaign of kills on one ground, and its tally."""

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from personas.plan.disk import existing_files
from tests.faults.finished import (
    Journaled,
    assert_complete,
    assert_kept,
    assert_not_asked_again,
    content,
    journaled,
)
from tests.faults.grounds import Ground, Run
from tests.faults.processes import wait_for_none
from tests.helpers import Project

PHASES = ("planning", "starting", "asking", "writing cells", "leaving")
DRIVERS = ("driver", "snakemake")
GONE_WITHIN = 30.0


@dataclass
class Tally:
    """What a campaign did: kills by ground, by victim and signal, and by phase; runs that were let finish."""

    struck: Counter[str] = field(default_factory=Counter)
    victims: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    late: int = 0
    finished: int = 0

    @property
    def kills(self) -> int:
        return self.struck.total()

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.struck + other.struck,
            self.victims + other.victims,
            self.phases + other.phases,
            self.late + other.late,
            self.finished + other.finished,
        )

    def __str__(self) -> str:
        def line(what: str, counts: Counter[str]) -> str:
            return f"{what}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))

        told = {"where": self.struck, "when": self.phases, "who": self.victims}
        rest = f"signals that came too late to count: {self.late}; studies finished and compared: {self.finished}"
        return "\n".join([f"{self.kills} kills", *(line(*pair) for pair in told.items()), rest])


class Campaign:
    """Kills on one ground. Every choice is drawn from `seed`, so a violation can be looked for again."""

    def __init__(self, ground: Ground, folder: Path, seed: int) -> None:
        self._ground = ground
        self._folder = folder / ground.name
        self._random = random.Random(f"{ground.name} {seed}")
        self._tally = Tally()
        self._studies = 0
        self._known: set[Path] = set()
        self._folder.mkdir(parents=True)
        project = self._new_study()
        assert self._ground.start(project).finished(), "the undisturbed run failed"
        assert_complete(project)
        self._undisturbed = content(project)
        self._requests = len(journaled(project.results).lines)

    def strike(self, kills: int, stop: Callable[[], bool]) -> Tally:
        """Kill so often, finishing and comparing a study after every few kills."""
        while self._tally.kills < kills and not stop():
            project = self._new_study()
            left = min(self._random.randint(4, 8), kills - self._tally.kills)
            while left and self._kill(project):
                left -= 1
            self._finish(project)
            shutil.rmtree(project.folder)
        return self._tally

    def _new_study(self) -> Project:
        self._studies += 1
        return self._ground.study(self._folder / f"{self._studies:04d}")

    def _kill(self, project: Project) -> bool:
        """Start a run and kill it; False when it had ended before."""
        before = journaled(project.results)
        victim, number = self._random.choice(self._ground.victims)
        run = self._ground.start(project)
        self._wait_for_a_moment(run, before)
        send = run.victim(victim)
        while send is None and not run.over():
            time.sleep(0.01)
            send = run.victim(victim)
        if send is not None:
            send(number)
            if victim in DRIVERS and number == signal.SIGKILL:
                self._ground.hold()  # else a batch that did not notice would end by itself, unnoticed
        killed = not run.finished()
        self._nothing_runs()
        after = self._compare(project, before)
        phase = self._phase(project, before, after)
        if killed and victim == "batch" and number != signal.SIGKILL and phase == "asking":
            assert "stopped: " in run.told() and "Traceback" not in run.told(), run.told()
        if killed:
            self._tally.struck[self._ground.name] += 1
            name = victim.removeprefix("personas.engines.").strip(".")
            self._tally.victims[f"{name} {signal.Signals(number).name}"] += 1
            self._tally.phases[phase] += 1
        else:
            self._tally.late += 1
        return killed

    def _wait_for_a_moment(self, run: Run, before: Journaled) -> None:
        """Wait for a moment anywhere in the life of the run."""
        at_start, at_end = self._ground.late
        remaining = self._requests - len(before.lines)
        aim = self._random.choice(("start", "asking", "asking", "end"))
        drawn = self._random.random()
        if aim == "start":
            time.sleep(drawn * at_start)
            return
        wanted = remaining if aim == "end" else 1 + int(drawn * remaining)
        while not self._ground.arrived(wanted) and not run.over():
            pass  # `arrived` itself waits a while
        time.sleep(self._random.random() * (at_end if aim == "end" else 0.03))

    def _nothing_runs(self) -> None:
        wait_for_none(self._ground.processes, GONE_WITHIN)

    def _compare(self, project: Project, before: Journaled) -> Journaled:
        after = journaled(project.results)
        assert_kept(before, after)
        asked = self._ground.asked()
        if asked is not None:
            assert_not_asked_again(before, asked)
        return after

    def _phase(self, project: Project, before: Journaled, after: Journaled) -> str:
        """Tell what the run was doing, by what it left."""
        new = set((project.results / "runs").glob("*/plan.json")) - self._known
        self._known |= new
        asked = self._ground.asked()
        if not new:
            return "planning"
        if len(after.lines) < self._requests:
            began = len(after.lines) > len(before.lines) or bool(asked)
            return "asking" if began else "starting"
        missing = len(self._undisturbed) - len(existing_files(project.results))
        return "writing cells" if missing else "leaving"

    def _finish(self, project: Project) -> None:
        before = journaled(project.results)
        run = self._ground.start(project)
        assert run.finished(), f"a run that nobody disturbed failed:\n{run.told()}"
        self._nothing_runs()
        self._compare(project, before)
        assert_complete(project, self._undisturbed)
        self._tally.finished += 1
