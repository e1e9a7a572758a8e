"""Edits that shape nothing plan nothing, and asking again costs nothing."""

import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.helpers import FakeServer, copy_project
from tests.precision.edits import STAGES, Study
from tests.precision.world import WORLD

pytestmark = [pytest.mark.workflow, pytest.mark.precision]


def _reorder(study: Study) -> None:
    def reversed_keys(value: Any) -> Any:
        return {k: reversed_keys(value[k]) for k in reversed(value)} if isinstance(value, dict) else value

    raw = study.raw()
    # The order of models, conditions and benchmarks orders the grid; within each of them it means nothing.
    for section in ("models", "conditions", "benchmarks", "judges"):
        raw[section] = {name: reversed_keys(part) for name, part in raw[section].items()}
    study.configure(dict(reversed(raw.items())))


def _comment_yaml(study: Study) -> None:
    for path in [*study.folder.glob("config/personas/*.yaml"), study.folder / "config/config.yaml"]:
        path.write_text("# a comment\n" + path.read_text())


def _comment_code(study: Study) -> None:
    for path in study.folder.glob("scripts/*/*.py"):
        path.write_text(path.read_text().replace('"""', '"""Now: ', 1) + "\n# a comment\n")


def _touch(study: Study) -> None:
    """As if copied without times, in any order."""
    for path in study.results.rglob("*.parquet"):
        if not path.is_symlink():
            path.touch()


NOTHING: dict[str, Callable[[Study], Any]] = {
    "display name of a persona": lambda s: s.persona("pastry-chef", name="The chef"),
    "display name of a model": lambda s: s.edit({"models/one/name": "Model one"}),
    "price": lambda s: s.edit({"models/one/price": {"prompt_per_million": 1.0, "completion_per_million": 2.0}}),
    "concurrency": lambda s: s.edit({"models/one/concurrency": 3, "judges/jay/model/concurrency": 2}),
    "port and key": lambda s: s.edit(
        {"models/two/base_url": "http://127.0.0.1:9/v1", "models/two/key_variable": "K"}
    ),
    "size of batches": lambda s: s.edit({"batches": {"max_cells": 5}}),
    "order of YAML keys": _reorder,
    "comments in YAML": _comment_yaml,
    "comments and docstrings in code": _comment_code,
    "touched results": _touch,
    "a profile": lambda s: (s.folder / "profiles/mine").mkdir(),
    ".snakemake deleted": lambda s: shutil.rmtree(s.folder / ".snakemake"),
}


@pytest.mark.parametrize("edit", NOTHING)
def test_what_shapes_nothing_plans_nothing(study: Study, edit: str) -> None:
    NOTHING[edit](study)
    assert study.dry_run() == set()


def test_all_of_them_at_once_in_a_real_run(study: Study, server: FakeServer) -> None:
    for edit in NOTHING.values():
        edit(study)
    assert study.execute("--set-resources", "generate:runtime=9") == set()
    assert server.count == 0


def test_revert_without_snakemakes_memory(study: Study, server: FakeServer) -> None:
    """Back and forth between two versions of a persona: only the first time costs. Figures are by content."""
    persona = study.folder / "config/personas/pastry-chef.yaml"
    original, figure = persona.read_text(), study.results / "current/figures/by-checkpoint.pdf"
    drawn = figure.read_bytes()
    study.persona("pastry-chef", description="You are Otto, and say " + "twice " * 40)
    study.run()
    asked = server.count
    assert asked > 0

    persona.write_text(original)
    shutil.rmtree(study.folder / ".snakemake")
    assert study.dry_run() == study.execute() == set()
    assert figure.read_bytes() == drawn, "the link shows the figure of this grid again"

    study.persona("pastry-chef", description="You are Otto, and say " + "twice " * 40)
    assert study.dry_run() == study.execute() == set()
    assert server.count == asked


def test_a_clone_with_copied_results_needs_no_engine(study: Study, tmp_path: Any, server: FakeServer) -> None:
    """A fresh checkout, results copied without times and without links: all scripts look newer than results."""
    clone = Study(tmp_path / "clone")
    copy_project(clone.folder)
    shutil.copytree(study.folder / "config", clone.folder / "config", dirs_exist_ok=True)
    for stage in STAGES:
        shutil.copytree(study.results / stage, clone.results / stage, copy_function=shutil.copyfile)
    for path in clone.folder.glob("scripts/**/*.py"):
        path.touch()
    assert clone.dry_run() == clone.execute() == set()
    assert server.count == 0
    links = {p.relative_to(clone.results / "current").as_posix() for p in (clone.results / "current").rglob("*.*")}
    assert WORLD.cells() <= links, "current/ is refreshed although nothing was to be done"


def test_a_run_that_ends_between_generating_and_judging(study: Study, server: FakeServer) -> None:
    """The removed response is made again first; its judgement must not look current although the name is right."""
    study.file("responses/one/pastry-chef/xstest/goal-oriented-fixed.*").unlink()
    judged = "judgements/jay/one/pastry-chef/xstest/goal-oriented-fixed.parquet"
    assert judged in study.dry_run()
    made = study.execute("generate")
    assert made == {"responses/one/pastry-chef/xstest/goal-oriented-fixed.parquet"}
    rest = study.dry_run()
    assert judged in rest and not any(path.startswith("responses/") for path in rest)
    assert study.execute() == rest


def test_longer_dialogues_and_more_checkpoints_reuse_the_journal(study: Study, server: FakeServer) -> None:
    """And the plan says so: what it calls journaled is never sent."""
    study.edit({"checkpoints": [0, 2, 3], "conditions/goal-oriented/rounds": 4, "judges": None})
    told = study.run("-n")
    sent = _number(r"(\d+) requests to send", told)
    assert _number(r"The journal answers (\d+) requests already", told) > sent
    study.run("generate")
    new_rounds = 2 * 3  # models x speakers, one more round each
    new_responses = (
        2 * 2 * (2 * 2 + 1 + 2)
    )  # models x conditions x (personas x items, baseline: xstest, 2 references)
    assert server.count == sent <= new_rounds + new_responses


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found, text
    return int(found[1].replace(",", ""))


def test_yaml_of_the_study_is_what_it_says(study: Study) -> None:
    assert yaml.safe_load((study.folder / "config/config.yaml").read_text()) == study.raw()
