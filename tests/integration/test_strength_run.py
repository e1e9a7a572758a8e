"""Strength without a judge, from answers that were really asked for: tables, words, a figure, model cards."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from personas.config.personas import BASELINE
from personas.figures.drawing import style
from personas.plan.frozen import FrozenPlan
from tests.helpers import FakeServer, Outcome, answer, make, make_project

VOICES = {"lighthouse": "tides and lamps", "croissants": "butter and dough"}
ROUNDS = 2
"""Of a dialogue, after which every persona is forgotten."""


def decide(body: dict[str, Any]) -> Outcome:
    """Speak as the persona that is asked for before the first round, with a thought; later plainly."""
    first, messages = body["messages"][0], body["messages"]
    voices = [voice for word, voice in VOICES.items() if first["role"] == "system" and word in first["content"]]
    fades = len([message for message in messages if message["role"] == "user"]) > ROUNDS
    return answer(f"<think>A puzzle.</think>Well, {'it depends' if fades or not voices else voices[0]}, I say.")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenPlan]:
    """A study of one model with an item for everybody and items of personas, and all tables without a judge."""
    with FakeServer() as server:
        server.decide = decide
        project = make_project(tmp_path_factory.mktemp("ran") / "project")
        alone: dict[str, Any] = {
            "models/beta": None,
            **{f"benchmarks/{name}": None for name in ("bfi", "ifbench", "general")},
        }
        questions = "".join(f'{{"question": "What is {thing}?"}}\n' for thing in ("home", "work", "luck"))
        (project.folder / "items/open.jsonl").write_text(questions, encoding="utf-8")
        alone["benchmarks/mine"] = {"kind": "open", "items": "items/open.jsonl"}
        more = {"models/alpha/base_url": server.base_url, "benchmarks/xstest/limit": 6, "patterns/benchmarks": []}
        frozen = project.set({**alone, **more}).run()
        for made in frozen.artefacts:
            if made.stage in ("ratings", "patterns", "strength", "analysis"):
                (frozen.results / made.outputs[0]).parent.mkdir(parents=True, exist_ok=True)
                make(frozen, made)
        yield frozen


def table(frozen: FrozenPlan, name: str) -> Any:
    [path] = [path for made in frozen.artefacts for path in made.outputs if path.startswith(f"tables/{name}.")][:1]
    return pd.read_parquet(frozen.results / path)


def test_personas_are_told_at_first_and_not_when_they_are_gone(ran: FrozenPlan) -> None:
    strength = table(ran, "strength")
    mean = strength[strength["persona"].isna() & (strength["group"] == "persona")].groupby(["measure", "checkpoint"])
    values = mean["mean"].mean()
    assert values["identification-auc", 0] == values["identification-rate", 0] == 1.0
    assert values["identification-auc", 2] == values["identification-rate", 2] == 0.5
    counted = strength[strength["measure"] == "identification-auc"]["n_planned"]
    assert counted.max() == 2 * 2 * (6 + 3 + 1), "persona and baseline, two personas: items for all, one of its own"


def test_all_checkpoints_conditions_and_speakers_are_there(ran: FrozenPlan) -> None:
    strength = table(ran, "strength")
    assert set(strength["condition"]) == {"interview", "requests"} and set(strength["checkpoint"]) == {0, 2}
    assert set(strength[strength["measure"] == "style-distance"]["group"]) == {"persona", BASELINE}
    assert set(strength["persona"].dropna()) == {"baker", "keeper"}


def test_words_are_those_of_personas_and_not_of_their_thoughts(ran: FrozenPlan) -> None:
    words = table(ran, "identification-words").set_index(["told_from", "persona"])
    assert "butter" in words.loc[("baseline", "baker"), "words_for"]
    assert "tides" in words.loc[("personas", "keeper"), "words_for"]
    assert not words.apply(lambda column: column.str.contains("puzzle")).any().any()


def test_cards_tell_of_it(ran: FrozenPlan) -> None:
    cards = table(ran, "model-cards")
    told = cards[cards["section"] == "Strength without a judge"].set_index(["measure", "condition"])
    assert told.loc[("identification-auc", "interview"), ["first", "last", "n_personas"]].tolist() == [1.0, 0.5, 2]
    assert told.loc[("identification-rate", "requests"), "title"] == "Identified among 2 personas (chance 50 %)"


def test_a_figure_is_drawn_for_each_model(ran: FrozenPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [each for each in ran.artefacts if each.family == "strength_of_personas"]
    drawn = []
    monkeypatch.setattr(style, "save", lambda figure, pdf, png: drawn.append(figure))
    for each in made:
        make(ran, each)
    assert [len(figure.axes) for figure in drawn] == [3]
    assert next(axes.get_title(loc="left") for axes in drawn[0].axes) == "Told from the baseline"


def test_open_questions_are_asked_and_have_no_score(ran: FrozenPlan) -> None:
    asked = [cell for cell in ran.grid.cells if cell.benchmark == "mine"]
    answers = pd.read_parquet(ran.results / asked[0].path)
    assert asked[0].stage == "responses" and len(answers) == 2 * 3
    measures = table(ran, "measures")
    assert measures[measures["benchmark"] == "mine"]["measure"].tolist() == ["mine-words"]
    assert "figures/mine.pdf" in {made.plain_outputs[0] for made in ran.artefacts}
