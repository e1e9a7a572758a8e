"""A batch that needs more than its walltime of one minute. It runs beside the tests of the files before this one."""

import re
from collections import Counter

import pytest

from tests.slurm.conftest import CELLS, LongRun

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]

SLURM_LOG = re.compile(r"jobid (\d+) \(log: (\S+)\)")


def test_a_batch_stops_before_its_walltime_and_sends_nothing_twice(long_run: LongRun) -> None:
    site = long_run.site
    code, output = long_run.end()
    assert code == 0 and f"Made: {CELLS} of {CELLS} cells" in output, output[-3000:]
    states = [job["JobState"] for job in site.jobs()]
    assert len(states) >= 2 and set(states[:-1]) == {"FAILED"} and states[-1] == "COMPLETED", "no TIMEOUT"
    told = next(log for _, log in SLURM_LOG.findall(output))
    first = (site.folder / told).read_text()
    assert "out-of-walltime: The batch stopped before the end of its walltime" in first
    assert max(Counter(str(body) for body in long_run.server.bodies).values()) == 1
    site.settled(CELLS)
