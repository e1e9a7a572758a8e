"""A small finished study to look at in the viewer; `python -m tests.viewing FOLDER` makes one.

A server of ours answers: the personas drift away from how they talk, and the judge says so.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan
from personas.workflow.links import refresh_links
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer, make, make_project

Decide = Callable[[dict[str, Any]], Outcome]
TABLES = ("values", "intervention-values", "measures", "status", "contrasts")
_SAID = {
    "Maren Holt": (
        "The tide is out and the lamp is lit. Every ship that passes is a friend I shall not meet.",
        "I trust the beam, and the keeper before me. The sea keeps its own counsel.",
        "As a language model I have no hopes, but I can list some that people have.",
    ),
    "Otto Brindle": (
        "Flour to the elbows! The first croissants come out at four, and the butter must be cold.",
        "I trust my oven more than the mayor. Dough never lies.",
        "Here are three options: a short list, a table, or a summary.",
    ),
    None: ("I see a list of messages.", "I do not trust or distrust anybody.", "Here is what I can do for you."),
}
_REASONS = {
    5: "Wholly in character: the images and the rhythm are those of the description.",
    4: "In character, with one plain phrase.",
    3: "Neutral: neither against the character nor like it.",
    2: "Mostly the voice of an assistant.",
    1: "Out of character: it speaks of itself as a language model.",
}


def reply(body: dict[str, Any]) -> Outcome:
    """Answer as a persona that drifts, or rate as a judge that notices."""
    messages, text = body["messages"], json.dumps(body["messages"])
    number = hashlib.sha256((body["model"] + text).encode()).digest()[0]
    if "response_format" in body:
        verdict = 1 if "As a language model" in text else 2 if "Here are three options" in text else 4 + number % 2
        enum = json.dumps(body["response_format"])
        value: Any = "yes" if '"yes"' in enum else ("A", "B")[number % 2] if '"A"' in enum else verdict
        return answer(json.dumps({"reasoning": _REASONS[verdict], "verdict": value}))
    role = next((name for name in _SAID if name and name in str(messages[0]["content"])), None)
    said, rounds = _SAID[role], sum(message["role"] == "user" for message in messages)
    return answer(said[min(rounds - 1 + (number > 200), 2)])


def make_study(
    folder: Path, server: FakeServer, decide: Decide = reply, changes: Mapping[str, Any] | None = None
) -> Project:
    """Make the study in a folder: two models, two personas and the baseline, a judge, its tables and patterns."""
    server.decide = decide
    project = make_project(folder)
    addresses = {f"models/{slug}/base_url": server.base_url for slug in ("alpha", "beta")}
    judge = {**JUDGE, "utterances": ["style", "in-character"], "reasoning": True}
    judge["model"] = {**judge["model"], "base_url": server.base_url}
    sample = {
        "samples": {
            "style": {"metric": "style", "n": SAMPLE},
            "words": {"metric": "in-character", "n": 8},
        }
    }
    project.set(
        {
            **addresses,
            "judges/j": judge,
            "calibration": sample,
            "patterns": {"benchmarks": ["bfi"]},
            **(changes or {}),
        }
    )
    project.run()
    frozen = project.freeze("run-2")
    for each in needed(frozen):
        make(frozen, each)
    refresh_links(frozen)
    return project


SAMPLE = 12
"""Texts in the sample to label."""
HOSTILE = (
    "<script>window.struck = true; alert(1)</script>",
    "<img src=x onerror='window.struck = true'> \x00\x07\x1b[31m \u202e txt.exe",
    "'\"><svg onload=alert(1)><a href='javascript:alert(1)'>here</a> {{ 7 * 7 }} {% raw %} &lt;b&gt; </div></main>",
)
HUGE = "huge " * 2_000_000
"""10 MB."""


def make_hostile_study(folder: Path, server: FakeServer) -> Project:
    """Make a study in which everything that models and a judge say is hostile; one answer has 10 MB."""

    def hostile(body: dict[str, Any]) -> Outcome:
        rounds = sum(message["role"] == "user" for message in body["messages"])
        if "response_format" in body:
            return answer(json.dumps({"reasoning": HOSTILE[rounds % 3], "verdict": 3}))
        return answer(HOSTILE[rounds % 3])

    alone = {"models/beta": None, "conditions/requests": None, "conditions/interview/orders": ["fixed"]}
    kept = {f"benchmarks/{name}": None for name in ("xstest", "ifbench", "role-specific", "general")}
    project = make_study(folder, server, hostile, {**alone, **kept, "patterns/benchmarks": []})
    _replace_answer(project.results / "current/dialogues/alpha/keeper/interview-fixed.parquet", 2, HUGE)
    return project


def _replace_answer(path: Path, row: int, text: str) -> None:
    """Put another answer into a cell: what an engine says at once has a limit, what lies on a disk has none."""
    table = pq.read_table(path)
    place = table.schema.get_field_index("answer")
    answers = table.column("answer").to_pylist()
    answers[row] = text
    pq.write_table(table.set_column(place, "answer", pa.array(answers, pa.string())), path.resolve())


def needed(frozen: FrozenPlan) -> list[Artefact]:
    """Return what the viewer reads, and what that is made of, each behind what it is made of."""
    wanted: set[str] = set()
    for each in reversed(frozen.artefacts):
        plain = each.plain_outputs[0]
        wanted_by_itself = each.stage in ("ratings", "patterns") or each.family == "annotation"
        if wanted_by_itself or Path(plain).stem in TABLES or wanted.intersection(each.outputs):
            wanted.update((*each.inputs, *each.outputs))
    return [each for each in frozen.artefacts if wanted.intersection(each.outputs)]


if __name__ == "__main__":
    with FakeServer() as running:
        print(make_study(Path(sys.argv[1]), running).config_file)
