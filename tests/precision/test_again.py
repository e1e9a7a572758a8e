"""What is made again shows in everything that stands on it, also when a run ends before it comes to that."""

import shutil

import pandas as pd
import pytest

from tests.helpers import FakeServer, answer, said
from tests.precision.conftest import RUNS_SNAKEMAKE
from tests.precision.edits import Study
from tests.precision.in_process import planned
from tests.precision.table import ROWS
from tests.precision.world import WORLD

pytestmark = [pytest.mark.precision, *RUNS_SNAKEMAKE]

EVERYTHING = WORLD.cells() | WORLD.artefacts()


def _words(study: Study) -> float:
    """The mean answer length of the personas, as the overview's own table has it."""
    series = pd.read_parquet(study.results / "current/tables/by-checkpoint.parquet")
    rows = series[(series["panel"] == "words") & (series["group"] == "persona")]
    return float(rows["mean"].mean())


def test_a_removed_response_is_made_again_and_then_what_stands_on_it(run_study: Study, server: FakeServer) -> None:
    """Its judgement and its tables have the right name, but it reads differently now, and the journal is lost."""
    row = ROWS["response removed, its judgement exists"]
    words = _words(run_study)
    server.decide = lambda body: answer("another text " * 9 + said(body["messages"]))
    row.edit(run_study)
    shutil.rmtree(run_study.results / "journal")
    assert run_study.dry_run() == planned(run_study.folder) == row.truth()

    response = {"responses/one/pastry-chef/xstest/goal-oriented-fixed.parquet"}
    left = row.truth() - response
    assert run_study.execute("generate") == response
    assert planned(run_study.folder) == left
    assert run_study.current() == EVERYTHING - left, "nothing shows that stands on what was there before"

    made = run_study.execute("judge", "ratings", "tables/by-checkpoint")
    assert made < left and {path.partition("/")[0] for path in made} == {"judgements", "tables"}
    assert run_study.dry_run() == planned(run_study.folder) == left - made
    assert run_study.current() == EVERYTHING - (left - made)
    assert _words(run_study) > words, "the table shows the new text"
