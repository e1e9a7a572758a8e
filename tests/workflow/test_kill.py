"""SIGKILL in the middle of a dialogue: nothing runs on, the same command finishes, nothing is asked twice."""

import signal
import subprocess

import pytest

from personas.requests.journal_lines import finished_keys
from tests.helpers import PATIENCE
from tests.workflow.conftest import Checkout, tiny_config

pytestmark = [pytest.mark.workflow, pytest.mark.engine]

BATCH = "generate_smollm2_01"
VICTIMS = {
    "batch": ".generate.py",
    "engine": "personas.engines.llamacpp_server",
    "keeper": "personas.core.process_guard",
    "snakemake": "snakemake",
}


@pytest.fixture
def study(checkout: Checkout) -> Checkout:
    """Four dialogues at a time, and what is asked in them; small, because six tests hold them all."""
    config = tiny_config(benchmarks={"xstest": {"items": "data/demo/xstest.csv", "limit": 1}})
    config["conditions"]["persona-directed"]["orders"] = ["fixed"]
    checkout.configure(config)
    return checkout


def _journaled(checkout: Checkout) -> list[str]:
    return finished_keys(checkout.results / "journal")


@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_in_the_middle_of_a_dialogue(study: Checkout, victim: str) -> None:
    process = study.start(BATCH)
    study.wait_for(lambda: len(_journaled(study)) >= 5, "five finished requests")
    target = process.pid if victim == "snakemake" else study.the(VICTIMS[victim]).pid
    subprocess.run(["kill", "-KILL", str(target)], check=True)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0, output
    study.wait_for(lambda: not study.processes(), "everything of ours to end", timeout=30)
    before = _journaled(study)
    assert len(before) < 22, "the kill came too late to prove anything"

    finished = study.run(BATCH)

    assert "Made: 8 of 8 cells" in finished
    after = _journaled(study)
    assert len(after) == len(set(after)), "a finished request was sent a second time"
    assert set(before) <= set(after), "a finished request was lost"
    study.wait_for(lambda: not study.processes(), "everything of ours to end", timeout=30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_ends_cleanly_and_the_next_run_goes_on(study: Checkout, number: signal.Signals) -> None:
    process = study.start(BATCH)
    study.wait_for(lambda: len(_journaled(study)) >= 5, "five finished requests")
    for ours in [process.pid, study.the(".generate.py").pid]:
        subprocess.run(["kill", f"-{number.name}", str(ours)], check=False)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    study.wait_for(lambda: not study.processes(), "everything of ours to end", timeout=30)

    study.run(BATCH)

    after = _journaled(study)
    assert len(after) == len(set(after))


def test_a_played_user_and_interventions_outlive_a_kill(checkout: Checkout) -> None:
    """Three interventions and a user whom the model plays: killed in the middle, and nothing is asked twice."""
    config = tiny_config(benchmarks={"xstest": {"items": "data/demo/xstest.csv", "limit": 1}})
    config["conditions"] = {"friend": {"user": {"brief": "config/users/curious-friend.yaml"}, "rounds": 3}}
    kinds = {"told": {"kind": "remind", "every": 1}, "last": {"kind": "window", "rounds": 1}}
    config["interventions"] = {**kinds, "said": {"kind": "restate", "every": 2}}
    checkout.configure(config)
    process = checkout.start(BATCH)
    checkout.wait_for(lambda: len(_journaled(checkout)) >= 12, "twelve finished requests")
    subprocess.run(["kill", "-KILL", str(process.pid)], check=True)
    process.communicate(timeout=PATIENCE)
    checkout.wait_for(lambda: not checkout.processes(), "everything of ours to end", timeout=30)
    before = _journaled(checkout)

    checkout.run("tables/benefits", "tables/role-reversals")

    after = _journaled(checkout)
    assert set(before) <= set(after) and len(after) == len(set(after)), "lost, or sent a second time"
    assert (checkout.results / "current/tables/role-reversals.csv").exists()
