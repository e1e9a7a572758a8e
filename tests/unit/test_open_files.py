"""Every request under way is an open file, and a process may have only so many."""

import resource
import subprocess
import sys

import pytest

from personas.batch.open_files import MARGIN
from personas.core.errors import UserError
from tests.helpers import ROOT, Project
from tests.making import make

_CHILD = """
import resource, sys
from personas.batch.open_files import allow_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (200, int(sys.argv[1])))
allow_open_files(int(sys.argv[2]), "models.alpha")
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def _child(hard: int, concurrency: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _CHILD, str(hard), str(concurrency)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_soft_limit_rises_to_the_hard_one() -> None:
    assert _child(1000, 1000 - MARGIN).stdout == "1000 1000\n"


def test_more_requests_than_files_are_refused() -> None:
    told = _child(1000, 1001 - MARGIN).stderr.splitlines()[-1]
    assert told.endswith(
        f"models.alpha.concurrency: found {1001 - MARGIN}, expected at most {1000 - MARGIN}, because a process may "
        "open 1000 files here (ulimit -Hn)."
    )


def test_a_batch_says_so_at_its_start(served: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    with pytest.raises(UserError, match=r"models\.alpha\.concurrency: found \d+, expected at most 0"):
        make(served)
