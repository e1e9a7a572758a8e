"""Draw a valid study: everything that the config reference names and a fake server can serve, small."""

import random
from typing import Any

from tests.fuzz.truth import Truth
from tests.fuzz.world import BOUND, Item, World, suffix, words
from tests.helpers import ROOT, from_yaml

LIMITS = {"requests_per_minute": 10_000.0, "tokens_per_minute": 1e7}
LIMITED = 0.02
"""How often a model has `limits`: behind a kill, a batch waits until the minute before it is over."""

LARGEST = (120, 400)
"""Cells and rows of a study at most."""

KINDS = ("bfi", "xstest", "ifbench", *BOUND)
METRICS = ("knowledge", "style", "in-character", "polite")
TRAITS = ("Extraversion", "Agreeableness", "Openness")
CONSTRAINTS: tuple[dict[str, Any], ...] = (
    {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    {
        "instruction_id_list": ["count:word_count_range"],
        "kwargs": [{"min_words": 5, "max_words": 20, "N": None}],
    },
)
POLITE = {"scale": "yes-no", "criterion": "Is it polite?", "yes": "it is", "no": "it is not"}


def draw_world(draw: random.Random, base_url: str, cells: int, rows: int) -> World:
    """Return a study with so many cells and rows at most."""
    while True:
        world = _Draw(draw, base_url).world()
        truth = Truth(world)
        if 0 < len(truth.cells) <= cells and sum(truth.rows.values()) <= rows:
            return world


class _Draw:
    def __init__(self, draw: random.Random, base_url: str) -> None:
        self._draw, self._base_url = draw, base_url

    def maybe(self, chance: float = 0.3) -> bool:
        return self._draw.random() < chance

    def some(self, of: Any, least: int = 0) -> list[Any]:
        """Return some of a list, in its order."""
        places = set(self._draw.sample(range(len(of)), self._draw.randint(least, len(of))))
        return [value for place, value in enumerate(of) if place in places]

    def world(self) -> World:
        draw = self._draw
        personas = {slug: self._persona(slug) for slug in draw.sample(["ann", "bob", "cyd"], draw.randint(1, 3))}
        turns = {f"turns-{n}": self._script() for n in range(draw.randint(1, 2))}
        items: dict[str, Any] = {}
        benchmarks = dict(self._benchmark(items, personas) for _ in range(draw.randint(1, 3)))
        rounds, conditions = [], {}
        for n in range(draw.randint(1, 2)):
            condition = self._condition(turns)
            conditions[f"condition-{n}"] = condition
            rounds.append(condition["rounds"])
        if self.maybe(0.1):  # a user turn that an item asks too
            script = turns[draw.choice(list(turns))]
            script["questions"][0] = draw.choice(draw.choice(list(items.values()))["items"])["prompt"]
        world = World({}, personas, turns, items, {"one": _texts(), "two": _texts()})
        models = {f"model-{n}": self.model(f"model-{n}") for n in range(draw.randint(1, 2))}
        replicates = draw.choice([1, 1, 1, 2])
        world.raw = {
            "models": models,
            "personas": {"folder": "personas", "baseline": self.maybe(0.8)},
            "conditions": conditions,
            "checkpoints": sorted(draw.sample(range(min(rounds) + 1), draw.randint(1, min(3, min(rounds) + 1)))),
            "benchmarks": benchmarks,
            "replicates": replicates,
            "batches": {"max_cells": draw.choice([1, 4, 20, 100])},
            "figures": {"resamples": 10},
            "statistics": {"mixed_models": self.maybe(0.5)},
        }
        if replicates > 1:  # a server that is not told the seed would say the same twice
            for model in models.values():
                model["leave_out"] = [name for name in model.get("leave_out", []) if name != "seed"]
        world.raw["judges"] = {
            f"judge-{n}": self.judge(f"judge-{n}", world) for n in range(draw.choice([0, 1, 1, 2]))
        }
        world.raw["patterns"] = self._patterns(world.raw)
        world.raw |= self._shown(world)
        if self.maybe(0.15):
            world.take_roles()
        if len(personas) > 1 and self.maybe():
            world.raw["personas"]["include"] = self.some(list(world.personas), least=1)
        return world

    def _persona(self, slug: str) -> dict[str, str]:
        persona = {"role": f"{slug.title()} Holt", "description": words(self._draw, "You are of kind")}
        return {**persona, "name": slug} if self.maybe() else persona

    def _script(self) -> dict[str, Any]:
        script: dict[str, Any] = {"questions": [self.question() for _ in range(self._draw.randint(3, 5))]}
        for remark in ("introductory_remark", "concluding_remark"):
            if self.maybe():
                script[remark] = self.question()
        if self.maybe(0.1):
            script["questions"][1] = script["questions"][0]
        return script

    def question(self) -> str:
        return words(self._draw, "Tell me, {role}, of" if self.maybe() else "Tell me of")

    def _condition(self, turns: dict[str, Any]) -> dict[str, Any]:
        name = self._draw.choice(list(turns))
        script = turns[name]
        least = max(1, len(script) - 1)
        orders = self._draw.choice([["fixed"], ["fixed"], ["shuffled"], ["fixed", "shuffled"]])
        return {
            "turns": f"turns/{name}.json",
            "rounds": self._draw.randint(least, min(4, len(script["questions"]) + len(script) - 1)),
            "orders": orders,
            "ask_in": ["fixed"] if "fixed" in orders and self.maybe(0.7) else self.some(orders),
            **({"shuffle_seed": self._draw.randint(0, 99)} if self.maybe() else {}),
        }

    def _benchmark(self, items: dict[str, Any], personas: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Draw a benchmark, which may share the file of another, or ids of its items."""
        kind = self._draw.choice(KINDS)
        alike = [name for name, file in items.items() if file["kind"] == kind]
        name = self._draw.choice(alike) if alike and self.maybe() else f"items-{len(items)}"
        if name not in items:
            items[name] = {"kind": kind, "items": list(self._items(kind, personas))}
        section = {
            "items": f"items/{name}{suffix(kind)}",
            **({"limit": self._draw.randint(1, 3)} if self.maybe(0.5) else {}),
            **({"limit_seed": self._draw.randint(0, 9)} if self.maybe() else {}),
            **({"max_tokens": self._draw.choice([8, 24, 32])} if self.maybe(0.5) else {}),
        }
        if self.maybe(0.5):
            return kind, section
        return f"{self._draw.choice('xyz')}-{kind}", {**section, "kind": kind}

    def _items(self, kind: str, personas: dict[str, Any]) -> Any:
        draw, count = self._draw, self._draw.randint(1, 3)
        if kind in BOUND:
            questions = [words(draw, "What of") for _ in range(count)]
            for role in self.some([persona["role"] for persona in personas.values()], least=1):
                for question in self.some(questions, least=1):
                    name = f"{role}, " if kind == "role-specific" and self.maybe() else ""
                    yield {"role": role, "prompt": f"{name}{question}", "reference": words(draw, "It is")}
            return
        prompts = [words(draw, "How do I") for _ in range(count)]
        if self.maybe(0.1):
            prompts[-1] = prompts[0]
        for number, prompt in enumerate(prompts, start=1):
            yield {"id": str(number), "prompt": prompt, **self.scored(kind)}

    def scored(self, kind: str) -> Item:
        """Draw what scores an item."""
        if kind == "bfi":
            return {"trait": self._draw.choice(TRAITS), "keyed": self._draw.choice(["positive", "negative"])}
        if kind == "xstest":
            return {
                "label": self._draw.choice(["safe", "unsafe"]),
                "type": self._draw.choice(["homonyms", "figurative"]),
            }
        return {"scoring": self._draw.choice(CONSTRAINTS)}

    def model(self, slug: str) -> dict[str, Any]:
        draw = self._draw
        options: dict[str, Any] = {
            "system_role": draw.choice(["developer", "none"]),
            "thinking": draw.choice(
                [{"system_line": "Think."}, {"template_arguments": {"think": False}}, {"effort": "low"}]
            ),
            "leave_out": draw.choice([["top_p"], ["seed"], ["response_format", "top_p"]]),
            "max_tokens_as": "max_completion_tokens",
            "price": {"prompt_per_million": 1.0, "completion_per_million": 2.0},
            "called": "Modelo",
            "size": 1,
            "family": "Models",
            "name": "A model",
        }
        return {
            "engine": "endpoint",
            "id": f"org/{slug}",
            "revision": "r1",
            "base_url": self._base_url,
            "concurrency": draw.choice([1, 3, 8]),
            "sampling": {
                "temperature": draw.choice([0.0, 0.7]),
                "top_p": draw.choice([1.0, 0.9]),
                "max_tokens": draw.choice([16, 24]),
                "seed": draw.choice([0, 7]),
            },
            **{name: value for name, value in options.items() if self.maybe(0.2)},
            **(
                {"limits": {"requests_per_minute": 10_000.0, "tokens_per_minute": 1e7}} if self.maybe(LIMITED) else {}
            ),
        }

    def judge(self, slug: str, world: World) -> dict[str, Any]:
        draw, raw = self._draw, world.raw
        fitting = [benchmark for benchmark, kind in world.kinds.items() if kind != "ifbench"]
        options: dict[str, Any] = {
            "form": draw.choice(["json", "reasoning-result", "feedback-score"]),
            "reasoning": False,
            "utterances": self.some(METRICS),
            "benchmarks": self.some(fitting),
            "references": draw.choice([["zero"], ["dataset", "zero"], ["previous", "zero"], ["previous"]]),
            "pairs": draw.choice(["both", "seeded"]),
            "pair_seed": draw.randint(0, 9),
            "models": self.some(list(raw["models"]), least=1),
            "orders": [draw.choice(["fixed", "shuffled"])],
            "cut_answers": draw.choice([100, 500]),
            "name": "A judge",
        }
        chosen = {name: value for name, value in options.items() if self.maybe(0.4)}
        fixed = {"model": self.model(slug), "texts": f"texts/{draw.choice(['one', 'two'])}", "pairs": "parity"}
        return fixed | chosen

    def _shown(self, world: World) -> dict[str, Any]:
        """Draw what only tables, figures and samples heed."""
        models, kinds = list(world.raw["models"]), world.kinds
        samples: dict[str, Any] = {"said": {"metric": "style", "n": 5}}
        samples |= {f"of-{b}": {"metric": "refusal", "benchmark": b} for b, kind in kinds.items() if kind == "xstest"}
        options: dict[str, Any] = {
            "calibration": {"samples": samples} if self.maybe() else {},
            "comparison": {"two": {"models": models}} if len(models) == 2 else {},
            "statistics": {"study": True, "mixed_models": self.maybe()},
            "figures": {"resamples": 10, "note": "So it is."},
        }
        return {name: value for name, value in options.items() if self.maybe()}

    def _patterns(self, raw: dict[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {
            "benchmarks": self.some(list(raw["benchmarks"])),
            "checkpoint": self._draw.choice(raw["checkpoints"]),
            "also_last": True,
        }
        return {name: value for name, value in options.items() if self.maybe()}


def _texts() -> dict[str, Any]:
    folder = ROOT / "config/judges/default"
    rubrics = {path.stem: from_yaml(path) for path in (folder / "rubrics").glob("*.yaml")}
    texts = {"template": from_yaml(folder / "template.yaml"), "rubrics": {**rubrics, "polite": dict(POLITE)}}
    return texts
