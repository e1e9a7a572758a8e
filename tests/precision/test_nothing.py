"""Edits that shape nothing plan nothing, and asking again costs nothing. `test_snakemake` makes them all at once."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from personas.workflow.terminal.plan_tables import print_plan_report
from tests.helpers import FakeServer
from tests.precision.edits import Study
from tests.precision.in_process import InProcess, planned

pytestmark = pytest.mark.precision


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
    for path in study.own_code().rglob("*.py"):
        path.write_text(path.read_text().replace('"""', '"""Now: ', 1) + "\n# a comment\n")


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
}


@pytest.mark.parametrize("edit", NOTHING)
def test_what_shapes_nothing_plans_nothing(study: Study, edit: str) -> None:
    NOTHING[edit](study)
    assert planned(study.folder) == set()


def test_longer_dialogues_and_more_checkpoints_reuse_the_journal(study: Study, server: FakeServer) -> None:
    """And the plan says so: what it calls journaled is never sent."""
    study.edit({"checkpoints": [0, 2, 3], "conditions/goal-oriented/rounds": 4, "judges": None})
    project = InProcess(study.folder)
    told = io.StringIO()
    print_plan_report(project.plan_report(), Console(file=told, width=140))
    sent = _number(r"(\d+) requests to send", told.getvalue())
    assert _number(r"The journal answers (\d+) requests already", told.getvalue()) > sent
    project.run("run-2", ["generate"])
    new_rounds = 2 * 3  # models x speakers, one more round each
    new_responses = (
        2 * 2 * (2 * 2 + 1 + 2)
    )  # models x conditions x (personas x items, baseline: xstest, 2 references)
    assert server.count == sent <= new_rounds + new_responses


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found, text
    return int(found[1].replace(",", ""))
