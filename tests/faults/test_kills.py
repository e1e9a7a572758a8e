"""Sixty kills at seeded random moments; 500 by `python -m tests.faults.kills` (docs/faults.md)."""

import os
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign, Tally
from tests.faults.kills import grounds, shares
from tests.faults.program import FaultServer
from tests.faults.runs import Launcher

pytestmark = pytest.mark.faults

KILLS = 60
SEED = int(os.environ.get("FAULTS_SEED", "1"))


@pytest.mark.parametrize("name", ["batch", "embedded", "snakemake"])
def test_nothing_lost_nothing_twice_nothing_left_running(
    name: str, server: FaultServer, launcher: Launcher, tmp_path: Path
) -> None:
    tally = Tally()
    Campaign(grounds(server, launcher)[name], tmp_path, SEED, tally).strike(shares(KILLS)[name])
    print(f"FAULTS_SEED={SEED}: {tally}")
    assert tally.kills == shares(KILLS)[name] and tally.finished > 0
    assert name == "embedded" or tally.phases["asking"] > 0, "no kill came while anything was asked"
