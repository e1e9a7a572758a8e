"""Sixty kills at seeded random moments; 500 by `python -m tests.faults.kills` (docs/faults.md)."""

import os
from pathlib import Path

import pytest

from tests.faults.kills import campaign, shares

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

KILLS = 60
SEED = int(os.environ.get("FAULTS_SEED", "1"))


def test_nothing_lost_nothing_twice_nothing_left_running(tmp_path: Path) -> None:
    tally = campaign(KILLS, SEED, tmp_path)
    print(f"FAULTS_SEED={SEED}: {tally}")
    assert tally.struck == shares(KILLS) and tally.finished >= 3
    assert tally.phases["asking"] > 0 and tally.phases["writing cells"] > 0, "the kills came at odd moments only"
