"""What each intervention makes of a dialogue, and what it does to names."""

from typing import Any

import pytest

from personas.config.personas import Persona
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.interventions import KINDS, Exchange, History, Intervention
from personas.prompts.recipe import join_messages
from tests.helpers import Project, by_plain_path
from tests.interventions import with_interventions

PERSONA = validate(
    Persona,
    {
        "role": "Maren",
        "description": "You keep a light.",
        "short": "Dry and brief.",
        "examples": [{"user": "Hi.", "answer": "Tide's in."}, {"user": "Bye.", "answer": "Mind the rocks."}],
    },
    "test",
)


def made(kind: str, **fields: Any) -> Intervention:
    return validate(KINDS[kind], {"kind": kind, **fields}, "test")


def history(rounds: int, role: str = "system", asides: tuple[int, ...] = ()) -> History:
    exchanges = [
        Exchange(f"u{n}", f"a{n}", (f"q{n}", f"s{n}") if n in asides else None) for n in range(1, rounds + 1)
    ]
    return History([{"role": role, "content": "SYSTEM"}], exchanges, PERSONA, role)


def said(intervention: Intervention, before: History, is_item: bool = False) -> list[str]:
    """Return a prompt as `role content`, roles by their first letter, reminders as `!`."""
    prompt = join_messages(intervention.messages(before, "turn", is_item))
    return [f"{m['role'][0]} {m['content'].replace('Play the role of Maren.', '!')[:24]}" for m in prompt]


def test_a_reminder_stays_where_it_was_said() -> None:
    every = made("remind", every=2)
    assert said(every, history(1)) == ["s SYSTEM", "u u1", "a a1", "u turn"]
    two = ["s SYSTEM", "u u1", "a a1", "u u2", "a a2", "s A reminder. ! You keep a"]
    assert said(every, history(2)) == [*two, "u turn"]
    assert said(every, history(3)) == [*two, "u u3", "a a3", "u turn"], "what stood before stands there still"
    assert sum(line.startswith("s A") for line in said(every, history(5))) == 2


def test_a_reminder_before_items_is_for_items_alone() -> None:
    before = made("remind", before_items=True)
    assert said(before, history(1)) == ["s SYSTEM", "u u1", "a a1", "u turn"]
    assert said(before, history(1), is_item=True)[-2:] == ["s A reminder. ! You keep a", "u turn"]
    assert said(before, history(0), is_item=True)[-2:] == ["s A reminder. ! You keep a", "u turn"]


def test_a_reminder_in_the_turn_is_marked_and_may_be_short() -> None:
    [*_, last] = made("remind", every=1, place="turn", form="short").messages(history(1), "turn", False)
    text = "[A reminder; it does not come from the user. You are Maren. Dry and brief.]\n\nturn"
    assert last == {"role": "user", "content": text}


def test_the_opening_moves_to_the_latest_reminder() -> None:
    moved = made("remind", every=2, place="opening")
    assert said(moved, history(1)) == ["s SYSTEM", "u u1", "a a1", "u turn"]
    assert said(moved, history(3)) == ["u u1", "a a1", "u u2", "a a2", "s SYSTEM", "u u3", "a a3", "u turn"]
    assert said(moved, history(4))[-2:] == ["s SYSTEM", "u turn"]
    assert said(moved, history(4)).count("s SYSTEM") == 1


def test_a_model_without_a_system_role_reads_reminders_in_user_turns() -> None:
    prompt = join_messages(made("remind", every=1).messages(history(1, role="none"), "turn", False))
    assert [message["role"] for message in prompt] == ["user", "assistant", "user"]
    assert prompt[0]["content"] == "SYSTEM\n\nu1" and prompt[2]["content"].endswith("\n\nturn")
    assert prompt[2]["content"].startswith("A reminder. Play the role of Maren.")


def test_a_window_keeps_the_opening_and_the_last_rounds() -> None:
    assert said(made("window", rounds=2), history(5)) == ["s SYSTEM", "u u4", "a a4", "u u5", "a a5", "u turn"]
    assert said(made("window", rounds=2), history(1)) == ["s SYSTEM", "u u1", "a a1", "u turn"]


def test_examples_stand_before_the_first_round() -> None:
    assert said(made("examples", count=1), history(1)) == [
        "s SYSTEM",
        "u Hi.",
        "a Tide's in.",
        "u u1",
        "a a1",
        "u turn",
    ]
    assert len(said(made("examples"), history(0))) == 6


def test_what_a_model_restates_stays_in_the_dialogue() -> None:
    restate = made("restate", every=2)
    assert [restate.aside(history(n)) is not None for n in (1, 2, 3, 4)] == [False, True, False, True]
    rows = ["s SYSTEM", "u u1", "a a1", "u u2", "a a2", "u q2", "a s2", "u u3", "a a3", "u turn"]
    assert said(restate, history(3, asides=(2,))) == rows


def test_a_summary_takes_the_place_of_rounds() -> None:
    summarise = made("summarise", every=2)
    assert [summarise.aside(history(n)) is not None for n in (1, 2, 3, 4)] == [False, True, False, True]
    prompt = summarise.messages(history(5, asides=(2, 4)), "turn", False)
    joined_prompt = join_messages(prompt)
    assert [m["role"] for m in joined_prompt] == ["system", "user", "assistant", "user"]
    assert "s4" in joined_prompt[1]["content"] and joined_prompt[1]["content"].endswith("]\n\nu5")
    assert not any(gone in str(prompt) for gone in ("u1", "s2", "a4"))


# names


def test_cells_without_an_intervention_keep_their_names(project: Project) -> None:
    before = by_plain_path(project.grid())
    after = by_plain_path(with_interventions(project).grid())
    assert before.items() <= after.items()
    assert all("--with-" in path for path in after.keys() - before.keys())


def test_only_those_that_need_no_persona_have_a_baseline(project: Project) -> None:
    grid = with_interventions(project).grid()
    assert {cell.track.intervention for cell in grid.cells if cell.track.persona == "baseline"} == {
        "none",
        "narrow",
        "wide",
        "summed-up",
    }


def test_what_an_intervention_reads_of_a_persona_is_in_its_cells_alone(project: Project) -> None:
    before = with_interventions(project).grid()
    project.edit_persona("keeper", short="You say nothing.")
    after = project.grid()
    changed = {c.track for c in after.cells if c.path not in before.by_path}
    assert {(track.persona, track.intervention) for track in changed} == {("keeper", "marked")}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"interventions": {"none": {"kind": "window", "rounds": 1}}}, "found the slug none, expected another"),
        ({"interventions": {"a": {"kind": "remind"}}}, "interventions.a: found neither every nor before_items"),
        ({"interventions": {"a": {"kind": "forget"}}}, "interventions.a: found kind 'forget', expected one of"),
        ({"interventions": {"a": {"every": 1}}}, "interventions.a: found no key `kind`, expected one of 'examples'"),
        (
            {"interventions": {"a": {"kind": "window", "round": 1}}},
            "a.round: unknown key, expected rounds",
        ),
        ({"interventions": {"a": {"kind": "examples"}}}, "interventions.a: the persona baker has no examples"),
        (
            {"interventions": {"a": {"kind": "remind", "every": 1, "form": "short", "place": "opening"}}},
            "form: found short with place opening, expected whole",
        ),
    ],
)
def test_a_mistake_is_one_sentence(project: Project, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        project.set(changes).grid()
    assert sentence in str(error.value)
