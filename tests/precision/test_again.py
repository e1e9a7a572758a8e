"""What is made again shows in everything that stands on it, and `current/` shows the present grid only."""

import shutil

import pandas as pd
import pytest

from tests.helpers import FakeServer, answer, said
from tests.precision.edits import Study

pytestmark = [pytest.mark.workflow, pytest.mark.precision]


def _words(study: Study) -> float:
    """The mean answer length of the personas, as the overview's own table has it."""
    series = pd.read_parquet(study.results / "current/tables/by-checkpoint.parquet")
    rows = series[(series["panel"] == "words") & (series["group"] == "persona")]
    return float(rows["mean"].mean())


def test_tables_of_a_cell_made_again_are_made_again(study: Study, server: FakeServer) -> None:
    """Also when the run that makes the cell ends before it comes to the tables, and the journal is lost."""
    server.decide = lambda body: answer("another text " * 9 + said(body["messages"]))
    words = _words(study)
    study.file("dialogues/one/lighthouse-keeper/goal-oriented-fixed.*").unlink()
    shutil.rmtree(study.results / "journal")
    study.run("generate_one_01")
    left = study.dry_run()
    assert any(path.startswith("tables/") for path in left) and any(p.startswith("judgements/") for p in left)
    study.run("figures/by-checkpoint")
    assert _words(study) > words, "the table shows the new text"


def test_the_current_folder_shows_only_the_current_grid(study: Study) -> None:
    current = study.results / "current"
    assert (current / "dialogues/one/pastry-chef").is_dir()
    (study.folder / "config/personas/pastry-chef.yaml").unlink()
    study.run("figures/by-checkpoint")
    assert not (current / "dialogues/one/pastry-chef").exists()
    for link in current.rglob("*"):
        assert link.exists(), f"{link} is dangling"
    assert list((study.results / "dialogues/one/pastry-chef").glob("*.parquet")), "results stay"
