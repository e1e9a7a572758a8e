"""Two starts at once: the second stops with one sentence and disturbs nothing; a dry run may always look."""

import pytest

from tests.workflow.conftest import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.engine]


def test_second_start_stops_with_one_sentence(checkout: Checkout) -> None:
    first = checkout.start("generate")
    checkout.wait_for(lambda: checkout.find(".generate.py"), "the batch to run")
    second = checkout.start()
    told, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    sentences = [line for line in told.splitlines() if "is making some of the same files" in line]
    assert len(sentences) == 1 and f"process {first.pid}" in sentences[0], told
    assert "Traceback" not in told and "unlock" not in told

    looked = checkout.run("-n")
    assert "generate_smollm2_01" in looked

    output, _ = first.communicate(timeout=240)
    assert first.returncode == 0, output
    assert len(list(checkout.results.glob("responses/**/*.parquet"))) == 2 * 2 * 2
