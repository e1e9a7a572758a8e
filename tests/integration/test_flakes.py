"""What fails once in three runs is told, and what it said is kept."""

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT

MADE = """
from pathlib import Path

def test_steady():
    pass

def test_fails_the_second_time():
    runs = Path(__file__).with_name("runs")
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    assert len(runs.read_text()) != 2, "the second time"
"""


def test_a_test_that_fails_once_in_three_runs(tmp_path: Path) -> None:
    made, beside = tmp_path / "test_made.py", tmp_path / "test_beside.py"
    made.write_text(MADE)
    beside.write_text("def test_it():\n    pass\n")
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    only = ["--only", str(made), "--only", str(beside)]
    command = [sys.executable, "-m", "tests.flakes", "--runs", "3", "--busy", "1", *only]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[-1] == "3 runs, 1 failure", done.stdout + done.stderr
    count, name = lines[3].split("  ")
    assert count == "1 of 3" and name.endswith("test_made::test_fails_the_second_time")
    assert [line.split(" s  ")[1].split() for line in lines[:3]] == [
        ["3", "passed", "0", "failed"],
        ["2", "passed", "1", "failed", name],
        ["3", "passed", "0", "failed"],
    ]
    folder = Path(lines[4].removeprefix("what failing runs said: "))
    assert [kept.name for kept in folder.iterdir()] == ["run-02"]
    assert [kept.name for kept in (folder / "run-02").iterdir()] == ["0"]
    assert "the second time" in (folder / "run-02/0/output.txt").read_text()
