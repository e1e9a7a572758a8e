"""What is mended in Snakemake's scheduler (`scripts/personas/workflow/patches/snakemake.py`), in real runs of it."""

import pytest

from tests.helpers import PATIENCE, FakeServer
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow

# Python imports a module of this name when it starts. This one sends SIGTERM when the scheduler completes a job, at
# which time it holds its lock.
STRUCK = """
import os, signal, sys

if "snakemake" in sys.orig_argv:
    from snakemake.scheduling.job_scheduler import JobScheduler

    complete = JobScheduler._finish_jobs

    def struck(scheduler):
        assert scheduler._lock.locked()
        if scheduler._tofinish:
            os.kill(os.getpid(), signal.SIGTERM)
        complete(scheduler)

    JobScheduler._finish_jobs = struck
"""


class Struck(Checkout):
    """A checkout in which Snakemake is sent a signal."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PYTHONPATH": str(self.folder)}


def test_sigterm_while_a_job_is_completed_ends_the_run(checkout: Checkout) -> None:
    """It waited for a lock that it held itself, for ever."""
    strike = checkout.folder / "sitecustomize.py"
    with FakeServer() as server:
        checkout.configure(tiny_config(models={"fake": fake_model(server.base_url)}))
        strike.write_text(STRUCK)
        process = Struck(checkout.folder, checkout.mark).start("generate")
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1, output
        checkout.wait_for(lambda: not checkout.processes(), "everything of ours to end", timeout=30)
        asked = len(server.bodies)

        strike.unlink()
        checkout.run("generate")
        assert asked and len(server.bodies) == asked, "a finished request was sent a second time"
