"""One job makes a family of tables or figures; what it finished before it failed is not made again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from personas.core.errors import UserError
from personas.plan import declaration
from personas.plan.artefact import Artefact, Family
from personas.plan.frozen import FrozenPlan, write
from personas.workflow import making
from tests.helpers import PATIENCE, ROOT, Project


@pytest.fixture
def frozen(project: Project) -> FrozenPlan:
    plan = project.freeze().offering(everything=True)
    write(plan)
    return plan


@pytest.fixture
def family(frozen: FrozenPlan) -> Family:
    """The three or more progressions, or whatever family has as many."""
    return max(frozen.families, key=lambda family: len(family.artefacts))


def writes(frozen: FrozenPlan, artefact: Artefact) -> None:
    for path in artefact.outputs:
        (frozen.results / path).parent.mkdir(parents=True, exist_ok=True)
        (frozen.results / path).write_text(f"made in {os.getpid()}")


def failing(broken: str, error: Exception) -> Callable[[FrozenPlan, Artefact], None]:
    def maker(frozen: FrozenPlan, artefact: Artefact) -> None:
        if artefact.outputs[0] == broken:
            raise error
        writes(frozen, artefact)

    return maker


@pytest.mark.parametrize("threads", [1, 2])
def test_all_of_a_family_are_made(
    frozen: FrozenPlan, family: Family, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declaration, "make", writes)
    assert making.make(frozen, family.name, threads)
    told = {(frozen.results / path).read_text() for path in family.outputs}
    assert (f"made in {os.getpid()}" in told) is (threads == 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_finished_is_there_at_the_next_try(
    frozen: FrozenPlan,
    family: Family,
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Snakemake removes what a failed job has made, all of it."""
    broken = family.artefacts[1].outputs[0]
    monkeypatch.setattr(declaration, "make", failing(broken, UserError("a.yaml: found 1, expected 2.")))
    assert not making.make(frozen, family.name, threads)
    assert capfd.readouterr().err.strip() == "a.yaml: found 1, expected 2."
    assert not any((frozen.results / path).exists() for path in family.outputs), "nothing for Snakemake to remove"

    again: list[str] = []

    def noting(frozen: FrozenPlan, artefact: Artefact) -> None:
        again.append(artefact.outputs[0])
        writes(frozen, artefact)

    monkeypatch.setattr(declaration, "make", noting)
    assert making.make(frozen, family.name)
    assert again == [broken]
    assert all((frozen.results / path).exists() for path in family.outputs)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_finished_outlives_any_number_of_tries(
    frozen: FrozenPlan, family: Family, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = family.artefacts[-1]
    monkeypatch.setattr(declaration, "make", failing(broken.outputs[0], UserError("broken")))
    for _ in range(3):
        assert not making.make(frozen, family.name, threads)
    making.restore_finished(frozen)
    there = {path for path in family.outputs if (frozen.results / path).exists()}
    assert there == set(family.outputs) - set(broken.outputs)


def test_what_was_finished_outlives_an_interrupt(
    frozen: FrozenPlan, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(frozen: FrozenPlan, artefact: Artefact) -> None:
        if artefact.outputs[0] == family.artefacts[1].outputs[0]:
            raise KeyboardInterrupt
        writes(frozen, artefact)

    monkeypatch.setattr(declaration, "make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        making.make(frozen, family.name)
    making.restore_finished(frozen)
    there = {path for path in family.outputs if (frozen.results / path).exists()}
    assert there == set(family.artefacts[0].outputs)


def test_what_was_finished_outlives_sigterm(frozen: FrozenPlan, family: Family) -> None:
    program = KILLED.replace(
        "making.make(read(sys.argv[1]), sys.argv[2], 2)", "making.main(*sys.argv[1:3], 1, sys.argv[3])"
    )
    program = program.replace(
        '    Path(frozen.results, "begun")',
        f"""    if artefact.outputs[0] == {family.artefacts[0].outputs[0]!r}:
        for path in artefact.outputs:
            Path(frozen.results, path).parent.mkdir(parents=True, exist_ok=True)
            Path(frozen.results, path).touch()
        return
    Path(frozen.results, "begun")""",
    )
    log = frozen.folder() / "some.log"
    command = [sys.executable, "-c", program, str(frozen.folder() / "plan.json"), family.name, str(log)]
    job = subprocess.Popen(command, cwd=ROOT)
    _until((frozen.results / "begun").exists)
    job.terminate()
    assert job.wait(PATIENCE) == 143
    making.restore_finished(frozen)
    assert all((frozen.results / path).exists() for path in family.artefacts[0].outputs)


def test_what_was_finished_is_there_when_the_run_ends(
    frozen: FrozenPlan, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = family.artefacts[0]
    monkeypatch.setattr(declaration, "make", failing(broken.outputs[0], RuntimeError("broken")))
    assert not making.make(frozen, family.name)
    making.restore_finished(frozen)
    there = {path for path in family.outputs if (frozen.results / path).exists()}
    assert there == set(family.outputs) - set(broken.outputs)


def test_a_plan_of_another_version_is_one_sentence(
    frozen: FrozenPlan, family: Family, capfd: pytest.CaptureFixture[str]
) -> None:
    plan, log = frozen.folder() / "plan.json", frozen.folder() / "some.log"
    plan.write_text(json.dumps({"version": 1}))
    with pytest.raises(SystemExit) as ended:
        making.main(str(plan), family.name, 1, str(log))
    assert ended.value.code == 1 and "found plan version 1" in capfd.readouterr().err
    assert "found plan version 1" in log.read_text()


KILLED = """
import sys, time
from pathlib import Path
from personas.plan import declaration
from personas.plan.frozen import read
from personas.workflow import making

def waits(frozen, artefact):
    Path(frozen.results, "begun").touch()
    time.sleep(600)

declaration.make = waits
making.make(read(sys.argv[1]), sys.argv[2], 2)
"""


def test_forks_end_with_a_job_that_is_killed(frozen: FrozenPlan, family: Family) -> None:
    command = [sys.executable, "-c", KILLED, str(frozen.folder() / "plan.json"), family.name]
    job = subprocess.Popen(command, cwd=ROOT)
    _until((frozen.results / "begun").exists)
    forks = psutil.Process(job.pid).children(recursive=True)
    assert forks
    job.send_signal(signal.SIGKILL)
    job.wait()
    _until(lambda: not any(fork.is_running() and fork.status() != psutil.STATUS_ZOMBIE for fork in forks))


def test_a_fork_that_was_stopped_goes_on(frozen: FrozenPlan, family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(frozen: FrozenPlan, artefact: Artefact) -> None:
        if artefact.outputs[0] == family.artefacts[0].outputs[0]:
            os.kill(os.getpid(), signal.SIGSTOP)
        writes(frozen, artefact)

    monkeypatch.setattr(declaration, "make", stops)
    monkeypatch.setattr(making, "LOOK", 0.1)
    assert making.make(frozen, family.name, 2)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_scripts_of_rules_are_called_like_no_package() -> None:
    """Their folder is searched first: a script called `tabulate` stood in the place of the package."""
    names = {path.stem for path in Path(ROOT / "scripts").glob("*.py")}
    # Not another checkout of ours that this environment has on its path.
    others = [folder for folder in sys.path if not (Path(folder) / "make_artefacts.py").exists()]
    taken = {name for name in names for folder in others if _holds(Path(folder), name)}
    assert not taken | (names & sys.stdlib_module_names)


def _holds(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() or (folder / f"{name}.py").exists()
