"""SIGKILL in the middle of a dialogue: nothing runs on, the same command finishes, nothing is asked twice."""

import signal
import subprocess

import pytest

from personas.requests.journal_lines import finished_keys
from tests.helpers import PATIENCE
from tests.workflow.conftest import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.engine]

BATCH = "generate_smollm2_01"
VICTIMS = {
    "batch": ".generate.py",
    "engine": "personas.engines.llamacpp_server",
    "keeper": "personas.core.process_guard",
    "snakemake": "snakemake",
}


def _journaled(checkout: Checkout) -> list[str]:
    return finished_keys(checkout.results / "journal")


@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_in_the_middle_of_a_dialogue(checkout: Checkout, victim: str) -> None:
    process = checkout.start(BATCH)
    checkout.wait_for(lambda: len(_journaled(checkout)) >= 8, "eight finished requests")
    target = process.pid if victim == "snakemake" else checkout.the(VICTIMS[victim]).pid
    subprocess.run(["kill", "-KILL", str(target)], check=True)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0, output
    checkout.wait_for(lambda: not checkout.processes(), "everything of ours to end", timeout=30)
    before = _journaled(checkout)
    assert len(before) < 36, "the kill came too late to prove anything"

    finished = checkout.run(BATCH)

    assert "Made: 14 of 14 cells" in finished
    after = _journaled(checkout)
    assert len(after) == len(set(after)), "a finished request was sent a second time"
    assert set(before) <= set(after), "a finished request was lost"
    checkout.wait_for(lambda: not checkout.processes(), "everything of ours to end", timeout=30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_ends_cleanly_and_the_next_run_goes_on(checkout: Checkout, number: signal.Signals) -> None:
    process = checkout.start(BATCH)
    checkout.wait_for(lambda: len(_journaled(checkout)) >= 8, "eight finished requests")
    for ours in [process.pid, checkout.the(".generate.py").pid]:
        subprocess.run(["kill", f"-{number.name}", str(ours)], check=False)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    checkout.wait_for(lambda: not checkout.processes(), "everything of ours to end", timeout=30)

    checkout.run(BATCH)

    after = _journaled(checkout)
    assert len(after) == len(set(after))
