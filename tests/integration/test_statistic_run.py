"""Every statistic figure from the tables of a tiny study that really ran, against a server that rates by a hash."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from personas.figures.drawing import style
from personas.plan.frozen import FrozenPlan
from tests.helpers import JUDGE, FakeServer, Outcome, answer, is_figure, make, make_project
from tests.integration.test_calibration import verdict

STATISTIC = {
    *("differences", "progression", "over_baseline", "cost_of_length", "cost_of_a_persona", "differences_by_model"),
    *("effect_of_length", "effect_of_a_persona", "panels_by_model", "panels_by_persona", "dialogue_lengths"),
    *("ratings_by_length", "item_changes", "pattern_heat_map", "pattern_rates", "number_of_patterns"),
}
"""Families of the figures of statistics."""


def decide(body: dict[str, Any]) -> Outcome | None:
    """Rate by a hash, pairs too; let personas speak of other things than the baseline, so that there are patterns."""
    if "response_format" in body:
        shape = json.dumps(body["response_format"])
        chosen = "AB"[len(said_in(body)) % 2]
        return answer(json.dumps({"reasoning": "So.", "verdict": chosen})) if '"B"' in shape else verdict(body)
    words = "tides and butter" if body["messages"][0]["role"] == "system" else "plain words"
    return answer(f"{'No' if len(said_in(body)) % 3 else 'Yes'}, {words}, in my own way.")


def said_in(body: dict[str, Any]) -> str:
    return "".join(message["content"] for message in body["messages"])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenPlan]:
    """A study of two models and two personas with all tables that figures of statistics read."""
    with FakeServer() as server:
        server.decide = decide
        project = make_project(tmp_path_factory.mktemp("ran") / "project")
        address = {f"{name}/base_url": server.base_url for name in ("models/alpha", "models/beta", "judges/j/model")}
        asked = {
            "judges/j/utterances": ["style", "knowledge"],
            "patterns": {"benchmarks": ["xstest"], "cross_fit": False},
        }
        limits = {"benchmarks/bfi/limit": 5, "benchmarks/xstest/limit": 4, "replicates": 2}
        frozen = project.set({"judges/j": JUDGE, **address, **asked, **limits}).run()
        for made in frozen.artefacts:
            if made.stage in ("ratings", "patterns", "strength", "analysis"):
                (frozen.results / made.outputs[0]).parent.mkdir(parents=True, exist_ok=True)
                make(frozen, made)
        yield frozen


def planned(frozen: FrozenPlan) -> list[str]:
    """Names of the statistic figures."""
    return [one.plain_outputs[0] for one in frozen.artefacts if is_figure(one) and one.family in STATISTIC]


def test_every_figure_is_drawn_and_has_something_to_show(ran: FrozenPlan, monkeypatch: pytest.MonkeyPatch):
    drawn: dict[str, Figure] = {}
    by_name = {made.plain_outputs[0]: made for made in ran.artefacts}

    def keep(figure: Figure, pdf: Path, png: Path) -> None:
        drawn[pdf.name.partition(".")[0]] = figure

    monkeypatch.setattr(style, "save", keep)
    names = planned(ran)
    for name in names:
        make(ran, by_name[name])
    assert len(drawn) == len(names) > 30
    for name, figure in drawn.items():
        said = [text.get_text() for text in figure.findobj(Text)]
        assert said.count("no data") == 0, name


def test_one_is_written(ran: FrozenPlan):
    [made] = [made for made in ran.artefacts if made.plain_outputs[0] == "figures/models-by-j.pdf"]
    (ran.results / made.outputs[0]).parent.mkdir(parents=True, exist_ok=True)
    make(ran, made)
    assert all((ran.results / path).stat().st_size > 10_000 for path in made.outputs)
