"""Upkeep and runs keep out of each other's way, and a forgotten cell is made by the same command as ever."""

import os
import subprocess
import sys

import pytest

from personas.core.lease import EVERYTHING
from personas.requests.packed_journal import NAME as PACKED
from tests.helpers import PATIENCE, ROOT, FakeServer
from tests.unit.test_lease import holder
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow


def _personas(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from personas.cli.main import main; main()", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    return subprocess.run(
        command, cwd=checkout.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_runs_and_upkeep_one_after_the_other(checkout: Checkout, server: FakeServer) -> None:
    checkout.configure(tiny_config(models={"fake": fake_model(server.base_url)}, patterns={"benchmarks": []}))
    release = server.hold(1)
    first = checkout.start("generate")
    checkout.wait_for(lambda: list(checkout.results.glob("journal/fake/*.jsonl")), "the first answer")
    for arguments in (["forget", "dialogues/*"], ["gc"], ["gc", "--yes"]):
        refused = _personas(checkout, *arguments)
        assert refused.returncode == 1 and f"Another run (process {first.pid} on " in refused.stderr
    release.set()
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 0
    assert "Nothing to remove." in _personas(checkout, "gc", "--yes").stdout

    asked = server.count
    done = _personas(checkout, "forget", "responses/fake/baseline/xstest/*")
    assert done.returncode == 0 and "Answers forgotten: 6." in done.stdout, done.stdout + done.stderr
    with holder(checkout.results / "leases", EVERYTHING) as other:
        told = checkout.run(check=False)
        assert f"process {other.pid}" in told and "is tidying the same results folder" in told
        assert "Traceback" not in told and server.count == asked
        assert "2 missing: forgotten" in checkout.run("-n")
    checkout.run("generate", "tables/by-checkpoint")
    assert server.count == asked + 6
    removed = _personas(checkout, "gc", "--yes").stdout
    assert "Removed: 1 file" in removed, "the removed lines: journals were packed when the run ended"
    assert [path.name for path in (checkout.results / "journal/fake").iterdir() if path.is_file()] == [PACKED]
    again = "\n".join(sorted(checkout.planned()))
    assert not any(part in again for part in ("/dialogues/", "/responses/", "tables/by-checkpoint.")), again
    assert server.count == asked + 6
