"""Five random configs; 200 by `python -m tests.fuzz` (docs/testing.md)."""

from pathlib import Path

import pytest

from tests.faults.runs import Launcher
from tests.fuzz.holds import check
from tests.helpers import FakeServer

pytestmark = pytest.mark.faults

SMALL = (24, 70)
"""Cells and rows of these at most."""


@pytest.mark.parametrize("number", range(1, 6))
def test_a_random_config_keeps_every_promise(number: int, tmp_path: Path, launcher: Launcher) -> None:
    with FakeServer() as server:
        report = check(1, number, tmp_path, server, launcher, SMALL)
    assert len(report.edits) == 2 and report.requests
