"""What is missing, how it is cut into batches, and what follows from it."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.resources import Resources

from personas.core.errors import UserError
from personas.engines.kinds.endpoint import EndpointModel
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan import source as source_module
from personas.plan.artefact import Artefact
from personas.plan.batches import Batch
from personas.plan.disk import existing_files
from personas.plan.frozen import read
from personas.plan.normal_form import normal_form
from personas.plan.plan import Plan
from personas.plan.source import source_digest
from personas.workflow.artefacts import downstream
from personas.workflow.resources import spread_stage_resources
from tests.helpers import ROOT, Project, digests, make_plan


def paths(grid: Grid) -> frozenset[str]:
    return frozenset(cell.path for cell in grid.cells)


def plan(project: Project, on_disk: frozenset[str] = frozenset()) -> Plan:
    return make_plan(project.grid(), on_disk)


def missing(result: Plan) -> set[str]:
    return {cell.path for cell in result.missing}


def planned(result: Plan) -> list[str]:
    return [path for batch in result.batches for path in batch.outputs]


def dialogue(grid: Grid) -> Cell:
    """Return a dialogue that has responses behind it."""
    return next(cell for cell in grid.cells if cell.benchmark is None and cell.track.order == "fixed")


def test_nothing_on_disk_everything_is_missing(project: Project) -> None:
    result = plan(project)
    assert sorted(planned(result)) == sorted(paths(result.grid))


def test_everything_on_disk_nothing_is_missing(project: Project) -> None:
    result = plan(project, paths(project.grid()))
    assert (result.missing, result.batches) == ([], [])


def test_other_files_on_disk_do_not_count(project: Project) -> None:
    other = frozenset(re.sub(r"\.[0-9a-f]{16}\.", ".0123456789abcdef.", path) for path in paths(project.grid()))
    assert missing(plan(project, other)) == paths(project.grid())


def test_a_reverted_edit_costs_nothing(project: Project) -> None:
    on_disk = paths(project.grid())
    assert plan(project.edit(models__alpha__revision="r2"), on_disk).missing
    assert not plan(project.edit(models__alpha__revision="r1"), on_disk).missing


def test_a_response_whose_dialogue_is_missing_is_missing(project: Project) -> None:
    grid = project.grid()
    lost = dialogue(grid)
    family = {cell.path for cell in grid.cells if cell.track == lost.track}
    assert missing(plan(project, paths(grid) - {lost.path})) == family and len(family) == 6


def test_a_missing_response_brings_its_finished_dialogue_as_input(project: Project) -> None:
    grid = project.grid()
    response = next(cell for cell in grid.cells if cell.benchmark == "bfi")
    [batch] = plan(project, paths(grid) - {response.path}).batches
    assert batch.outputs == (response.path,)
    assert batch.inputs == (grid.dialogues[response.track].path,)


def test_inputs_are_exactly_the_finished_dialogues_needed(project: Project) -> None:
    grid = project.grid()
    lost = {cell.path for cell in grid.cells if cell.benchmark == "general"} | {dialogue(grid).path}
    result = plan(project, paths(grid) - lost)
    needed = {grid.dialogues[cell.track].path for cell in result.missing} - missing(result)
    assert sorted(path for batch in result.batches for path in batch.inputs) == sorted(needed)


LIMITS = [
    pytest.param({"max_cells": 100}, 2, id="one batch a model"),
    pytest.param({"max_cells": 18}, None, id="few cells"),
    pytest.param({"max_cells": 17}, None, id="room for one family"),
    pytest.param({"max_minutes": 0.05}, None, id="few minutes"),
]


def family(cell: Cell) -> tuple[str, int]:
    """Cells that share a system prompt and a seed may share requests, so they stay in one batch."""
    return cell.track.persona, cell.track.replicate


@pytest.mark.parametrize(("limits", "count"), LIMITS)
def test_batches(project: Project, limits: dict[str, Any], count: int | None) -> None:
    result = plan(project.edit(batches=limits))
    grid, batches = result.grid, result.batches
    assert count in (None, len(batches))
    assert sorted(planned(result)) == sorted(paths(grid)), "every missing cell in exactly one batch"
    assert len({batch.name for batch in batches}) == len(batches)
    homes: dict[Any, set[str]] = {}
    for batch in batches:
        cells = [grid.by_path[path] for path in batch.outputs]
        assert re.fullmatch(rf"generate_{batch.model}_\d\d+", batch.name)
        assert {cell.track.model for cell in cells} == {batch.model}, "one model a batch"
        assert len(cells) <= limits.get("max_cells", 100)
        assert batch.minutes <= limits.get("max_minutes", 120) or len({family(cell) for cell in cells}) == 1
        for cell in cells:
            homes.setdefault((batch.model, *family(cell)), set()).add(batch.name)
    assert all(len(names) == 1 for names in homes.values()), "a family is never cut apart"


def test_a_batch_holds_as_many_cells_as_the_config_allows(project: Project) -> None:
    [size] = set(Counter(cell.track.model for cell in project.grid().cells).values())
    assert len(plan(project.edit(batches={"max_cells": size})).batches) == 2, "one a model"
    assert len(plan(project.edit(batches={"max_cells": size - 1})).batches) > 2


def test_a_family_larger_than_a_batch_stays_whole(project: Project) -> None:
    result = plan(project.edit(batches={"max_cells": 1}))
    assert all(len({family(result.grid.by_path[path]) for path in b.outputs}) == 1 for b in result.batches)


def test_requests_and_minutes_of_a_batch(project: Project) -> None:
    grid = project.grid()
    lost = {cell.path for cell in grid.cells if cell.track == dialogue(grid).track}
    [batch] = plan(project, paths(grid) - lost).batches
    requests = 3 + 2 * (2 + 2 + 1 + 1 + 1)
    assert batch.requests == requests
    tokens = (requests - 4) * 24 + 4 * 16  # the longest answers allowed; the four of xstest are shorter
    assert batch.minutes == pytest.approx(tokens * EndpointModel.needs.seconds_per_token / 8 / 60, abs=1e-3)


def of(model: str, batches: Any) -> list[Batch]:
    return [batch for batch in batches if batch.model == model]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"models/alpha/revision": "r2"}, id="edited"),
        pytest.param({"models/alpha": None}, id="removed"),
        pytest.param({"models/alpha/sampling/max_tokens": 4000}, id="slower"),
    ],
)
def test_an_edit_to_one_model_leaves_the_batches_of_another(project: Project, changes: dict[str, Any]) -> None:
    project.edit(batches={"max_cells": 10})
    before = of("beta", plan(project).batches)
    assert of("beta", plan(project.set(changes)).batches) == before


def test_finished_cells_of_one_model_leave_the_batches_of_another(project: Project) -> None:
    project.edit(batches={"max_cells": 10})
    done = frozenset(path for path in paths(project.grid()) if "/alpha/" in path)
    assert of("beta", plan(project, done).batches) == of("beta", plan(project).batches)


def test_targets_are_all_cells_and_all_artefacts(project: Project) -> None:
    result = plan(project, paths(project.grid()))
    made = {path for artefact in result.artefacts for path in artefact.outputs}
    assert set(result.targets) == paths(result.grid) | made and len(result.targets) == len(set(result.targets))
    assert {path.split("/")[0] for path in made} == {"tables", "patterns", "figures", "report"}


def test_every_input_of_an_artefact_is_a_target(project: Project) -> None:
    result = plan(project)
    assert {path for artefact in result.artefacts for path in artefact.inputs} <= set(result.targets)


def test_plain_names_are_the_names_without_the_digest(project: Project) -> None:
    for artefact in plan(project).artefacts:
        for path, plain in zip(artefact.outputs, artefact.plain_outputs, strict=True):
            assert re.fullmatch(re.escape(plain).replace(r"\.", r"\.(?:[0-9a-f]{16}\.)?"), path) and path != plain


def test_existing_files_are_found_with_one_walk(project: Project) -> None:
    results = project.folder / "results"
    assert existing_files(results) == frozenset()
    some = sorted(paths(project.grid()))[:3]
    for path in [*some, "responses/alpha/keeper/bfi/.half.tmp", "tables/ratings.parquet"]:
        (results / path).parent.mkdir(parents=True, exist_ok=True)
        (results / path).touch()
    assert existing_files(results) == frozenset(some)


INSIGHTS = re.compile(
    r"tables/(length|by-length|safety|changed|coverage|rankings|model-|.*[.]tex)|figures/card-|report/(card-|models|changed)"
)
"""What `tests.integration.test_insights` tells of the same way."""
DRAWN = re.compile(
    r"figures/(difference|progression|over-|cost-|effect-|models|personas|tokens|by-length|item-|patterns-)"
    r"|tables/(averages|token-averages|patterns-by-unit)"
)
"""What `tests.unit.test_units_of_figures` tells of the same way."""
UNJUDGED = re.compile(r"(tables|figures)/(identification|style|strength|remaining)")
"""What `tests.unit.test_strength_plan` tells of the same way."""


def stems(artefacts: list[Artefact]) -> dict[str, tuple[str, ...]]:
    told = {a.plain_outputs[0]: a.outputs for a in artefacts}
    elsewhere = (INSIGHTS, DRAWN, UNJUDGED)
    return {name: paths for name, paths in told.items() if not any(each.match(name) for each in elsewhere)}


SERIES = r"tables/(?!ratings|status|answer|values|item-variances|measures|mixed)"
MEASURED = r"tables/(values|item-variances-xstest|contrasts|by-model|power|overall|mixed-models)|figures/overview"
SCORED = r"^(tables|figures)/(?!patterns|measures)"
BEHIND = rf"{SERIES}|tables/((answer-)?status|values|item-variances|mixed)|figures/"


@pytest.mark.parametrize(
    ("edit", "renamed"),
    [
        pytest.param(
            lambda p: p.edit(models__alpha__revision="r2"),
            rf"ratings-alpha|patterns/alpha|{BEHIND}|report/",
            id="inputs: ratings and patterns of the model, and all behind",
        ),
        pytest.param(
            lambda p: p.replace_text("items/xstest.csv", ",homonyms,", ",other,"),
            rf"ratings-\w+--xstest|(tables|figures)/(xstest|by-checkpoint)|status\.|{MEASURED}",
            id="scoring: ratings of the benchmark and all behind",
        ),
        pytest.param(
            lambda p: p.edit(statistics__generalise=["items"]), rf"{SERIES}|figures/", id="what intervals are over"
        ),
        pytest.param(lambda p: p.edit(figures__note="N"), r"figures/|report/", id="note: what it is printed on"),
        pytest.param(
            lambda p: p.edit(patterns__fisher_p=0.05),
            r"patterns/|(tables|figures)/patterns|tables/(mixed|overall)|figures/overview",
            id="pattern mining",
        ),
        pytest.param(lambda p: p.edit(models__alpha__name="A"), r"(?!)", id="name of a model"),
        pytest.param(lambda p: p.edit(benchmarks__bfi__name="B"), r"(?!)", id="name of a benchmark"),
        pytest.param(lambda p: p.edit(conditions__requests__name="R"), r"(?!)", id="name of a condition"),
        pytest.param(lambda p: p.edit_persona("keeper", name="K"), r"(?!)", id="name of a persona"),
        pytest.param(lambda p: p.edit(models__alpha__base_url="http://other/v1"), r"(?!)", id="address"),
        pytest.param(lambda p: p.edit(batches={"max_cells": 9}), r"(?!)", id="batches"),
        pytest.param(lambda p: p.edit(results="other"), r"(?!)", id="results folder"),
    ],
)
def test_artefacts_renamed_by(project: Project, edit: Callable[[Project], Project], renamed: str) -> None:
    before, after = stems(downstream(project.grid())), stems(downstream(edit(project).grid()))
    assert before.keys() == after.keys()
    told = {plain for plain in before if before[plain] != after[plain]}
    assert told == {plain for plain in before if re.search(renamed, plain)}
    assert told or renamed == r"(?!)"


SOURCES = [
    pytest.param(
        "benchmarks/xstest.py",
        "def score(",
        rf"ratings-\w+--xstest|(tables|figures)/(xstest|by-ch)|status\.|{MEASURED}",
        id="a scorer",
    ),
    pytest.param("scoring/table.py", "def rate_response(", SCORED, id="ratings"),
    pytest.param("prompts/judge/verdicts.py", "def ", SCORED, id="verdicts"),
    pytest.param(
        "scoring/patterns/count.py",
        "def count_patterns(",
        r"patterns/|(tables|figures)/patterns|tables/(mixed|overall)|figures/overview",
        id="patterns",
    ),
    pytest.param(
        "stats/intervals.py", "def estimate(", rf"(?!tables/power)({SERIES})|figures/", id="what all series share"
    ),
    pytest.param("tables/statuses.py", "def _shares(", r"status\.", id="both tables of statuses"),
    pytest.param("tables/statuses.py", "def status_shares(", r"/status\.", id="one of them"),
    pytest.param(
        "tables/reading.py",
        "def rows_of(",
        r"(?<!patterns-)by-checkpoint|status\.|item-variances|contrasts|by-model|tables/(power|overall)|figures/(?!patterns)",
        id="how ratings are read",
    ),
    pytest.param("figures/drawing/style.py", "def save(", r"figures/", id="what all figures share"),
    pytest.param("figures/utterances.py", "def draw(", r"(?!)", id="a figure that this grid does not have"),
    pytest.param("figures/by_checkpoint.py", "def draw(", r"figures/by-checkpoint", id="one figure"),
    pytest.param("figures/by_checkpoint.py", "def _instances(", r"(?!)", id="which of a figure there are"),
    pytest.param("pages/html.py", "def render(", r"report/", id="pages"),
    pytest.param("engines/http/client.py", "def ", r"(?!)", id="engines"),
    pytest.param("external/tokenizer.py", "def counter(", r"tables/lengths", id="what counts tokens"),
    pytest.param("prompts/thinking.py", "def strip_thinking(", rf"{SCORED}|patterns", id="what takes thinking out"),
    pytest.param("workflow/terminal/plan_tables.py", "def ", r"(?!)", id="what is printed"),
]


@pytest.mark.parametrize(("module", "function", "renamed"), SOURCES)
def test_artefacts_renamed_by_an_edit_of_the_source(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, function: str, renamed: str
) -> None:
    package = shutil.copytree(ROOT / "scripts/personas", tmp_path / "personas")
    monkeypatch.setattr(source_module, "_PACKAGE", package)
    _forget_sources()
    before = stems(downstream(project.grid()))
    edit(package / module, function)
    _forget_sources()
    after = stems(downstream(project.grid()))
    _forget_sources()
    told = {plain for plain in before if before[plain] != after[plain]}
    assert told == {plain for plain in before if re.search(renamed, plain)}


def edit(path: Path, function: str) -> None:
    """Have a function, or all of a file where no name is given, do one thing more."""
    code = path.read_text(encoding="utf-8")
    more = re.sub(rf"^( *){re.escape(function)}", r"\1@done_twice\n\g<0>", code, flags=re.MULTILINE)
    assert more != code
    path.write_text(more, encoding="utf-8")


def _forget_sources() -> None:
    for cached in (source_module._closure, source_module._read, source_module._file):
        cached.cache_clear()


SOURCE = "def f(x):\n    return x + 1\n"


@pytest.mark.parametrize(
    ("source", "same"),
    [
        pytest.param("# why\ndef f(x):\n    return x + 1  # because\n", True, id="comments"),
        pytest.param('"""Module."""\ndef f(x):\n    """Add."""\n    return x + 1\n', True, id="docstrings"),
        pytest.param("\n\ndef f(\n    x,\n):\n    return (x\n        + 1)\n", True, id="layout"),
        pytest.param("def f(x):\n    return x + 2\n", False, id="another number"),
        pytest.param("def g(x):\n    return x + 1\n", False, id="another name"),
        pytest.param("def f(x):\n    return x - 1\n", False, id="another operator"),
        pytest.param("def f(x=0):\n    return x + 1\n", False, id="a default"),
        pytest.param("import os\ndef f(x):\n    return x + 1\n", False, id="an import"),
        pytest.param("def f(x):\n    'a' + 'b'\n    return x + 1\n", False, id="a statement that is no docstring"),
    ],
)
def test_normalised_source(source: str, same: bool) -> None:
    assert (normal_form(source) == normal_form(SOURCE)) == same


def test_a_text_that_is_used_is_no_docstring() -> None:
    assert normal_form("X = 'a'\n") != normal_form("X = 'b'\n")


def test_a_definition_that_moves_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_PACKAGE", tmp_path)
    _forget_sources()
    (tmp_path / "a.py").write_text("from personas.b import g\n\ndef f():\n    return g(1)\n\nX = 2\n")
    (tmp_path / "b.py").write_text("import math\n\ndef g(x):\n    return h(x) + math.pi\n\ndef h(x):\n    return x\n")
    before = source_digest("personas.a:f")
    assert set(source_module.closure("personas.a:f")) >= {
        ("personas.a", "f"),
        ("personas.b", "g"),
        ("personas.b", "h"),
    }
    assert ("personas.a", "X") not in source_module.closure("personas.a:f")
    (tmp_path / "c.py").write_text((tmp_path / "b.py").read_text())
    (tmp_path / "a.py").write_text("from personas.c import g\n\ndef f():\n    return g(1)\n\nX = 3\n")
    _forget_sources()
    assert source_digest("personas.a:f") == before
    (tmp_path / "c.py").write_text((tmp_path / "c.py").read_text().replace("return x", "return -x"))
    _forget_sources()
    assert source_digest("personas.a:f") != before
    _forget_sources()


USES = """
from personas.b import base, default, decorator, inner, keyword, shadowed, value
import personas.b as b

@decorator
def f(x, y=default, *, z=keyword):
    shadowed = 1
    def g(w=inner):
        return w
    return [shadowed for _ in x] + b.attribute + value(g)

class C(base):
    def f(self):
        return value
"""
NAMES = ("base", "default", "decorator", "inner", "keyword", "shadowed", "value", "attribute", "unused")


def test_what_a_definition_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_PACKAGE", tmp_path)
    _forget_sources()
    (tmp_path / "a.py").write_text(USES)
    (tmp_path / "b.py").write_text("".join(f"{name} = 1\n" for name in NAMES))
    used = {
        entry: {name for module, name in source_module.closure(entry) if module == "personas.b"}
        for entry in ("personas.a:f", "personas.a:C")
    }
    _forget_sources()
    assert used["personas.a:f"] == {"", "default", "decorator", "inner", "keyword", "value", "attribute"}
    assert used["personas.a:C"] == {"", "base", "value"}


def test_a_frozen_plan_comes_back_the_same(project: Project) -> None:
    project.set({"models/alpha/thinking": {"template_arguments": {"a": True, "b": 2, "c": "d"}}, "replicates": 2})
    grid = project.edit_persona("keeper", description="Zeilen\nund “Umlaute”: ä.").grid()
    frozen = project.frozen(on_disk={dialogue(grid).path})
    again = read(frozen.folder() / "plan.json")
    assert digests(again.grid) == digests(grid)
    assert [vars(batch) for batch in again.batches] == [vars(batch) for batch in frozen.batches]
    assert [vars(artefact) for artefact in again.artefacts] == [vars(artefact) for artefact in frozen.artefacts]
    assert (again.run, again.results, again.targets) == (frozen.run, frozen.results, frozen.targets)
    assert again.study == frozen.study


def test_a_frozen_plan_does_not_see_later_edits(project: Project) -> None:
    frozen = project.frozen()
    project.edit_persona("keeper", description="Other.").replace_text("items/bfi.json", "strangers", "others")
    project.edit(models__alpha__revision="r2")
    assert digests(read(frozen.folder() / "plan.json").grid) == digests(frozen.grid) != digests(project.grid())


@pytest.mark.parametrize("version", [None, 0, 5, "6"], ids=repr)
def test_a_plan_of_another_version_is_refused(project: Project, version: Any) -> None:
    frozen = project.frozen()
    path = frozen.folder() / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))
    with pytest.raises(UserError, match=f"found plan version {version}, expected 10"):
        read(path)


def test_a_plan_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file, expected the plan of a run"):
        read(tmp_path / "plan.json")


BATCHES = {"generate": ["generate_a_01", "generate_a_02"]}


def spread(resources: Any = None, threads: Any = None) -> Any:
    settings = SimpleNamespace(overwrite_resources=resources or {}, overwrite_threads=threads or {})
    spread_stage_resources(SimpleNamespace(resource_settings=settings), BATCHES)
    return settings


def mapping(**values: Any) -> dict[str, Any]:
    return values


def raw(resources: Any) -> dict[str, Any]:
    return {name: getattr(value, "raw", value) for name, value in resources.items()}


@pytest.mark.parametrize("kind", [mapping, lambda **v: Resources.from_mapping(v)], ids=["dict", "Resources"])
def test_resources_of_a_stage_go_to_its_batches(kind: Callable[..., Any]) -> None:
    given = {
        "generate": kind(runtime=240, gpu=1),
        "generate_a_02": kind(runtime=60),
        "rate_a": kind(runtime=5),
    }
    result = spread(given).overwrite_resources
    assert raw(result["generate_a_01"]) == {"runtime": 240, "gpu": 1}
    assert raw(result["generate_a_02"]) == {"runtime": 60, "gpu": 1}, "what is set for one batch wins"
    assert raw(result["rate_a"]) == {"runtime": 5}


@pytest.mark.parametrize("last", ["generate", "generate_a_02"])
def test_threads_of_a_stage_go_to_its_batches(last: str) -> None:
    given = {"generate": 8, "generate_a_02": 2}
    given[last] = given.pop(last)
    result = spread(threads=given).overwrite_threads
    assert (result["generate_a_01"], result["generate_a_02"]) == (8, 2), "what is set for one batch wins"


@pytest.mark.parametrize("name", ["generat", "judge", "Rate", "bfi"])
def test_a_name_that_is_no_stage_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"set-resources: found '{name}', expected a stage or a rule: generate, "):
        spread({name: {"runtime": 1}})
    with pytest.raises(UserError, match="set-threads"):
        spread(threads={name: 1})


def test_a_batch_that_is_finished_may_still_stand_in_a_profile() -> None:
    assert raw(spread({"generate_b_07": {"runtime": 1}}).overwrite_resources["generate_b_07"]) == {"runtime": 1}


def test_resources_of_a_model_go_to_its_batches_only() -> None:
    """More special than the stage, less than the batch; `b` has no batches now."""
    given = {
        "generate_a": mapping(gpu=4, runtime=60),
        "generate": mapping(gpu=1, mem_mb=1),
        "generate_a_01": mapping(runtime=5),
        "generate_b": mapping(gpu=2),
    }
    result = spread(given).overwrite_resources
    assert raw(result["generate_a_01"]) == {"gpu": 4, "runtime": 5, "mem_mb": 1}
    assert raw(result["generate_a_02"]) == {"gpu": 4, "runtime": 60, "mem_mb": 1}


def test_an_expression_stays_one() -> None:
    """A profile may write `mem_mb: 32000 * attempt`."""
    given = {"generate": Resources.parse(["mem_mb=1000 * attempt"], allow_expressions=True)}
    spread_one = spread(given).overwrite_resources["generate_a_01"]
    assert spread_one["mem_mb"].is_evaluable() and raw(spread_one) == {"mem_mb": "1000 * attempt"}
