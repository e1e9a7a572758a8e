"""A batch that needs more than its walltime of one minute."""

import re
from collections import Counter

import pytest

from tests.slurm.site import CELLS
from tests.slurm.stories import Ran

pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.timeout(900)]

SLURM_LOG = re.compile(r"jobid (\d+) \(log: (\S+)\)")


def test_a_batch_stops_before_its_walltime_and_sends_nothing_twice(overlong: Ran) -> None:
    site, output = overlong.site, overlong.output
    assert overlong.code == 0 and f"Made: {CELLS} of {CELLS} cells" in output, output[-3000:]
    states = [job["JobState"] for job in site.jobs()]
    assert len(states) >= 2 and set(states[:-1]) == {"FAILED"} and states[-1] == "COMPLETED", "no TIMEOUT"
    told = next(log for _, log in SLURM_LOG.findall(output))
    first = (site.folder / told).read_text()
    assert "out-of-walltime: The batch stopped before the end of its walltime" in first
    assert max(Counter(str(body) for body in overlong.server.bodies).values()) == 1
    site.settled(CELLS)
