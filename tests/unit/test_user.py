"""A numeric user without a name, and a home that cannot be written to: as containers start processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from personas.workflow.terminal.status import notes
from personas.workflow.user import cache_trouble
from tests.helpers import ROOT, Project

NAME = """
import getpass, os, sys
from personas.workflow.user import name_user
os.setuid(54321)
name_user()
print(getpass.getuser())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
@pytest.mark.parametrize(("given", "name"), [({}, "user-54321"), ({"USER": "ada"}, "ada")])
def test_a_user_without_a_name_gets_one(given: dict[str, str], name: str) -> None:
    bare = {key: value for key, value in os.environ.items() if key not in ("LOGNAME", "USER", "LNAME", "USERNAME")}
    done = subprocess.run(
        [sys.executable, "-c", NAME], env={**bare, **given}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{name}\n", done.stderr


def test_a_home_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("/proc"))
    told = cache_trouble()
    assert told and told.startswith("XDG_CACHE_HOME: /proc/nowhere/.cache cannot be made")
    assert told in notes(project.grid().study)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    assert cache_trouble() is None
