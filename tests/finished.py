"""A small judged study, finished in this process: cells, ratings, and the tables that follow from them by name."""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan
from personas.workflow.links import refresh_links
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer, make, make_project

HOSTILE = (
    "</td></table><script>alert(1)</script>",
    '<img src=x onerror="alert(1)"> <a href="javascript:alert(1)">here</a>',
    "\x00\x01\x1b[31m red \x7f\x85\u2028\u2029\u202e\ufeff",
    'a "quoted", line\r\nthen\ranother\nand\ttabs\\n',
    '=HYPERLINK("http://127.0.0.1/", "here")',
    "NA",
    "{{ 7 * 7 }} {% raw %} ${HOME} %s `id` $(id)",
    "![here](javascript:alert(1)) <|im_end|> \U0001f600 naïve",
)
"""Texts that are no text any more where somebody forgets to escape them."""
HUGE = "<b>huge</b>;" * 900_000
LONG = 8000
"""Tokens that an answer to an item of general may take: a server that sends 10 MB for fewer is not believed."""


def decide(body: Mapping[str, Any]) -> Outcome | None:
    """Answer as a judge with a verdict, to one item with the huge text, and else with a hostile one."""
    if "response_format" in body:
        schema = body["response_format"]["json_schema"]["schema"]["properties"]
        return answer(json.dumps({"reasoning": "<i>as</i> I see it", "verdict": schema["verdict"]["enum"][-1]}))
    if body["max_tokens"] == LONG:
        there = [message["content"] for message in body["messages"]]
        return answer(HUGE) if "lighthouse" in there[0] and "dinner" in there[1] and len(there) == 6 else None
    return answer(HOSTILE[sum(map(ord, str(body["messages"]))) % len(HOSTILE)]) if len(body["messages"]) > 2 else None


def finish(folder: Path, server: FakeServer, tables: Collection[str] = ("values",), **changes: Any) -> Project:
    """Make a project, hold and judge its dialogues by a server, and make ratings and some tables by their names."""
    project = make_project(folder)
    addresses = {f"{place}/base_url": server.base_url for place in ("models/alpha", "judges/j/model")}
    project.set({"models/beta": None, "judges/j": {**JUDGE, "utterances": ["style"]}})
    project.set({**addresses, "patterns": {"benchmarks": []}, "benchmarks/general/max_tokens": LONG, **changes})
    project.run()
    frozen = project.freeze("run-2")
    make_with_inputs(frozen, lambda each: each.stage == "ratings" or each.name in tables)
    refresh_links(frozen)
    return project


def make_with_inputs(frozen: FrozenPlan, wanted: Callable[[Artefact], bool]) -> None:
    """Make some artefacts and all that they are made of."""
    needed = {path for each in frozen.artefacts if wanted(each) for path in each.outputs}
    for each in reversed(frozen.artefacts):
        if needed.intersection(each.outputs):
            needed.update(each.inputs)
    for each in frozen.artefacts:
        if needed.intersection(each.outputs):
            make(frozen, each)
