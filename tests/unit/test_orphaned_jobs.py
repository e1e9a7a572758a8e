"""Jobs that a killed run left behind, where SLURM gives no answer or has nothing to do with it.

What a real SLURM answers is tested in tests/slurm.
"""

import json
from pathlib import Path

import pytest

from personas.core.errors import UserError
from personas.core.lease import RUN, lease
from personas.workflow import orphaned_jobs


@pytest.fixture(autouse=True)
def _no_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


def _note(results: Path, run: str = "r1") -> Path:
    folder = results / "runs" / run
    orphaned_jobs.note_jobs(folder, f"personas_{run}")
    return folder


def test_nobody_is_asked_where_no_run_went_to_a_cluster(tmp_path: Path) -> None:
    assert orphaned_jobs.find(tmp_path) == []
    orphaned_jobs.wait(tmp_path, pytest.fail)


def test_silence_is_told_in_one_sentence(tmp_path: Path) -> None:
    folder = _note(tmp_path)
    with pytest.raises(UserError) as caught:
        orphaned_jobs.find(tmp_path)
    told = str(caught.value)
    assert told.startswith("squeue: No such file or directory") and str(folder / "jobs.json") in told
    assert "\n" not in told


def test_jobs_of_a_live_run_are_not_orphaned(tmp_path: Path) -> None:
    _note(tmp_path)
    with lease(tmp_path / "leases", RUN, "r1", ["a"]):
        assert orphaned_jobs.find(tmp_path) == []


def test_a_run_given_up_is_over(tmp_path: Path) -> None:
    folder = _note(tmp_path)
    orphaned_jobs.refuse_given_up(folder)
    note = json.loads((folder / "jobs.json").read_text())
    (folder / "jobs.json").write_text(json.dumps(note | {"given_up": True}))
    assert orphaned_jobs.find(tmp_path) == []
    with pytest.raises(UserError, match="Run r1 is over, this job of it came too late"):
        orphaned_jobs.refuse_given_up(folder)


def test_a_run_without_cluster_jobs_is_never_refused(tmp_path: Path) -> None:
    orphaned_jobs.refuse_given_up(tmp_path / "runs/r1")
    orphaned_jobs.end_jobs(tmp_path / "runs/r1")


def test_the_end_of_a_run_survives_silence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _note(tmp_path)
    orphaned_jobs.end_jobs(folder)
    assert "The next start looks for jobs of this run again" in capsys.readouterr().err
    with pytest.raises(UserError):
        orphaned_jobs.find(tmp_path)
