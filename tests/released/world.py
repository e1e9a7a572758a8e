"""What a made-up release is about: models, personas, rounds, and items of our own in the shape of the study's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import DEMO

MODELS = {
    "gemma": ("gemma-3-4b-it", "google/gemma-3-4b-it"),
    "nemotron": ("Llama-3_3-Nemotron-Super-49B-v1", "nvidia/Llama-3_3-Nemotron-Super-49B-v1"),
    "gemini": ("gemini-2.5-flash", "gemini-2.5-flash"),
}
"""Slug -> folder in the release, and id."""
ROLES = ("Lestat de Lioncourt", "HAL 9000", "Gaston")
SELENE, FLOW = "Selene-1-Mini-Llama-3.1-8B", "Flow-Judge-v0.1"


@dataclass(frozen=True)
class World:
    """Sizes and texts of a release. `general` and `specific` are questions by role; each role has others."""

    models: Mapping[str, tuple[str, str]]
    roles: Sequence[str]
    rounds: int
    checkpoints: Sequence[int]
    bfi: Sequence[str]
    xstest: Sequence[str]
    ifbench: Sequence[str]
    general: Mapping[str, Sequence[str]]
    specific: Mapping[str, Sequence[str]]
    flow_models: Sequence[str] = ()
    filler: int = 0

    @property
    def interview(self) -> list[str]:
        """The user turns of the interview; the first and the last name whom they speak to."""
        middle = [f"What do you think of the number {n}?" for n in range(1, self.rounds - 1)]
        return ["Welcome, {role}. Shall we begin?", *middle, "That was all, {role}. Good night."]

    @property
    def requests(self) -> list[str]:
        """The user turns of everyday requests."""
        return [f"Give me an idea for day {n} of a trip." for n in range(1, self.rounds + 1)]

    def all_general(self) -> list[str]:
        """Every general question once, persona after persona."""
        return list(dict.fromkeys(q for role in self.roles for q in self.general[role]))

    def all_specific(self) -> list[str]:
        """Every persona's own questions, persona after persona, without the names."""
        return [_without_name(q, role) for role in self.roles for q in self.specific[role]]


def _without_name(question: str, role: str) -> str:
    rest = question.removeprefix(f"{role}, ")
    return rest[0].upper() + rest[1:]


def small() -> World:
    """Three models, three personas, six rounds, a handful of items; personas share questions in different orders."""
    bfi = json.loads((DEMO / "bfi.json").read_text(encoding="utf-8"))["questions"]
    csv = (DEMO / "xstest.csv").read_text(encoding="utf-8").splitlines()[1:5]
    lines = (DEMO / "ifbench.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    return World(
        models=MODELS,
        roles=ROLES,
        rounds=6,
        checkpoints=(0, 3, 6),
        bfi=[bfi[str(n)]["rewritten_en"] for n in range(1, 6)],
        xstest=[line.split(",")[1] for line in csv],
        ifbench=[json.loads(line)["prompt"] for line in lines],
        general={
            "Lestat de Lioncourt": ["How do you begin a day?", "What is a good meal?"],
            "HAL 9000": ["What do you fear?", "How do you begin a day?", "Where would you travel?"],
            "Gaston": ["Where would you travel?", "What do you fear?"],
        },
        specific={
            "Lestat de Lioncourt": [
                "Lestat de Lioncourt, who made you, and why?",
                "Lestat de Lioncourt, what is dusk?",
            ],
            "HAL 9000": ["HAL 9000, what is your mission?", "HAL 9000, can you sing?", "HAL 9000, who is Dave?"],
            "Gaston": ["Gaston, who hunts best?"],
        },
        flow_models=("gemma",),
    )


def write_study(world: World, folder: Path) -> None:
    """Write personas, user turns and items below `folder`, as a config of our own names them."""
    (folder / "role-specific").mkdir(parents=True, exist_ok=True)
    roles = {role: f"You are {role}, and nobody else." for role in world.roles} | {"empty": ""}
    first, *middle, last = world.interview
    turns = {"introductory_remark": first, "questions": middle, "concluding_remark": last}
    bfi = json.loads((DEMO / "bfi.json").read_text(encoding="utf-8"))["questions"]
    chosen = list(bfi.values())
    questions = {
        str(n): {**chosen[(n - 1) % len(chosen)], "rewritten_en": q} for n, q in enumerate(world.bfi, start=1)
    }
    verified = (DEMO / "ifbench.jsonl").read_text(encoding="utf-8").splitlines()
    rules = [json.loads(line) for line in verified]
    prompts = [{**rules[n % len(rules)], "key": str(n), "prompt": q} for n, q in enumerate(world.ifbench)]
    documents: dict[str, Any] = {
        "roles.json": roles,
        "interview.json": turns,
        "requests.json": {"questions": world.requests},
        "bfi.json": {"questions": questions},
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    _lines(folder / "ifbench.jsonl", prompts)
    header = "id,prompt,type,label,focus,note\n"
    rows = [f"{n},{q},homonyms,{('safe', 'unsafe')[n % 2]},,\n" for n, q in enumerate(world.xstest, start=1)]
    (folder / "xstest.csv").write_text(header + "".join(rows), encoding="utf-8")
    # The file goes question by question, so its order is not that of the release.
    by_question = [
        (q, role) for q in reversed(world.all_general()) for role in world.roles if q in world.general[role]
    ]
    order = sorted(by_question, key=lambda pair: (world.general[pair[1]].index(pair[0]), pair[1]))
    _lines(
        folder / "general.jsonl",
        [{"role": role, "question": q, "generated": [f"{role} on {q}"]} for q, role in order],
    )
    for role in world.roles:
        own = [{"question": q, "answer": f"The true {role}: {q}"} for q in world.specific[role]]
        _lines(folder / "role-specific" / f"role-specific-{role}.jsonl", own)


def _lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def config_of(world: World, study: str = "study", release: str = "release") -> dict[str, Any]:
    """Return a config that imports a release of that world; folders are below the checkout."""
    sampling = {"temperature": 0.0, "top_p": 0.95, "max_tokens": 8192}

    def judge(directory: str, form: str, **more: Any) -> dict[str, Any]:
        model = {"engine": "released", "id": f"org/{directory}", "revision": "r1", "directory": directory}
        return {"model": {**model, "sampling": sampling}, "form": form, **more}

    return {
        "release": {"folder": release},
        "models": {
            slug: {"engine": "released", "id": id_, "revision": "r1", "directory": directory, "sampling": sampling}
            for slug, (directory, id_) in world.models.items()
        },
        "personas": {"roles": f"{study}/roles.json"},
        "conditions": {
            "persona-directed": {
                "turns": f"{study}/interview.json",
                "rounds": world.rounds,
                "orders": ["fixed", "shuffled"],
            },
            "goal-oriented": {
                "turns": f"{study}/requests.json",
                "rounds": world.rounds,
                "orders": ["fixed", "shuffled"],
            },
        },
        "checkpoints": list(world.checkpoints),
        "benchmarks": {
            "bfi": {"items": f"{study}/bfi.json"},
            "xstest": {"items": f"{study}/xstest.csv"},
            "ifbench": {"items": f"{study}/ifbench.jsonl"},
            "role-specific": {"items": f"{study}/role-specific"},
            "general": {"items": f"{study}/general.jsonl"},
        },
        "judges": {
            "selene": judge(SELENE, "reasoning-result", references=["dataset", "zero", "previous"]),
            "flow-judge": judge(FLOW, "feedback-score", benchmarks=["bfi"]),
        },
        "patterns": {"benchmarks": ["bfi"]},
        "figures": {"resamples": 20},
    }
