"""The tutorial as it stands: its files are written, its commands run, and what it shows of their output is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT
from tests.workflow.conftest import make_checkout

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_command_of_the_tutorial_runs_and_says_what_the_page_shows(tmp_path: Path) -> None:
    folder = make_checkout(tmp_path / "checkout").folder
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said, before, commands = "", 0, 0
    for block in BLOCK.finditer(page):
        kind, text = block.groups()
        if kind == "yaml":
            name = re.findall(r"`(config/mine/[^`]+)`", page[before : block.start()])[-1]
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        elif kind == "sh":
            command = ["bash", "-c", text.replace("uv run ", "")]
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200, check=False
            )
            said, commands = done.stdout + done.stderr, commands + 1
            assert done.returncode == 0, said
        else:
            lacking = [line for line in text.splitlines() if line not in said]
            assert not lacking, said
        before = block.end()
    assert commands == 6
    assert (folder / "results-mine/current/figures/by-checkpoint.png").stat().st_size > 10_000
