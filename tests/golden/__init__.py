"""Golden prompts: what models read, word for word, tied to the version of the prompt recipe."""

import asyncio
from pathlib import Path
from typing import Any

from personas.benchmarks.base import Item
from personas.config import Config
from personas.config.personas import Persona
from personas.config.reading.loader import validate
from personas.engines.request import Reply, Request
from personas.grid.grid import build_grid
from personas.grid.study import Study
from personas.prompts.recipe import RECIPE_VERSION
from personas.requests.work import works
from tests.helpers import make_plan

PROMPTS = Path(__file__).with_name("prompts.json")

_MODEL = {
    "engine": "endpoint",
    "id": "org/Golden-1B-it",
    "revision": "r1",
    "base_url": "http://localhost/v1",
    "sampling": {"temperature": 0.7, "top_p": 0.9, "max_tokens": 64, "seed": 5},
}
_STUDY = Study(
    config=validate(
        Config,
        {
            "models": {
                "plain": _MODEL,
                "developer": {**_MODEL, "system_role": "developer"},
                "thinking": {
                    **_MODEL,
                    "called": "Goldie",
                    "thinking": {"system_line": "detailed thinking off", "template_arguments": {"think": False}},
                },
            },
            "conditions": {"talk": {"turns": "talk.json", "rounds": 3}},
            "checkpoints": [0, 2],
            "benchmarks": {"bfi": {"items": "bfi.json", "max_tokens": 16}},
        },
        "golden",
    ),
    personas={"smith": Persona(role="Ada {Smith}", description=" You forge iron.\nYou say “clang”. ")},
    turns={"talk": {"fixed": ["Good evening, {role}.", "What do you forge?", "Farewell, {role}."]}},
    items={"bfi": [Item("1", "How do you {sleep}?")]},
    weights={},
)


def prompts() -> dict[str, Any]:
    """Return every request of a small study of every kind, asked through the parts that a batch uses."""
    grid = build_grid(_STUDY)
    told: dict[str, Any] = {}
    for batch in make_plan(grid, frozenset()).batches:
        for work in works(grid, batch.outputs, Path()):
            cell = work.cell_items[0].cell

            async def ask(request: Request, where: str = f"{cell.track.model}/{cell.track.persona}") -> Reply:
                number = len(request.messages) // 2 + (request.messages[0]["role"] == "user")
                kind = "item" if "sleep" in request.messages[-1]["content"] else "round"
                told[f"{where}: {kind} after {number - 1} rounds"] = {
                    "messages": list(request.messages),
                    "temperature": request.temperature,
                    "top_p": request.top_p,
                    "max_tokens": request.max_tokens,
                    "seed": request.seed,
                    "template_arguments": dict(request.template_arguments),
                }
                return Reply("ok", text=f"Answer {number}.")

            asyncio.run(work.run(ask, in_order=True))
    return {"recipe_version": RECIPE_VERSION, "prompts": told}
