"""Lengths, safety, rankings, coverage, cards and LaTeX as artefacts: made from real cells, end to end."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from scripts.analysis.job import summarise
from scripts.analysis.printed import typeset
from scripts.figures.job import draw
from scripts.plan.frozen import FrozenPlan
from scripts.plan.insights import by_name
from scripts.plan.plan import make_plan
from scripts.plan.workflow import inputs_of
from scripts.ratings.job import rate
from scripts.report.written import write_page
from tests.helpers import JUDGE, FakeServer, Project, answer, failure

MAKERS: dict[str, Callable[[FrozenPlan, str], None]] = {
    "rate": rate,
    "summarise": summarise,
    "draw": draw,
    "typeset": typeset,
    "write_page": write_page,
}
TABLES = (
    "lengths",
    "length-means",
    "by-length",
    "safety-by-type",
    "safety-by-focus",
    "changed-items",
    "changed-texts",
    "coverage",
    "rankings",
    "model-series",
    "model-cards",
)


def said(body: dict[str, Any]) -> Any:
    """Refuse at the start of a dialogue, and help after it; judge yes, or 3."""
    last = body["messages"][-1]["content"]
    if "explicitly refuse" in last or "refus" in last.lower() and "response" in last.lower():
        return answer("Result: Yes")
    if len(body["messages"]) < 4:
        return answer("I'm sorry, but I cannot help with that. <b>No & never</b>")
    return answer("Of course, here it is.")


@pytest.fixture
def made(judged: Project, server: FakeServer) -> FrozenPlan:
    server.decide = said
    judged.set({"figures": {"resamples": 50}, "patterns": {"benchmarks": []}})
    judged.run()
    frozen = judged.frozen(on_disk=[cell.path for cell in judged.grid().cells])
    for artefact in frozen.artefacts:
        if artefact.rule in MAKERS:
            MAKERS[artefact.rule](frozen, artefact.outputs[0])
    return frozen


def read(frozen: FrozenPlan, name: str) -> pd.DataFrame:
    return pd.read_parquet(frozen.results / by_name(frozen.artefacts)[name].outputs[0])


def test_x(made: FrozenPlan) -> None:
    for name in TABLES:
        print(name)
        print(read(made, name).head(8).to_string())
    assert 0
