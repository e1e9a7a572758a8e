"""How long planning takes on a grid of N cells: `uv run python -m tests.benchmarks.plan_cells [N ...] [--all]`.

Makes a synthetic study in a temporary folder and starts `snakemake -n -q all` there twice: from nothing, and
over the complete grid (every file of it exists and holds one word). Prints wall and CPU seconds, and the
largest resident memory of the process. Not a test: it asserts nothing, and pytest does not collect it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.config import load_config
from scripts.grid.grid import build_grid
from scripts.grid.study import resolve
from scripts.plan.plan import Plan, make_plan
from tests.helpers import copy_project

SIZES = (2_000, 5_000, 10_000, 20_000)
MODELS = 10
# Per model: a persona has 4 dialogues and 2 x 5 responses; the baseline has 4 dialogues, 2 x 3 responses, and
# 2 x 2 for every persona that it stands in for.
PER_PERSONA, PER_MODEL = 14 + 4, 4 + 6


@dataclass(frozen=True)
class Measured:
    """One process: wall seconds, CPU seconds, largest resident memory in bytes."""

    seconds: float
    cpu: float
    memory: int

    def __str__(self) -> str:
        return f"{self.seconds:6.1f} s {self.cpu:6.1f} s {self.memory / 1e6:6.0f} MB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every size asked for and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cells", nargs="*", type=int, help="sizes of the grid (default: 20000)")
    parser.add_argument("--all", action="store_true", help=f"the sizes {', '.join(map(str, SIZES))}")
    parser.add_argument("--keep", type=Path, help="make the study in this new folder and leave it there")
    given = parser.parse_args(arguments)
    print(f"{'':15}   {'from nothing':^26}   {'complete grid':^26}")
    print(f"{'cells':>7} {'batches':>7}" + f"   {'wall':>8} {'CPU':>8} {'memory':>9}" * 2)
    for cells in SIZES if given.all else given.cells or [SIZES[-1]]:
        if given.keep:
            _measure(cells, given.keep / str(cells))
        else:
            with tempfile.TemporaryDirectory(prefix="plan-cells-") as folder:
                _measure(cells, Path(folder) / "project")


def _measure(cells: int, folder: Path) -> None:
    make_study(cells, folder)
    plan = plan_of(folder)
    nothing = dry_run(folder)
    complete(folder, plan)
    everything = dry_run(folder)
    print(f"{len(plan.grid.cells):7d} {len(plan.batches):7d}   {nothing}   {everything}", flush=True)


def make_study(cells: int, folder: Path) -> None:
    """Copy the project into `folder`, with a config of about `cells` cells."""
    copy_project(folder)
    roles = [f"Role {number:04d}" for number in range(max(1, round((cells / MODELS - PER_MODEL) / PER_PERSONA)))]
    _write_personas(folder / "synthetic/personas", roles)
    _write_items(folder / "synthetic/items", roles)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(_config(), sort_keys=False))


def _write_personas(folder: Path, roles: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    for role in roles:
        persona = {"role": role, "description": f"You are {role}. " + "You have a trait. " * 10}
        (folder / f"{role.lower().replace(' ', '-')}.yaml").write_text(yaml.safe_dump(persona))


def _write_items(folder: Path, roles: Sequence[str]) -> None:
    (folder / "role-specific").mkdir(parents=True)
    general = []
    for role in roles:
        own = [{"question": f"{role}, what is question {n}?", "answer": "A reference answer."} for n in range(4)]
        _write_lines(folder / f"role-specific/role-specific-{role}.jsonl", own)
        general += [{"role": role, "question": f"What is {n}?", "generated": ["A reference."]} for n in range(4)]
    _write_lines(folder / "general.jsonl", general)


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _config() -> dict[str, Any]:
    model = {
        "engine": "endpoint",
        "id": "org/model",
        "base_url": "http://127.0.0.1:9/v1",
        "sampling": {"temperature": 0.0, "max_tokens": 256},
    }
    both = ["fixed", "shuffled"]
    return {
        "models": {f"model-{n}": {**model, "revision": f"r{n}"} for n in range(MODELS)},
        "personas": {"folder": "synthetic/personas"},
        "conditions": {
            "persona-directed": {"turns": "data/demo/interview.json", "rounds": 10, "orders": both},
            "goal-oriented": {"turns": "data/demo/instructions.json", "rounds": 10, "orders": both},
        },
        "checkpoints": list(range(11)),
        "benchmarks": {
            "bfi": {"items": "data/demo/bfi.json", "limit": 2},
            "xstest": {"items": "data/demo/xstest.csv", "limit": 2},
            "ifbench": {"items": "data/demo/ifbench.jsonl", "limit": 2},
            "role-specific": {"items": "synthetic/items/role-specific", "limit": 2},
            "general": {"items": "synthetic/items/general.jsonl", "limit": 2},
        },
    }


def plan_of(folder: Path) -> Plan:
    """Plan the study against an empty results folder."""
    with chdir(folder):
        return make_plan(build_grid(resolve(load_config([Path("config/config.yaml")]))), frozenset())


def complete(folder: Path, plan: Plan) -> None:
    """Write a placeholder for every file of the grid."""
    for target in plan.targets:
        path = folder / "results" / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("placeholder")


def dry_run(folder: Path) -> Measured:
    """Start `snakemake -n -q all` in the folder and measure it; SystemExit with its output if it fails."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SNAKEMAKE_PROFILE")}
    with tempfile.TemporaryFile("w+") as told:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "-n", "-q", "all"],
            cwd=folder,
            env=kept,
            stdout=told,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        output = told.read()
    if process.returncode != 0:
        raise SystemExit(f"snakemake ended with {process.returncode}:\n{output}")
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


if __name__ == "__main__":
    main()
