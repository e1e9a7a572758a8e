"""A small finished study to look at in the viewer; `python -m tests.viewing FOLDER` makes one.

A server of ours answers: the personas drift away from how they talk, and the judge says so.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan
from personas.workflow.links import refresh_links
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer, make, make_project

TABLES = ("values", "measures", "status", "contrasts")
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


def make_study(folder: Path, server: FakeServer, **changes: Any) -> Project:
    """Make the study in a folder: two models, two personas and the baseline, a judge, its tables and patterns."""
    server.decide = reply
    project = make_project(folder)
    addresses = {f"models/{slug}/base_url": server.base_url for slug in ("alpha", "beta")}
    judge = {**JUDGE, "utterances": ["style", "in-character"], "reasoning": True}
    judge["model"] = {**judge["model"], "base_url": server.base_url}
    sample = {
        "samples": {
            "style": {"metric": "style", "n": 12},
            "refusal": {"metric": "refusal", "benchmark": "xstest", "n": 8},
        }
    }
    project.set(
        {**addresses, "judges/j": judge, "calibration": sample, "patterns": {"benchmarks": ["bfi"]}, **changes}
    )
    project.run()
    frozen = project.freeze("run-2")
    for each in needed(frozen):
        make(frozen, each)
    refresh_links(frozen)
    return project


def needed(frozen: FrozenPlan) -> list[Artefact]:
    """Return what the viewer reads, and what that is made of, each behind what it is made of."""
    wanted: set[str] = set()
    for each in reversed(frozen.artefacts):
        plain = each.plain_outputs[0]
        if each.stage in ("ratings", "patterns") or Path(plain).stem in TABLES or wanted.intersection(each.outputs):
            wanted.update((*each.inputs, *each.outputs))
    return [each for each in frozen.artefacts if wanted.intersection(each.outputs)]


if __name__ == "__main__":
    with FakeServer() as running:
        print(make_study(Path(sys.argv[1]), running).config_file)
