"""A numeric user without a name, as containers start processes."""

import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT

NAME = """
import getpass, os, sys
from scripts.plan.user import name_user
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
