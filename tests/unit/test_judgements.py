"""Which judgements there are, what their identities depend on, and how they are cut into batches."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from personas.config.judges import METRICS
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from tests.helpers import JUDGE, Project, by_plain_path, changed, make_plan

Edit = Callable[[Project], object]
STEMS = {"interview-fixed", "interview-shuffled", "requests-fixed"}
ASKED = {"interview-fixed", "requests-fixed"}


@pytest.fixture
def project(project: Project) -> Project:
    """The tiny study with two models and a judge."""
    return project.set({"judges/j": JUDGE})


def judgements(grid: Grid) -> list[Cell]:
    return [cell for cell in grid.cells if cell.stage == "judgements"]


def names(grid: Grid, persona: str, kind: str) -> set[str]:
    """Return the names, without folders and suffix, of the judgements of a persona of alpha of one kind."""
    folder = f"judgements/j/alpha/{persona}/{kind}/"
    plain = [cell.plain_path for cell in judgements(grid)]
    return {path.removeprefix(folder).removesuffix(".parquet") for path in plain if path.startswith(folder)}


def with_suffix(stems: set[str], *suffixes: str) -> set[str]:
    return {f"{stem}{suffix}" for stem in stems for suffix in suffixes}


AS = ("--as-baker", "--as-keeper")
ALL = {"references": ["dataset", "zero", "previous"]}
CELLS = [
    pytest.param({}, "keeper", "style", STEMS, id="every dialogue, in every order"),
    pytest.param({}, "baseline", "style", with_suffix(STEMS, *AS), id="the baseline as each persona"),
    pytest.param({}, "keeper", "bfi", ASKED, id="responses where items are asked"),
    pytest.param({}, "baseline", "bfi", ASKED, id="the baseline as itself"),
    pytest.param({}, "baseline", "xstest", ASKED, id="refusals of the baseline as itself"),
    pytest.param({}, "keeper", "ifbench", set(), id="what needs no judge"),
    pytest.param({}, "keeper", "general", with_suffix(ASKED, "--vs-dataset"), id="compared with the data set"),
    pytest.param(ALL, "keeper", "general", with_suffix(ASKED, "--vs-dataset", "--vs-zero", "--vs-previous"),
                 id="compared with itself"),
    pytest.param(ALL, "keeper", "bfi", ASKED, id="a reference is for comparisons only"),
    pytest.param(ALL, "baseline", "general", with_suffix(ASKED, *(f"{part}--vs-dataset" for part in AS)),
                 id="the baseline is never compared with itself"),
    pytest.param({"benchmarks": ["bfi"]}, "keeper", "xstest", set(), id="benchmarks not wanted"),
    pytest.param({"benchmarks": ["bfi"]}, "keeper", "bfi", ASKED, id="benchmarks wanted"),
    pytest.param({"benchmarks": []}, "keeper", "style", STEMS, id="no benchmarks, but utterances"),
    pytest.param({"utterances": []}, "keeper", "style", set(), id="no utterances"),
    pytest.param({"utterances": ["knowledge"]}, "keeper", "style", set(), id="another metric"),
]  # fmt: skip


@pytest.mark.parametrize(("judge", "persona", "kind", "expected"), CELLS)
def test_which_judgements_there_are(
    project: Project, judge: Mapping[str, Any], persona: str, kind: str, expected: set[str]
) -> None:
    grid = project.set({f"judges/j/{key}": value for key, value in judge.items()}).grid()
    assert names(grid, persona, kind) == expected


def test_one_checkpoint_has_nothing_earlier_to_compare_with(project: Project) -> None:
    grid = project.set({"judges/j/references": ["zero", "previous"], "checkpoints": [2]}).grid()
    assert not names(grid, "keeper", "general") and names(grid, "keeper", "bfi")


def test_without_judges_there_is_none(project: Project) -> None:
    assert judgements(project.set({"judges/j": None}).grid()) == []


def test_every_judgement_rates_a_cell_of_the_grid(project: Project) -> None:
    grid = project.set({"judges/j/references": ["dataset", "zero"], "replicates": 2}).grid()
    assert len({cell.path for cell in grid.cells}) == len(grid.cells)
    for cell in judgements(grid):
        assert cell.judged is not None and cell.judged is grid.by_path[cell.judged.path]
        assert (cell.track, cell.benchmark) == (cell.judged.track, cell.judged.benchmark)
        assert (cell.metric is None) == (cell.benchmark is not None)
    last = [cell.stage for cell in grid.cells].index("judgements")
    assert {cell.stage for cell in grid.cells[last:]} == {"judgements"}


def test_two_judges_rate_side_by_side(project: Project) -> None:
    grid = project.set({"judges/k": {**JUDGE, "form": "feedback-score"}}).grid()
    counts = Counter(cell.judge for cell in judgements(grid))
    assert counts["j"] == counts["k"] > 0
    assert len({cell.digest for cell in judgements(grid)}) == len(judgements(grid))


def kinds(grid: Grid) -> set[str]:
    return {cell.kind for cell in judgements(grid)}


def test_json_on_one_line_is_marked_where_it_is_enforced(project: Project) -> None:
    """Judgements of other engines and forms keep the names that they had before."""
    assert not any("json" in cell.spec for cell in judgements(project.grid()))
    (project.folder / "judge.gguf").write_bytes(b"GGUF" + bytes(4096))
    model = {"engine": "llama.cpp", "id": "org/j", "revision": "r1", "weights": str(project.folder / "judge.gguf")}
    sampling = {"temperature": 0.0, "max_tokens": 24}
    project.set({"judges/j/model": {**model, "context_length": 512, "sampling": sampling}})
    assert {cell.spec["json"] for cell in judgements(project.grid())} == {"on one line"}
    project.set({"judges/j/form": "reasoning-result"})
    assert not any("json" in cell.spec for cell in judgements(project.grid()))


def _moved(project: Project, edit: Edit) -> set[str]:
    """Return the plain paths of judgements whose digest an edit changes."""
    before = project.grid()
    edit(project)
    return {path for path in changed(before, project.grid()) if path.startswith("judgements/")}


ALL_KINDS = {*METRICS, "bfi", "xstest", "role-specific", "general"}
PAIRWISE = {"role-specific", "general"}
RESPONSES = {"bfi", "xstest", *PAIRWISE}
IDENTITIES = [
    pytest.param(lambda p: p.replace_text("judges/rubrics/style.yaml", "criterion:", "criterion: Now"), {"style"},
                 id="a rubric"),
    pytest.param(lambda p: p.replace_text("judges/rubrics/bfi.yaml", "careless", "sloppy"), {"bfi"}, id="a trait"),
    pytest.param(lambda p: p.replace_text("judges/template.yaml", "The character is", "They play"), ALL_KINDS,
                 id="the paragraph of the persona"),
    pytest.param(lambda p: p.replace_text("judges/template.yaml", "The trait is", "Trait:"), {"bfi"},
                 id="the paragraph of the trait"),
    pytest.param(lambda p: p.replace_text("judges/template.yaml", "Choose the better", "Pick the better"), PAIRWISE,
                 id="the prompt of one scale"),
    pytest.param(lambda p: p.replace_text("judges/template.yaml", "characters: 400", "characters: 300"), ALL_KINDS,
                 id="the length of reasoning, in form json"),
    pytest.param(lambda p: p.replace_text("judges/template.yaml", "**Reasoning:**", "**Why:**"), set(),
                 id="how another form is asked for"),
    pytest.param(lambda p: p.set({"judges/j/model/sampling/temperature": 0.3}), ALL_KINDS, id="sampling"),
    pytest.param(lambda p: p.set({"judges/j/model/sampling/seed": 3}), ALL_KINDS, id="seed"),
    pytest.param(lambda p: p.set({"judges/j/model/revision": "r2"}), ALL_KINDS, id="revision"),
    pytest.param(lambda p: p.set({"judges/j/form": "feedback-score"}), ALL_KINDS, id="form"),
    pytest.param(lambda p: p.set({"judges/j/model/base_url": "http://h/v1"}), set(), id="address"),
    pytest.param(lambda p: p.set({"judges/j/model/concurrency": 3}), set(), id="concurrency"),
    pytest.param(lambda p: p.set({"judges/j/name": "Judge"}), set(), id="name"),
    pytest.param(lambda p: p.replace_text("judges/rubrics/knowledge.yaml", "criterion:", "# Why.\ncriterion:"), set(),
                 id="a comment in a rubric"),
    pytest.param(lambda p: p.set({"models/alpha/sampling/temperature": 0.4}), ALL_KINDS, id="what is judged"),
    pytest.param(lambda p: p.set({"benchmarks/bfi/limit": 3}), {"bfi"}, id="items"),
    pytest.param(lambda p: p.replace_text("items/general.jsonl", "Breathe slow", "Breathe deep"), {"general"},
                 id="a reference answer"),
    pytest.param(lambda p: p.replace_text("items/bfi.json", '"Extraversion"', '"Openness"'), {"bfi"}, id="trait"),
    pytest.param(lambda p: p.edit_persona("keeper", description="You keep goats."), ALL_KINDS, id="a persona"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "moved"), IDENTITIES)
def test_judgements_renamed_by(project: Project, edit: Edit, moved: set[str]) -> None:
    assert {path.split("/")[4] for path in _moved(project, edit)} == moved


def test_an_edited_rubric_renames_all_judgements_by_it(project: Project) -> None:
    all_of_it = {path for path in by_plain_path(project.grid()) if "/style/" in path}
    moved = _moved(project, lambda p: p.replace_text("judges/rubrics/style.yaml", "criterion:", "criterion: Now"))
    assert moved == all_of_it and len(all_of_it) == 2 * 3 * (2 + 2)


def test_a_persona_renames_its_own_and_those_of_the_baseline_as_it(project: Project) -> None:
    moved = _moved(project, lambda p: p.edit_persona("keeper", description="You keep goats."))
    assert {path for path in moved if "/keeper/" not in path} == {
        path for path in by_plain_path(project.grid()) if "--as-keeper" in path and path.startswith("judgements/")
    }
    assert all("/baker/" not in path for path in moved)


def test_a_turn_renames_judgements_of_its_condition(project: Project) -> None:
    moved = _moved(project, lambda p: p.replace_text("turns/requests.json", "Plan a dinner", "Plan a lunch"))
    assert moved == {p for p in by_plain_path(project.grid()) if p.startswith("judgements/") and "/requests-" in p}


def test_a_turn_after_the_last_checkpoint_leaves_judgements_of_responses(project: Project) -> None:
    moved = _moved(project, lambda p: p.replace_text("turns/requests.json", "Name a boat", "Name a ship"))
    assert {path.split("/")[4] for path in moved} == set(METRICS)


NEEDY = "needs_persona: false # the baseline answers these questions as itself"


def test_a_rubric_that_needs_a_persona_is_not_asked_of_the_baseline(project: Project) -> None:
    project.replace_text("judges/rubrics/bfi.yaml", NEEDY, "needs_persona: true")
    grid = project.grid()
    assert names(grid, "baseline", "bfi") == set() and names(grid, "keeper", "bfi") == ASKED
    assert project.plan_report().estimates


def test_batches_of_a_judge(project: Project) -> None:
    project.set({"judges/k": JUDGE, "batches": {"max_cells": 30}})
    grid = project.grid()
    batches = [batch for batch in make_plan(grid, frozenset()).batches if batch.stage == "judge"]
    assert sorted(path for batch in batches for path in batch.outputs) == sorted(c.path for c in judgements(grid))
    for batch in batches:
        assert re.fullmatch(rf"judge_{batch.judge}_{batch.model}_\d\d", batch.name)
        assert (batch.asked_slug, batch.model_section(grid.study.config).id) == (batch.judge, "org/judge-1b")
        cells = [grid.by_path[path] for path in batch.outputs]
        assert {(cell.judge, cell.track.model) for cell in cells} == {(batch.judge, batch.model)}
        assert set(batch.inputs) == {cell.judged.path for cell in cells if cell.judged}
        assert len(cells) <= 30 or len({(cell.track.persona, cell.as_persona) for cell in cells}) == 1
    assert {batch.name.rpartition("_")[0] for batch in batches} == {
        f"judge_{judge}_{model}" for judge in "jk" for model in ("alpha", "beta")
    }


def test_what_is_judged_is_an_input_also_when_it_is_there(project: Project) -> None:
    grid = project.grid()
    done = frozenset(cell.path for cell in grid.cells if cell.stage != "judgements")
    result = make_plan(grid, done)
    assert {cell.stage for cell in result.missing} == {"judgements"}
    assert {path for batch in result.batches for path in batch.inputs} <= done


def test_a_removed_response_takes_its_judgements_along(project: Project) -> None:
    grid = project.set({"judges/j/references": ["dataset", "zero"]}).grid()
    lost = next(c for c in grid.cells if c.benchmark == "general" and c.track.persona == "keeper" and not c.judge)
    missing = {cell.path for cell in make_plan(grid, frozenset(c.path for c in grid.cells if c != lost)).missing}
    assert missing == {lost.path, *(cell.path for cell in judgements(grid) if cell.judged == lost)}
    assert len(missing) == 3


def test_a_removed_dialogue_takes_all_along(project: Project) -> None:
    grid = project.grid()
    lost = next(cell for cell in grid.cells if cell.stage == "dialogues" and cell.track.order == "fixed")
    missing = make_plan(grid, frozenset(cell.path for cell in grid.cells if cell != lost)).missing
    assert [cell.path for cell in missing] == [cell.path for cell in grid.cells if cell.track == lost.track]
