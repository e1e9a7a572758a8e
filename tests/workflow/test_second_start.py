"""Two starts at once: the second stops with one sentence and disturbs nothing; a dry run may always look."""

import pytest

from tests.helpers import PATIENCE, FakeServer, personas
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow


def _status(checkout: Checkout) -> str:
    return personas(checkout.folder, "status").stdout


def test_second_start_stops_with_one_sentence(checkout: Checkout, server: FakeServer) -> None:
    checkout.configure(tiny_config(models={"fake": fake_model(server.base_url)}))
    release = server.hold(1)
    first = checkout.start("generate")
    checkout.wait_for(lambda: server.count, "the batch to ask")
    second = checkout.start()
    told, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    sentences = [line for line in told.splitlines() if "is making some of the same files" in line]
    assert len(sentences) == 1 and f"process {first.pid}" in sentences[0], told
    assert "Traceback" not in told and "unlock" not in told

    looked = checkout.run("-n")
    assert "generate_fake_01" in looked

    checkout.wait_for(lambda: "1 of 40" in _status(checkout), "what is answered to be told")
    assert "generate_fake_01 (process" in _status(checkout)

    release.set()
    output, _ = first.communicate(timeout=PATIENCE)
    assert first.returncode == 0, output
    assert len(list(checkout.results.glob("responses/**/*.parquet"))) == 2 * 2 * 2
