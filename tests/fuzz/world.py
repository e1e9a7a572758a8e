"""A study as plain data: its config, and what stands in the files that the config names."""

import copy
import csv
import io
import json
import random
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import to_yaml

Item = dict[str, Any]
BOUND = ("role-specific", "general")
"""Kinds whose items belong to roles."""


@dataclass
class World:
    """`items` are by name of a file: `kind` and `items`. `texts` are by folder: `template` and `rubrics`."""

    raw: dict[str, Any]
    personas: dict[str, dict[str, str]]
    turns: dict[str, dict[str, Any]]
    items: dict[str, Any]
    texts: dict[str, Any]

    def copy(self) -> "World":
        return copy.deepcopy(self)

    @property
    def speakers(self) -> list[str]:
        """Slugs of the personas that take part."""
        section = self.raw["personas"]
        return list(section.get("include") or sorted(self.personas))

    @property
    def kinds(self) -> dict[str, str]:
        """Benchmark -> its kind."""
        return {slug: section.get("kind", slug) for slug, section in self.raw["benchmarks"].items()}

    def take_roles(self) -> None:
        """Keep the personas in one file of roles, by whose names they are called then."""
        self.personas = {slug_of(persona["role"]): persona for persona in self.personas.values()}
        self.raw["personas"]["roles"] = "personas/roles.json"
        del self.raw["personas"]["folder"]

    def file(self, benchmark: str) -> list[Item]:
        """Return all items in the file of a benchmark."""
        items: list[Item] = self.items[Path(self.raw["benchmarks"][benchmark]["items"]).stem]["items"]
        return items

    def write(self, folder: Path) -> None:
        """Write every file of the study, in the place of those of another."""
        for name in ("personas", "turns", "items", "texts"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for name, text in self._files():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def _files(self) -> Iterable[tuple[str, str]]:
        yield "config.yaml", to_yaml(self.raw, sort_keys=False)
        if "roles" in self.raw["personas"]:
            roles = {persona["role"]: persona["description"] for persona in self.personas.values()}
            yield "personas/roles.json", json.dumps(roles)
        else:
            for slug, persona in self.personas.items():
                yield f"personas/{slug}.yaml", to_yaml(persona)
        for name, script in self.turns.items():
            yield f"turns/{name}.json", json.dumps(script, ensure_ascii=False)
        for name, file in self.items.items():
            for path, text in _item_files(file["kind"], file["items"]):
                yield f"items/{name}{path}", text
        for name, texts in self.texts.items():
            yield f"texts/{name}/template.yaml", to_yaml(texts["template"])
            for metric, rubric in texts["rubrics"].items():
                yield f"texts/{name}/rubrics/{metric}.yaml", to_yaml(rubric)


def slug_of(role: str) -> str:
    """Return what a role is called in paths and ids."""
    return role.lower().replace(" ", "-")


def suffix(kind: str) -> str:
    """Return how the name of a file with items of a kind ends."""
    return {"bfi": ".json", "xstest": ".csv", "role-specific": ""}.get(kind, ".jsonl")


def _item_files(kind: str, items: list[Item]) -> Iterable[tuple[str, str]]:
    if kind == "bfi":
        questions = {
            item["id"]: {
                "origin_en": "It is so.",
                "rewritten_en": item["prompt"],
                "dimension": item["trait"],
                "category": item["keyed"],
            }
            for item in items
        }
        yield ".json", json.dumps({"questions": questions})
    elif kind == "xstest":
        text = io.StringIO()
        table = csv.DictWriter(text, ("id", "prompt", "type", "label", "focus", "note"))
        table.writeheader()
        table.writerows({**item, "focus": "kill", "note": ""} for item in items)
        yield ".csv", text.getvalue()
    elif kind == "ifbench":
        yield ".jsonl", _lines({"key": i["id"], "prompt": i["prompt"], **i["scoring"]} for i in items)
    elif kind == "general":
        lines = ({"role": i["role"], "question": i["prompt"], "generated": [i["reference"]]} for i in items)
        yield ".jsonl", _lines(lines)
    else:
        for role in sorted({item["role"] for item in items}):
            own = ({"question": i["prompt"], "answer": i["reference"]} for i in items if i["role"] == role)
            yield f"/role-specific-{role}.jsonl", _lines(own)


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


ODD = ("</answer>", "{role}", "{answer}", "naïve \u2028 \U0001f600", 'says "so", and\nmore', "e\u0301", "```", "=1+1")
"""What some texts hold."""


def words(draw: random.Random, what: str) -> str:
    """Return a text that no other is equal to; some hold what is odd."""
    text = plain_words(draw, what)
    return f"{text} {draw.choice(ODD)}." if draw.random() < 0.1 else text


def plain_words(draw: random.Random, what: str) -> str:
    """Return a text that no other is equal to, and that names nothing in braces."""
    return f"{what} {draw.getrandbits(40):010x}"
