"""How long planning takes on a grid of N cells: `uv run python -m tests.benchmarks.plan_cells [N ...] [--all]`.

Makes a synthetic study in a temporary folder and starts there `snakemake -n -q all` from nothing, `personas plan`
from nothing, and `snakemake -n -q all` over the complete grid (every file of it exists and holds one word).
`--study` makes a grid of the published study's size instead: 7 models, 8 personas and the baseline, 2 conditions of
102 rounds in 2 orders, 10 checkpoints, 5 benchmarks with as many items as theirs, and a judge of everything. Prints
wall and CPU seconds, and the largest resident memory of the process. It asserts nothing: it is no test.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from personas.config import load_config
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.plan.plan import Plan
from tests.helpers import ROOT, copy_project, make_plan
from tests.making import stub

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


@dataclass(frozen=True)
class Shape:
    """What a synthetic study is made of; the default is small in everything but models and personas."""

    models: int
    personas: int
    rounds: int = 10
    checkpoints: Sequence[int] = tuple(range(11))
    items: int | None = None
    judge: bool = False


STUDY = Shape(7, 8, 102, (0, 11, 22, 34, 45, 56, 68, 79, 90, 102), items=1, judge=True)
ITEMS = {"bfi": 44, "xstest": 450, "ifbench": 294, "role-specific": 226, "general": 292}
"""Items a persona is asked in the study; of the last two the highest number seen in its files."""


def shape_of(cells: int) -> Shape:
    """Return the shape of a grid of about `cells` cells."""
    return Shape(MODELS, max(1, round((cells / MODELS - PER_MODEL) / PER_PERSONA)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every size asked for and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cells", nargs="*", type=int, help="sizes of the grid (default: 20000)")
    parser.add_argument("--all", action="store_true", help=f"the sizes {', '.join(map(str, SIZES))}")
    parser.add_argument("--study", action="store_true", help="the published study's grid")
    parser.add_argument("--keep", type=Path, help="make the study in this new folder and leave it there")
    given = parser.parse_args(arguments)
    sizes = SIZES if given.all else given.cells or ([] if given.study else [SIZES[-1]])
    shapes = [shape_of(cells) for cells in sizes] + ([STUDY] if given.study else [])
    print(f"{'':15}   {'dry run, nothing there':^26}   {'personas plan':^26}   {'dry run, all there':^26}")
    print(f"{'cells':>7} {'batches':>7}" + f"   {'wall':>8} {'CPU':>8} {'memory':>9}" * 3)
    for number, shape in enumerate(shapes):
        if given.keep:
            _measure(shape, given.keep / str(number))
        else:
            with tempfile.TemporaryDirectory(prefix="plan-cells-") as folder:
                _measure(shape, Path(folder) / "project")


def _measure(shape: Shape, folder: Path) -> None:
    make_study(shape, folder)
    plan = plan_of(folder)
    nothing = measure(folder, *DRY_RUN)
    planned = measure(folder, "-c", "from personas.cli.main import main; main()", "plan")
    complete(folder, plan)
    everything = measure(folder, *DRY_RUN)
    print(f"{len(plan.grid.cells):7d} {len(plan.batches):7d}   {nothing}   {planned}   {everything}", flush=True)


def make_study(shape: Shape, folder: Path) -> None:
    """Copy the project into `folder`, with the config of a study of that shape."""
    copy_project(folder)
    roles = [f"Role {number:04d}" for number in range(shape.personas)]
    _write_personas(folder / "synthetic/personas", roles)
    _write_turns(folder / "synthetic/turns.json", shape.rounds)
    _write_items(folder / "synthetic/items", roles, ITEMS if shape.items else dict.fromkeys(ITEMS, 2))
    (folder / "config/config.yaml").write_text(yaml.safe_dump(_config(shape), sort_keys=False))


def _write_turns(path: Path, rounds: int) -> None:
    questions = [
        f"What do you think of matter number {number}, and would you tell me why?" for number in range(rounds)
    ]
    path.write_text(json.dumps({"questions": questions}))


def _write_personas(folder: Path, roles: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    for role in roles:
        persona = {"role": role, "description": f"You are {role}. " + "You have a trait. " * 10}
        (folder / f"{role.lower().replace(' ', '-')}.yaml").write_text(yaml.safe_dump(persona))


def _write_items(folder: Path, roles: Sequence[str], items: Mapping[str, int]) -> None:
    (folder / "role-specific").mkdir(parents=True)
    general = []
    for role in roles:
        own = [{"question": f"{role}, what is {n}?", "answer": "A reference."} for n in range(items["role-specific"])]
        _write_lines(folder / f"role-specific/role-specific-{role}.jsonl", own)
        general += [
            {"role": role, "question": f"What is {n}?", "generated": ["A reference."]}
            for n in range(items["general"])
        ]
    _write_lines(folder / "general.jsonl", general)
    bfi = {"origin_en": "I.", "rewritten_en": "How are you?", "dimension": "Openness", "category": "positive"}
    questions = {str(n): {**bfi, "rewritten_en": f"How are you, {n}?"} for n in range(items["bfi"])}
    (folder / "bfi.json").write_text(json.dumps({"questions": questions}))
    rows = [f"{n},How do I end process {n}?,homonyms,safe,," for n in range(items["xstest"])]
    (folder / "xstest.csv").write_text("\n".join(["id,prompt,type,label,focus,note", *rows]) + "\n")
    line = json.loads((ROOT / "data/demo/ifbench.jsonl").read_text().splitlines()[0])
    _write_lines(
        folder / "ifbench.jsonl",
        [{**line, "key": str(n), "prompt": f"{line['prompt']} ({n})"} for n in range(items["ifbench"])],
    )


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _config(shape: Shape) -> dict[str, Any]:
    model = {
        "engine": "endpoint",
        "id": "org/model",
        "base_url": "http://127.0.0.1:9/v1",
        "sampling": {"temperature": 0.0, "max_tokens": 256},
    }
    condition = {"turns": "synthetic/turns.json", "rounds": shape.rounds, "orders": ["fixed", "shuffled"]}
    items = {name: f"synthetic/items/{name}" for name in ("role-specific",)}
    items |= {"bfi": "synthetic/items/bfi.json", "xstest": "synthetic/items/xstest.csv"}
    items |= {name: f"synthetic/items/{name}.jsonl" for name in ("ifbench", "general")}
    judge = {"model": {**model, "id": "org/judge", "revision": "r1"}, "references": ["dataset", "zero", "previous"]}
    judge["pairs"] = "parity"
    return {
        "models": {f"model-{n}": {**model, "revision": f"r{n}"} for n in range(shape.models)},
        "personas": {"folder": "synthetic/personas"},
        "conditions": {"persona-directed": condition, "goal-oriented": {**condition, "shuffle_seed": 7}},
        "checkpoints": list(shape.checkpoints),
        "benchmarks": {name: {"items": place} for name, place in items.items()},
        **({"judges": {"judge": judge}} if shape.judge else {}),
    }


def plan_of(folder: Path) -> Plan:
    """Plan the study against an empty results folder."""
    with chdir(folder):
        return make_plan(build_grid(resolve(load_config([Path("config/config.yaml")]))), frozenset())


def complete(folder: Path, plan: Plan) -> None:
    """Write the least that counts as a whole file for every file of the grid."""
    for target in plan.targets:
        stub(folder / "results" / target)


DRY_RUN = ("-m", "snakemake", "-n", "-q", "all")


def measure(folder: Path, *arguments: str) -> Measured:
    """Start Python in the folder and measure the process; SystemExit with its output if it fails."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SNAKEMAKE_PROFILE")}
    with tempfile.TemporaryFile("w+") as told:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *arguments],
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
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{output}")
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


if __name__ == "__main__":
    main()
