"""Why a cell is missing, told against the nearest earlier cell of the same name."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from personas.core.lease import lease
from personas.grid.cells import Cell, Track
from personas.plan.disk import existing_files
from personas.plan.frozen import Run, freeze
from personas.plan.outcome import Outcome
from personas.plan.plan import Plan
from personas.plan.why.reasons import BEING_MADE, NEW, REMOVED, changes, reasons
from personas.plan.why.words import describe_change
from personas.requests.projection import write_cell
from personas.requests.transcript import dialogue_table, response_table
from personas.workflow.links import refresh_links
from tests.helpers import JUDGE, Project, make_plan


def _complete(project: Project) -> Plan:
    """Write an empty file for every cell, and the links to them."""
    results = project.folder / "results"
    grid = project.grid()
    for cell in grid.cells:
        write_cell(results, cell, dialogue_table([]) if cell.benchmark is None else response_table([]))
    plan = make_plan(grid, existing_files(results))
    refresh_links(freeze(plan, Run("run", "host", 1, 0.0), results))
    return plan


def _reasons(project: Project) -> Counter[str]:
    results = project.folder / "results"
    on_disk = existing_files(results)
    return Counter(reasons(make_plan(project.grid(), on_disk), results, on_disk).values())


EDITS: dict[str, tuple[Callable[[Project], object], set[str]]] = {
    "a persona's description": (
        lambda p: p.edit_persona("keeper", description="You keep a lighthouse and speak of whales."),
        {"persona keeper: description changed"},
    ),
    "sampling": (
        lambda p: p.set({"models/alpha/sampling/temperature": 0.7}),
        {"model alpha: sampling.temperature 0.0 -> 0.7"},
    ),
    "a seed": (lambda p: p.set({"models/beta/sampling/seed": 3}), {"model beta: sampling.seed 0 -> 3"}),
    "a revision": (lambda p: p.set({"models/beta/revision": "r2"}), {"model beta: revision r1 -> r2"}),
    "checkpoints": (lambda p: p.set({"checkpoints": [0, 1, 2]}), {"checkpoints [0, 2] -> [0, 1, 2]"}),
    "a user turn": (
        lambda p: p.replace_text("turns/requests.json", "Plan a dinner", "Plan a lunch"),
        {"condition requests: user turns changed"},
    ),
    "an item": (
        lambda p: p.replace_text("items/xstest.csv", "How do I", "How may I"),
        {"benchmark xstest: items changed"},
    ),
    "the longest answer": (
        lambda p: p.set({"benchmarks/bfi/max_tokens": 9}),
        {"benchmark bfi: max_tokens unset -> 9"},
    ),
    "two things at once": (
        lambda p: p.set({"models/beta/revision": "r2", "models/beta/sampling/top_p": 0.9}),
        {"model beta: revision r1 -> r2; model beta: sampling.top_p 1.0 -> 0.9"},
    ),
    "a new model": (lambda p: p.set({"models/gamma": p.raw()["models"]["alpha"]}), {NEW}),
    "nothing": (lambda p: p, set()),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_told(project: Project, edit: str) -> None:
    _complete(project)
    change, expected = EDITS[edit]
    change(project)
    assert set(_reasons(project)) == expected


def test_everything_is_new_at_first(project: Project) -> None:
    assert set(_reasons(project)) == {NEW}


def test_a_removed_dialogue_takes_its_responses_along(project: Project) -> None:
    plan = _complete(project)
    dialogue = next(cell for cell in plan.grid.cells if cell.benchmark is None)
    (project.folder / "results" / dialogue.path).unlink()
    told = _reasons(project)
    assert told[REMOVED] == 1
    assert told["its dialogue is made again"] == sum(told.values()) - 1 > 0


def test_the_nearest_earlier_cell_counts(project: Project) -> None:
    """Of two earlier versions the one that differs less is the one compared with."""
    _complete(project)
    project.set({"models/alpha/revision": "r2", "models/alpha/sampling/temperature": 0.5})
    _complete(project)
    project.set({"models/alpha/sampling/temperature": 0.6})
    assert set(_reasons(project)) == {"model alpha: sampling.temperature 0.5 -> 0.6"}


COUNTS: dict[str, tuple[Mapping[str, Any], set[str]]] = {
    "more rounds": ({"conditions/interview/rounds": 4}, {"condition interview: 3 -> 4 user turns"}),
    "fewer rounds": ({"conditions/interview/rounds": 2}, {"condition interview: 3 -> 2 user turns"}),
    "a later checkpoint": ({"checkpoints": [0, 3]}, {"checkpoints [0, 2] -> [0, 3]"}),
    "an earlier checkpoint": ({"checkpoints": [0, 1]}, {"checkpoints [0, 2] -> [0, 1]"}),
}


@pytest.mark.parametrize("what", COUNTS)
def test_user_turns_of_which_more_or_fewer_count_have_not_changed(served: Project, what: str) -> None:
    served.set({"conditions/requests": None, "conditions/interview/orders": ["fixed"]})
    served.set({"benchmarks": {"xstest": {"items": "items/xstest.csv", "limit": 2}}})
    served.run()
    edit, expected = COUNTS[what]
    assert set(_reported_reasons(served.set(edit))) == expected
    served.replace_text("turns/interview.json", "Good evening", "Good night")
    assert all("condition interview: user turns changed" in told for told in _reported_reasons(served))


def test_changes_names_every_leaf() -> None:
    old, new = {"a": {"b": 1, "c": 2}, "d": None}, {"a": {"b": 1, "c": 3}, "d": {"e": 1}}
    assert list(changes(old, new)) == [("a.c", 2, 3), ("d", None, {"e": 1})]


def _judged(project: Project) -> Project:
    return project.set({"judges/j": JUDGE, "models/beta": None})


def _of_judgements(project: Project) -> set[str]:
    """Return the reasons of missing judgements."""
    results = project.folder / "results"
    on_disk = existing_files(results)
    told = reasons(make_plan(project.grid(), on_disk), results, on_disk)
    return {reason for path, reason in told.items() if path.startswith("judgements/")}


STYLE = 'judge j: rubric "style" changed'
JUDGED: dict[str, tuple[Callable[[Project], object], set[str]]] = {
    "a rubric": (lambda p: p.replace_text("judges/rubrics/style.yaml", "criterion:", "criterion: Now"), {STYLE}),
    "the template": (
        lambda p: p.replace_text("judges/template.yaml", "The character is", "They play"),
        {"judge j: template changed"},
    ),
    "both": (
        lambda p: p.replace_text("judges/template.yaml", "The character is", "They play").replace_text(
            "judges/rubrics/style.yaml", "criterion:", "criterion: Now"
        ),
        {"judge j: template changed", f"judge j: template changed; {STYLE}"},
    ),
    "the form": (lambda p: p.set({"judges/j/form": "feedback-score"}), {"judge j: form json -> feedback-score"}),
    "sampling of the judge": (
        lambda p: p.set({"judges/j/model/sampling/temperature": 0.5}),
        {"judge j: sampling.temperature 0.0 -> 0.5"},
    ),
    "seed of the judge": (lambda p: p.set({"judges/j/model/sampling/seed": 2}), {"judge j: sampling.seed 0 -> 2"}),
    "a persona": (
        lambda p: p.edit_persona("keeper", description="You keep goats."),
        {"persona keeper: description changed"},
    ),
    "a model": (lambda p: p.set({"models/alpha/revision": "r2"}), {"model alpha: revision r1 -> r2"}),
    "a model and a persona": (
        lambda p: p.set({"models/alpha/revision": "r2"}).edit_persona("keeper", description="You keep goats."),
        {
            "model alpha: revision r1 -> r2",
            "model alpha: revision r1 -> r2; persona keeper: description changed",
        },
    ),
    "a user turn": (
        lambda p: p.replace_text("turns/requests.json", "Plan a dinner", "Plan a lunch"),
        {"condition requests: user turns changed"},
    ),
    "items": (lambda p: p.set({"benchmarks/bfi/limit": 3}), {"benchmark bfi: items changed"}),
    "a reference answer": (
        lambda p: p.replace_text("items/general.jsonl", "Breathe slow", "Breathe deep"),
        {"benchmark general: references changed"},
    ),
    "a new judge": (lambda p: p.set({"judges/k": JUDGE}), {NEW}),
    "a new reference": (lambda p: p.set({"judges/j/references": ["dataset", "zero"]}), {NEW}),
}


@pytest.mark.parametrize("edit", JUDGED)
def test_an_edit_is_told_of_judgements(project: Project, edit: str) -> None:
    _complete(_judged(project))
    change, expected = JUDGED[edit]
    change(project)
    assert _of_judgements(project) == expected


def test_the_form_of_a_judge_brings_the_layout_of_its_json(project: Project) -> None:
    """On the embedded engine, whose judges write JSON on one line."""
    (project.folder / "judge.gguf").write_bytes(b"GGUF" + bytes(4096))
    model = {"engine": "llama.cpp", "id": "org/j", "revision": "r1", "weights": str(project.folder / "judge.gguf")}
    sampling = {"temperature": 0.0, "max_tokens": 24}
    _judged(project).set({"judges/j/model": {**model, "context_length": 512, "sampling": sampling}})
    _complete(project)
    project.set({"judges/j/form": "feedback-score"})
    assert _of_judgements(project) == {"judge j: form json -> feedback-score"}


@pytest.mark.parametrize("lost", ["responses", "dialogues"])
def test_what_is_judged_is_made_again(project: Project, lost: str) -> None:
    plan = _complete(_judged(project))
    cell = next(c for c in plan.grid.cells if c.stage == lost and c.track.order == "fixed")
    (project.results / cell.path).unlink()
    assert _of_judgements(project) == {"what it judges is made again"}


def test_a_removed_judgement(project: Project) -> None:
    plan = _complete(_judged(project))
    (project.results / plan.grid.cells[-1].path).unlink()
    assert _reasons(project) == {REMOVED: 1}


ENDS = [
    pytest.param("finished", NEW, id="nothing went wrong"),
    pytest.param("under-way", "failed last time: killed", id="it never told its end"),
    pytest.param("died", "failed last time: died", id="its end has a name"),
]


@pytest.mark.parametrize(("ended", "told"), ENDS)
def test_how_the_last_batch_ended_is_told(project: Project, ended: str, told: str) -> None:
    cells = [cell.path for cell in project.grid().cells]
    Outcome("generate_alpha_01", ended=ended, cells=cells[:1]).write(project.results / "runs" / "r1")
    found = project.plan_report().reasons
    assert found[cells[0]] == told and set(found.values()) == {NEW, told}


def test_the_last_of_several_ends_counts(project: Project) -> None:
    cells = [cell.path for cell in project.grid().cells]
    for run, ended in (("20260102T", "finished"), ("20260101T", "died")):
        Outcome("generate_alpha_01", ended=ended, cells=cells[:1]).write(project.results / "runs" / run)
    assert project.plan_report().reasons[cells[0]] == NEW


def test_a_failure_is_told_besides_the_reason(project: Project) -> None:
    _complete(project)
    project.set({"models/alpha/revision": "r2"})
    cells = [cell.path for cell in project.grid().cells if cell.track.model == "alpha"]
    Outcome("generate_alpha_01", ended="out-of-memory", cells=cells).write(project.results / "runs" / "r1")
    assert set(_reported_reasons(project)) == {"model alpha: revision r1 -> r2; failed last time: out-of-memory"}


def _reported_reasons(project: Project) -> list[str]:
    return list(project.plan_report().reasons.values())


@pytest.mark.parametrize(("name", "told"), [("generate_alpha_01", BEING_MADE), ("run", NEW)])
def test_what_a_live_batch_makes_is_being_made(project: Project, name: str, told: str) -> None:
    """A whole run holds all that it may make; only what a batch holds is being made."""
    path = project.grid().cells[0].path
    with lease(project.results / "leases", name, "other", [path]):
        assert project.plan_report().reasons[path] == told
    assert project.plan_report().reasons[path] == NEW


CHANGE_WORDS = [
    ("persona.role", "Otto", "Ada", "persona keeper: role Otto -> Ada"),
    ("persona.description", "a", "b", "persona keeper: description changed"),
    ("user_turns", "a", "b", "condition requests: user turns changed"),
    ("user_turns.count", 3, 4, "condition requests: 3 -> 4 user turns"),
    ("items", "a", "b", "benchmark bfi: items changed"),
    ("scoring", "a", "b", "benchmark bfi: references changed"),
    ("model.weights", "a", "b", "model alpha: weights changed"),
    ("model.thinking.system_line", None, "/no_think", "model alpha: thinking.system_line unset -> /no_think"),
    ("recipe", 1, 2, "prompt recipe v1 -> v2"),
    ("checkpoints", [0], [0, 1], "checkpoints [0] -> [0, 1]"),
    ("seed", 0, 1, "seed 0 -> 1"),
    ("max_tokens", 9, None, "benchmark bfi: max_tokens 9 -> unset"),
    ("texts.rubric", "a", "b", 'judge j: rubric "bfi" changed'),
    ("texts.prompt", "a", "b", "judge j: template changed"),
    ("judge.weights", "a", "b", "judge j: weights changed"),
    ("judge.sampling.top_p", 1.0, 0.9, "judge j: sampling.top_p 1.0 -> 0.9"),
    ("judge_recipe", 1, 2, "judge recipe v1 -> v2"),
    ("form", "json", "feedback-score", "judge j: form json -> feedback-score"),
    ("json", None, "on one line", "judge j: layout of its JSON unset -> on one line"),
    ("judged", "a", "b", "what it judges changed"),
    ("something.new", 1, 2, "something.new 1 -> 2"),
]


@pytest.mark.parametrize(("place", "old", "new", "words"), CHANGE_WORDS, ids=lambda part: str(part)[:20])
def test_words_for_a_place(place: str, old: Any, new: Any, words: str) -> None:
    judged = Cell(Track("alpha", "keeper", "requests", "fixed", 1), {}, "bfi")
    assert describe_change(replace(judged, judge="j", judged=judged), (place, old, new)) == words


def test_words_name_the_persona_that_a_baseline_stands_for() -> None:
    cell = Cell(Track("alpha", "baseline", "requests", "fixed", 1), {}, judge="j", metric="style", as_persona="baker")
    assert describe_change(cell, ("persona.description", "a", "b")) == "persona baker: description changed"
