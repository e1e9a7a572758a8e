"""Why a cell is missing, told against the nearest earlier cell of the same name."""

from collections import Counter
from collections.abc import Callable

import pytest

from scripts.batch.projection import write_cell
from scripts.generate.transcript import dialogue_table, response_table
from scripts.plan.disk import existing_files
from scripts.plan.frozen import Run, freeze
from scripts.plan.links import refresh_links
from scripts.plan.plan import Plan, make_plan
from scripts.plan.reasons import NEW, REMOVED, changes, reasons
from tests.helpers import Project


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


def test_changes_names_every_leaf() -> None:
    old, new = {"a": {"b": 1, "c": 2}, "d": None}, {"a": {"b": 1, "c": 3}, "d": {"e": 1}}
    assert list(changes(old, new)) == [("a.c", 2, 3), ("d", None, {"e": 1})]
