"""Conditions whose user turns come from elsewhere than one script, and facts of personas, for the tiny study."""

import json
from typing import Any

from tests.helpers import Project, to_yaml

BRIEF = {"brief": "You are Kim, and curious about {role}.", "opening": "Hello, {role}.", "stop": "GOODBYE"}
WRITER: dict[str, Any] = {
    "engine": "endpoint",
    "id": "org/writer-1b",
    "revision": "w1",
    "sampling": {"temperature": 0.3, "max_tokens": 32},
    "price": {"prompt_per_million": 100.0, "completion_per_million": 200.0, "currency": "EUR"},
}
PLAYED: dict[str, Any] = {"user": {"brief": "users/kim.yaml"}, "rounds": 4}
SEGMENTS = [
    {"turns": "turns/interview.json", "rounds": 2},
    {"turns": "turns/requests.json", "rounds": 2},
    {"turns": "turns/interview.json", "rounds": 2},
]
MESSAGES = [{"role": role, "content": f"{role} says {n}"} for n in (1, 2, 3, 4) for role in ("user", "assistant")]
HELD: dict[str, Any] = {"turns": "transcript:chat.jsonl", "rounds": 4}
FACTS: dict[str, list[dict[str, Any]]] = {
    "keeper": [
        {"question": "When were you born?", "answer": "1871", "accepted": ["eighteen seventy-one"]},
        {"question": "What is your dog called?", "answer": "Bríd"},
    ],
    "baker": [{"question": "Where is your bakery?", "answer": "Lindau"}],
}


def put_brief(project: Project, **changes: Any) -> Project:
    """Write the brief of Kim, with changes."""
    path = project.folder / "users/kim.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(to_yaml(BRIEF | changes), encoding="utf-8")
    return project


def put_transcript(project: Project, messages: list[dict[str, Any]]) -> Project:
    """Write a conversation that was held elsewhere."""
    (project.folder / "chat.jsonl").write_text("\n".join(map(json.dumps, messages)) + "\n", encoding="utf-8")
    return project


def with_users(project: Project, base_url: str = "http://127.0.0.1:9/v1") -> Project:
    """Give a project a condition of each kind, one of them played by another model, and facts."""
    put_transcript(put_brief(project), MESSAGES)
    (project.folder / "users/moved.yaml").write_text(to_yaml(BRIEF), encoding="utf-8")
    for slug, facts in FACTS.items():
        project.edit_persona(slug, facts=facts)
    played = {"brief": "users/kim.yaml", "model": "writer", "opening": "Hi.", "stop": "BYE", "max_tokens": 20}
    return project.set(
        {
            "users": {"writer": {**WRITER, "base_url": base_url}},
            "conditions/chat": {"user": played, "rounds": 4},
            "conditions/again": {"user": {**played, "replay": "persona"}, "rounds": 4},
            "conditions/mixed": {"segments": SEGMENTS},
            "conditions/held": {**HELD, "answers": "given"},
            "benchmarks/facts": {"items": "personas"},
        }
    )
