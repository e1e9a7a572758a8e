"""What shapes a result is in its digest; what does not, is not."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.config.base import Section
from personas.config.personas import Persona
from personas.config.reading.loader import validate
from personas.config.root import Config
from personas.config.users import Brief
from personas.core import canonical
from personas.core.canonical import canonical_json, digest
from personas.core.errors import UserError
from personas.engines.kinds.llama_cpp import LlamaCppModel
from personas.prompts.recipe import RECIPE_VERSION
from tests.full_config import full_config
from tests.golden import PROMPTS, prompts
from tests.helpers import JUDGE, ROOT, Project, by_plain_path, changed, digests
from tests.users import FACTS, PLAYED, SEGMENTS, put_brief, with_users

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(part) for part in value] if isinstance(value, list) else value


def typed(value: Any) -> Any:
    """Return a value in which 1, 1.0 and True are three things, as they are in JSON."""
    if isinstance(value, dict):
        return {key: typed(part) for key, part in value.items()}
    return [typed(part) for part in value] if isinstance(value, list) else (type(value).__name__, repr(value))


@given(VALUES)
def test_canonical_json_does_not_know_order(value: Any) -> None:
    assert canonical_json(value) == canonical_json(reversed_keys(value))


@given(VALUES)
def test_canonical_json_keeps_everything(value: Any) -> None:
    assert typed(json.loads(canonical_json(value))) == typed(value)


@given(VALUES, VALUES)
def test_canonical_json_tells_values_apart(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (typed(one) == typed(other))


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=["nan", "infinity"])
def test_what_json_does_not_know_has_no_digest(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest({"value": value})


@given(VALUES)
def test_digest_is_16_hex_digits(value: Any) -> None:
    assert re.fullmatch("[0-9a-f]{16}", digest(value))


# What a change of each field of the full config does to the set of cell digests.
# "moves": a place or a part of the grid, whose effect is what is found there (tested apart, below).


def of_models(field: str, value: Any, effect: str) -> dict[str, tuple[str, Any, str]]:
    return {
        f"EndpointModel.{field}": (f"models/alpha/{field}", value, effect),
        f"LlamaCppModel.{field}": (f"models/gamma/{field}", value, effect),
        f"VllmModel.{field}": (f"models/delta/{field}", value, effect),
        f"ReleasedModel.{field}": (f"models/omega/{field}", value, effect),
    }


# field: (place, new value, effect on the set of digests)
FIELDS: dict[str, tuple[str, Any, str]] = {
    **of_models("id", "org/other", "cells"),
    **of_models("revision", "r2", "cells"),
    **of_models("name", "Other", "nothing"),
    **of_models("called", "Other", "moves"),
    **of_models("sampling", {"temperature": 1.0, "max_tokens": 5}, "cells"),
    **of_models("system_role", "developer", "cells"),
    **of_models("thinking", {"system_line": "other"}, "cells"),
    **of_models("price", {"prompt_per_million": 3.0, "completion_per_million": 4.0}, "nothing"),
    **of_models("concurrency", 9, "nothing"),
    **of_models("size", 2, "nothing"),
    **of_models("family", "Other", "nothing"),
    "EndpointModel.engine": ("models/alpha/engine", None, "refused"),
    "EndpointModel.base_url": ("models/alpha/base_url", "https://other/v1", "nothing"),
    "EndpointModel.key_variable": ("models/alpha/key_variable", "OTHER", "nothing"),
    "VllmModel.engine": ("models/delta/engine", None, "refused"),
    "VllmModel.weights": ("models/delta/weights", "{folder}/moved-delta", "nothing"),
    "VllmModel.context_length": ("models/delta/context_length", 1024, "cells"),
    "VllmModel.dtype": ("models/delta/dtype", "bfloat16", "cells"),
    "VllmModel.tensor_parallel": ("models/delta/tensor_parallel", 1, "nothing"),
    "VllmModel.gpu_memory": ("models/delta/gpu_memory", 0.5, "nothing"),
    "VllmModel.reasoning_parser": ("models/delta/reasoning_parser", "glm45", "cells"),
    "VllmModel.remote_code": ("models/delta/remote_code", False, "cells"),
    "VllmModel.extra_arguments": ("models/delta/extra_arguments", [], "cells"),
    "VllmModel.tuning_arguments": ("models/delta/tuning_arguments", [], "nothing"),
    "VllmModel.parameters": ("models/delta/parameters", 49, "nothing"),
    "VllmModel.active_parameters": ("models/delta/active_parameters", 5, "nothing"),
    "EndpointModel.served_name": ("models/alpha/served_name", "elsewhere", "nothing"),
    "EndpointModel.limits": ("models/alpha/limits", None, "nothing"),
    "EndpointModel.leave_out": ("models/alpha/leave_out", None, "cells"),
    "EndpointModel.max_tokens_as": ("models/alpha/max_tokens_as", "max_completion_tokens", "nothing"),
    "Limits.requests_per_minute": ("models/alpha/limits/requests_per_minute", 30.0, "nothing"),
    "Limits.tokens_per_minute": ("models/alpha/limits/tokens_per_minute", 1e5, "nothing"),
    "Limits.spending": ("models/alpha/limits/spending", 6.0, "nothing"),
    "LlamaCppModel.engine": ("models/gamma/engine", None, "refused"),
    "LlamaCppModel.weights": ("models/gamma/weights", "{folder}/moved.gguf", "nothing"),
    "LlamaCppModel.quantization": ("models/gamma/quantization", "Q8_0", "cells"),
    "LlamaCppModel.context_length": ("models/gamma/context_length", 1024, "cells"),
    "LlamaCppModel.threads": ("models/gamma/threads", 7, "nothing"),
    "ReleasedModel.engine": ("models/omega/engine", None, "refused"),
    "ReleasedModel.directory": ("models/omega/directory", "omega-moved", "nothing"),
    "Release.folder": ("release/folder", "released/elsewhere", "nothing"),
    "Release.conditions": ("release/conditions", {"interview": "instructions", "requests": "interview"}, "moves"),
    "Release.baseline_order": ("release/baseline_order", "items", "cells"),
    "Config.release": ("release", None, "refused"),
    "Sampling.temperature": ("models/gamma/sampling/temperature", 0.6, "cells"),
    "Sampling.top_p": ("models/gamma/sampling/top_p", 0.8, "cells"),
    "Sampling.max_tokens": ("models/gamma/sampling/max_tokens", 25, "cells"),
    "Sampling.seed": ("models/gamma/sampling/seed", 4, "cells"),
    "Thinking.system_line": ("models/gamma/thinking/system_line", "other", "cells"),
    "Thinking.template_arguments": ("models/gamma/thinking/template_arguments", {"think": True}, "cells"),
    "Thinking.effort": ("models/gamma/thinking/effort", "high", "cells"),
    "Price.prompt_per_million": ("models/gamma/price/prompt_per_million", 9.0, "nothing"),
    "Price.completion_per_million": ("models/gamma/price/completion_per_million", 9.0, "nothing"),
    "Price.currency": ("models/gamma/price/currency", "USD", "nothing"),
    "PersonasSection.folder": ("personas/folder", "moved-personas", "nothing"),
    "PersonasSection.include": ("personas/include", ["keeper"], "cells"),
    "PersonasSection.baseline": ("personas/baseline", False, "cells"),
    "Condition.turns": ("conditions/interview/turns", "moved-turns/interview.json", "nothing"),
    "Condition.rounds": ("conditions/interview/rounds", 4, "cells"),
    "Condition.orders": ("conditions/interview/orders", ["fixed"], "cells"),
    "Condition.ask_in": ("conditions/interview/ask_in", ["fixed", "shuffled"], "cells"),
    "Condition.shuffle_seed": ("conditions/interview/shuffle_seed", 3, "moves"),
    "Condition.name": ("conditions/interview/name", "Other", "nothing"),
    "BenchmarkSection.items": ("benchmarks/xstest/items", "moved-items/xstest.csv", "nothing"),
    "BenchmarkSection.kind": ("benchmarks/xstest/kind", None, "nothing"),
    "BenchmarkSection.limit": ("benchmarks/xstest/limit", 3, "cells"),
    "BenchmarkSection.limit_seed": ("benchmarks/xstest/limit_seed", 3, "cells"),
    "BenchmarkSection.max_tokens": ("benchmarks/xstest/max_tokens", 10, "cells"),
    "BenchmarkSection.rubric": ("benchmarks/mine/rubric", "in-character", "moves"),
    "BenchmarkSection.name": ("benchmarks/xstest/name", "Other", "nothing"),
    "Judge.model": ("judges/j/model/id", "org/other", "cells"),
    "Judge.form": ("judges/j/form", "feedback-score", "cells"),
    "Judge.texts": ("judges/j/texts", "moved-judges", "nothing"),
    "Judge.template": ("judges/k/template", None, "moves"),
    "Judge.reasoning": ("judges/j/reasoning", False, "moves"),
    "Judge.cannot_tell": ("judges/j/cannot_tell", True, "moves"),
    "Judge.models": ("judges/j/models", ["alpha", "gamma"], "moves"),
    "Judge.orders": ("judges/j/orders", ["fixed", "shuffled"], "moves"),
    "Judge.utterances": ("judges/j/utterances", ["style"], "moves"),
    "Judge.benchmarks": ("judges/j/benchmarks", ["bfi"], "moves"),
    "Judge.references": ("judges/j/references", ["dataset", "zero"], "moves"),
    "Judge.pairs": ("judges/j/pairs", "both", "moves"),
    "Judge.pair_seed": ("judges/j/pair_seed", 2, "moves"),
    "Judge.cut_answers": ("judges/j/cut_answers", 600, "cells"),
    "Judge.mask": ("judges/j/mask", False, "cells"),
    "Judge.described": ("judges/j/described", False, "moves"),
    "Judge.described_both_ways": ("judges/j/described_both_ways", 0.5, "moves"),
    "Judge.retest": ("judges/j/retest", 0.5, "moves"),
    "Judge.name": ("judges/j/name", "Other", "nothing"),
    "Patterns.benchmarks": ("patterns/benchmarks", [], "nothing"),
    "Patterns.checkpoint": ("patterns/checkpoint", 2, "nothing"),
    "Patterns.also_last": ("patterns/also_last", True, "nothing"),
    "Patterns.fisher_p": ("patterns/fisher_p", 0.02, "nothing"),
    "Patterns.min_overlap": ("patterns/min_overlap", 0.4, "nothing"),
    "Patterns.as_published": ("patterns", {"as_published": True, "cross_fit": False}, "nothing"),
    "Patterns.cross_fit": ("patterns/cross_fit", False, "nothing"),
    "Patterns.max_minutes": ("patterns/max_minutes", 2.0, "nothing"),
    "Config.patterns": ("patterns", {}, "nothing"),
    "Config.calibration": ("calibration", None, "moves"),
    "Calibration.labels": ("calibration/labels", {}, "moves"),
    "Calibration.samples": ("calibration/samples", {}, "nothing"),
    "Labels.file": ("calibration/labels/mine/file", "moved.csv", "nothing"),
    "Labels.format": ("calibration/labels/mine", {"file": "labels.csv", "format": "study"}, "refused"),
    "Labels.metric": ("calibration/labels/mine/metric", "knowledge", "nothing"),
    "Labels.columns": ("calibration/labels/mine/columns", {}, "nothing"),
    "Labels.judges": ("calibration/labels/published/judges", [], "moves"),
    "Sample.metric": ("calibration/samples/s", {"metric": "trait", "benchmark": "bfi"}, "nothing"),
    "Sample.benchmark": ("calibration/samples/s/benchmark", None, "refused"),
    "Sample.n": ("calibration/samples/s/n", 8, "nothing"),
    "Sample.seed": ("calibration/samples/s/seed", 2, "nothing"),
    "Figures.resamples": ("figures/resamples", 11, "nothing"),
    "Figures.seed": ("figures/seed", 2, "nothing"),
    "Figures.note": ("figures/note", "Other", "nothing"),
    "Statistics.study": ("statistics/study", False, "nothing"),
    "Statistics.generalise": ("statistics/generalise", ["personas"], "nothing"),
    "Statistics.headline": ("statistics/headline", None, "nothing"),
    "Statistics.correction": ("statistics/correction", "benjamini-hochberg", "nothing"),
    "Statistics.mixed_models": ("statistics/mixed_models", True, "nothing"),
    "Batches.max_cells": ("batches/max_cells", 10, "nothing"),
    "Batches.max_minutes": ("batches/max_minutes", 1.0, "nothing"),
    "Config.models": ("models/gamma", None, "cells"),
    "Config.personas": ("personas", {"folder": "personas", "baseline": False}, "cells"),
    "Config.conditions": ("conditions/requests", None, "cells"),
    "Config.checkpoints": ("checkpoints", [0, 1, 2], "cells"),
    "Config.benchmarks": ("benchmarks/role-specific", None, "cells"),
    "Config.judges": ("judges/k", JUDGE, "cells"),
    "Config.replicates": ("replicates", 3, "cells"),
    "Config.noise": ("noise", None, "moves"),
    "Noise.cells": ("noise/cells", 0.9, "moves"),
    "Noise.replicates": ("noise/replicates", 4, "cells"),
    "Config.figures": ("figures", {}, "nothing"),
    "Config.statistics": ("statistics", {}, "nothing"),
    "Config.comparison": ("comparison", {}, "nothing"),
    "Comparison.published": ("comparison/paper/published", str(ROOT / "data/published/bfi.csv"), "nothing"),
    "Comparison.results": ("comparison/paper", {"results": "nowhere"}, "refused"),
    "Comparison.models": ("comparison/two/models", ["delta", "alpha"], "nothing"),
    "Comparison.released": ("comparison/paper", {"released": True}, "nothing"),
    "Comparison.called": ("comparison/paper/called", {}, "nothing"),
    "Config.batches": ("batches", {}, "nothing"),
    "Machine.vllm_python": ("machine/vllm_python", "other", "nothing"),
    "Machine.weights_cache": ("machine/weights_cache", "other", "nothing"),
    "Machine.gpus": ("machine/gpus", [1], "nothing"),
    "Machine.gpu_kind": ("machine/gpu_kind", "L4", "nothing"),
    "Config.machine": ("machine", {}, "nothing"),
    "PersonasSection.roles": ("personas/roles", "roles.json", "refused"),
    "BenchmarkSection.labels": ("benchmarks/bfi/labels", "moved-items/labels.json", "nothing"),
    "BenchmarkSection.label_set": ("benchmarks/bfi/label_set", "pdb", "nothing"),
    "BenchmarkSection.weighting": ("benchmarks/bfi/weighting", "items", "nothing"),
    "BenchmarkSection.nltk": ("benchmarks/ifbench/nltk", "moved-items", "nothing"),
    "Machine.data_folder": ("machine/data_folder", "elsewhere", "nothing"),
    "Machine.data_mirror": ("machine/data_mirror", "https://other", "nothing"),
    "Machine.locks": ("machine/locks", "elsewhere", "nothing"),
    "Machine.engine_variables": ("machine/engine_variables", ["SITE"], "nothing"),
    "Machine.data_copy": ("machine/data_copy", "elsewhere", "nothing"),
    "Config.sources": ("sources", "other.yaml", "nothing"),
    "Config.results": ("results", "elsewhere", "nothing"),
    "Remind.kind": ("interventions/remind/kind", None, "refused"),
    "Remind.name": ("interventions/remind/name", "Other", "nothing"),
    "Remind.every": ("interventions/remind/every", 1, "cells"),
    "Remind.before_items": ("interventions/remind/before_items", False, "cells"),
    "Remind.place": ("interventions/remind/place", "message", "cells"),
    "Remind.form": ("interventions/remind/form", "whole", "cells"),
    "Window.kind": ("interventions/window/kind", None, "refused"),
    "Window.name": ("interventions/window/name", "Other", "nothing"),
    "Window.rounds": ("interventions/window/rounds", 2, "cells"),
    "Examples.kind": ("interventions/examples/kind", None, "refused"),
    "Examples.name": ("interventions/examples/name", "Other", "nothing"),
    "Examples.count": ("interventions/examples/count", 2, "cells"),
    "Restate.kind": ("interventions/restate/kind", None, "refused"),
    "Restate.name": ("interventions/restate/name", "Other", "nothing"),
    "Restate.every": ("interventions/restate/every", 1, "cells"),
    "Summarise.kind": ("interventions/summarise/kind", None, "refused"),
    "Summarise.name": ("interventions/summarise/name", "Other", "nothing"),
    "Summarise.every": ("interventions/summarise/every", 1, "cells"),
    "Config.interventions": ("interventions/restate", None, "cells"),
    "Persona.short": ("short", "Other.", "moves"),
    "Persona.examples": ("examples", [{"user": "Who?", "answer": "Nobody."}], "moves"),
    "Example.user": ("examples", [{"user": "What?", "answer": "Me."}], "cells"),
    "Example.answer": ("examples", [{"user": "Who?", "answer": "Us."}], "cells"),
    "Persona.role": ("role", "Other", "cells"),
    "Persona.description": ("description", "Other.", "cells"),
    "Persona.first_message": ("first_message", "Hello.", "cells"),
    "Persona.example_dialogues": ("example_dialogues", "A: Hello.", "cells"),
    "Persona.name": ("name", "Other", "nothing"),
    "Persona.facts": ("facts", [{"question": "Who?", "answer": "Me."}], "moves"),
    "Fact.question": ("facts", [{**FACTS["keeper"][0], "question": "How old?"}, FACTS["keeper"][1]], "cells"),
    "Fact.answer": ("facts", [{**FACTS["keeper"][0], "answer": "1872"}, FACTS["keeper"][1]], "nothing"),
    "Fact.accepted": ("facts", [{**FACTS["keeper"][0], "accepted": []}, FACTS["keeper"][1]], "nothing"),
    "Config.users": ("users/writer/id", "org/other", "cells"),
    "Condition.user": ("conditions/chat/user", PLAYED["user"], "cells"),
    "Condition.segments": ("conditions/mixed/segments", SEGMENTS[:2], "cells"),
    "Condition.answers": ("conditions/held/answers", "own", "cells"),
    "Segment.turns": ("conditions/mixed/segments", [SEGMENTS[1], *SEGMENTS[1:]], "cells"),
    "Segment.rounds": ("conditions/mixed/segments", [*SEGMENTS[:2], {**SEGMENTS[2], "rounds": 1}], "cells"),
    "User.brief": ("conditions/chat/user/brief", "users/moved.yaml", "nothing"),
    "User.model": ("conditions/chat/user/model", "same", "cells"),
    "User.opening": ("conditions/chat/user/opening", None, "cells"),
    "User.stop": ("conditions/chat/user/stop", None, "cells"),
    "User.replay": ("conditions/again/user/replay", None, "cells"),
    "User.max_tokens": ("conditions/chat/user/max_tokens", 21, "cells"),
    "Brief.brief": ("brief", "You are Lee.", "cells"),
    "Brief.opening": ("opening", "Good day.", "cells"),
    "Brief.stop": ("stop", "THE END", "cells"),
}

NOISE = {"cells": 0.2, "replicates": 3}
OF_USERS = re.compile(r"(Segment|User|Brief|Fact)\.|Config\.users|Condition\.(user|segments|answers)|Persona\.facts")
"""Fields whose effect is looked at in a study with conditions of every kind."""
OF_INTERVENTIONS = re.compile(
    r"(Remind|Window|Examples?|Restate|Summarise)\.|Config\.interventions|Persona\.(short|examples)"
)
"""Fields whose effect is looked at in a study with interventions."""

# Fields outside `not_identity` that do not change a cell's digest, and why.
ACTS_ELSEWHERE = {
    "PersonasSection.folder": "a place: the personas found there count",
    "Condition.turns": "a place: the turns found there count",
    "User.brief": "a place: what is found there counts",
    "Fact.answer": "downstream of the cells",
    "Fact.accepted": "downstream of the cells",
    "BenchmarkSection.items": "a place: the items found there count",
    "BenchmarkSection.labels": "downstream of the cells",
    "BenchmarkSection.label_set": "downstream of the cells",
    "BenchmarkSection.weighting": "downstream of the cells",
    "BenchmarkSection.nltk": "downstream of the cells",
    "BenchmarkSection.kind": "the kind in effect counts; here the slug gives the same one",
    "Config.figures": "downstream of the cells",
    "Config.statistics": "downstream of the cells",
    "Config.comparison": "downstream of the cells",
    "Comparison.published": "downstream of the cells",
    "Comparison.models": "downstream of the cells",
    "Comparison.released": "downstream of the cells",
    "Comparison.called": "downstream of the cells",
    "Statistics.study": "downstream of the cells",
    "Statistics.generalise": "downstream of the cells",
    "Statistics.headline": "downstream of the cells",
    "Statistics.correction": "downstream of the cells",
    "Statistics.mixed_models": "downstream of the cells",
    "Config.patterns": "downstream of the cells",
    "Calibration.samples": "downstream of the cells",
    "Labels.file": "downstream of the cells",
    "Labels.metric": "downstream of the cells",
    "Labels.columns": "downstream of the cells",
    "Sample.metric": "downstream of the cells",
    "Sample.n": "downstream of the cells",
    "Sample.seed": "downstream of the cells",
    "Patterns.benchmarks": "downstream of the cells",
    "Patterns.checkpoint": "downstream of the cells",
    "Patterns.also_last": "downstream of the cells",
    "Patterns.fisher_p": "downstream of the cells",
    "Patterns.min_overlap": "downstream of the cells",
    "Patterns.as_published": "downstream of the cells",
    "Patterns.cross_fit": "downstream of the cells",
    "Patterns.max_minutes": "downstream of the cells",
    "Limits.requests_per_minute": "`limits` as a whole is left out",
    "Limits.tokens_per_minute": "`limits` as a whole is left out",
    "Limits.spending": "`limits` as a whole is left out",
    "Figures.resamples": "downstream of the cells",
    "Figures.seed": "downstream of the cells",
    "Figures.note": "downstream of the cells",
    "Price.prompt_per_million": "`price` as a whole is left out",
    "Price.completion_per_million": "`price` as a whole is left out",
    "Price.currency": "`price` as a whole is left out",
}


def sections_of(annotation: Any) -> Iterator[type[Section]]:
    """Yield every section that an annotation names, and those below it."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
        for field in annotation.model_fields.values():
            yield from sections_of(field.annotation)
    for argument in get_args(annotation):
        yield from sections_of(argument)


SECTIONS = {section.__name__: section for root in (Config, Persona, Brief) for section in sections_of(root)}


def test_every_field_of_the_config_has_a_decision() -> None:
    found = {f"{name}.{field}" for name, section in SECTIONS.items() for field in section.model_fields}
    assert found == set(FIELDS), "decide for each new field whether it shapes results, and say so in FIELDS"


def test_the_full_config_sets_every_field(project: Project) -> None:
    def unset(section: Section, where: str) -> Iterator[str]:
        for field in type(section).model_fields:
            value = getattr(section, field)
            if field not in section.model_fields_set:
                yield f"{where}.{field}"
            parts = value.values() if isinstance(value, dict) else [value]
            for part in parts:
                if isinstance(part, Section):
                    yield from unset(part, f"{where}.{field}")

    only_one_needs_it = re.compile(
        r"\.(kind|limit|limit_seed|max_tokens|name|ask_in|shuffle_seed|orders|roles|labels|label_set|weighting|nltk|rubric"
        r"|comparison\.(published|results|models|released|called)"
        r"|conditions\.(turns|segments|user|user\.replay|answers|rounds)|users\..*)$"
    )
    config = with_users(full_config(project)).set({"noise": NOISE}).study().config
    assert [place for place in unset(config, "config") if not only_one_needs_it.search(place)] == []


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_changes_digests_iff_it_shapes_results(project: Project, field: str) -> None:
    place, value, effect = FIELDS[field]
    full_config(project)
    if not OF_INTERVENTIONS.match(field):
        project.set({"interventions": None})  # four of five cells have one
    if OF_USERS.match(field):
        with_users(project)
    if "oise" in field:
        project.set({"noise": NOISE})
    if field.startswith("Brief."):  # the file's own words count
        project.set({f"conditions/chat/user/{key}": None for key in ("opening", "stop")})
    before = project.grid()
    if effect == "refused":
        with pytest.raises(UserError):
            project.set({place: value}).grid()
        return
    value = value.format(folder=project.folder) if isinstance(value, str) else value
    if field.startswith(("Persona.", "Example.", "Fact.")):
        project.edit_persona("keeper", **{place: value})
    elif field.startswith("Brief."):
        put_brief(project, **{place: value})
    else:
        project.set({place: value})
    after = project.grid()
    assert (digests(before) != digests(after)) == (effect in ("cells", "moves"))


@pytest.mark.parametrize("field", FIELDS)
def test_not_identity_says_the_same(field: str) -> None:
    section, _, name = field.partition(".")
    effect = FIELDS[field][2]
    if name in SECTIONS[section].not_identity:
        assert effect in ("nothing", "moves")
    else:
        assert effect != "nothing" or field in ACTS_ELSEWHERE


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"engine": "llama.cpp", "weights": "W", "context_length": 1, "base_url": None}, id="engine"),
        pytest.param({"id": "org/other"}, id="id"),
    ],
)
def test_another_engine_is_another_model(project: Project, changes: dict[str, Any]) -> None:
    weights = project.folder / "w.gguf"
    weights.write_bytes(b"GGUF")
    before = digests(project.grid())
    told = {f"models/alpha/{key}": str(weights) if value == "W" else value for key, value in changes.items()}
    assert not {d for p, d in by_plain_path(project.set(told).grid()).items() if "/alpha/" in p} & before


def test_other_weights_at_the_same_place_are_another_model(project: Project) -> None:
    before = full_config(project).grid()
    (project.folder / "gamma.gguf").write_bytes(b"GGUF" + bytes(4096))
    assert all("/gamma/" in path for path in changed(before, project.grid()))
    assert len(changed(before, project.grid())) == sum(cell.track.model == "gamma" for cell in before.cells)


def test_called_changes_only_the_baselines_that_are_addressed(project: Project) -> None:
    paths = changed(project.grid(), project.edit(models__alpha__called="Alf").grid())
    assert paths and all("/alpha/baseline/" in path and "/interview-" in path for path in paths)


def test_shuffle_seed_changes_only_shuffled_dialogues(project: Project) -> None:
    seeds = [project.edit(conditions__interview__shuffle_seed=seed).grid() for seed in range(8)]
    paths = set().union(*(changed(seeds[0], grid) for grid in seeds[1:]))
    assert paths and all("interview-shuffled" in path for path in paths)


def test_shuffling_keeps_remarks_in_place_and_every_question(project: Project) -> None:
    project.edit_json("turns/interview.json", lambda turns: turns.update(concluding_remark="Bye."))
    turns = project.edit(conditions__interview__rounds=5).study().turns["interview"]
    assert [turns["shuffled"][0], turns["shuffled"][-1]] == ["Good evening, {role}.", "Bye."]
    assert sorted(turns["shuffled"]) == sorted(turns["fixed"])


def persona(path: str) -> str:
    return path.split("/")[2]


@pytest.mark.parametrize(
    ("edit", "touched"),
    [
        pytest.param(lambda p: p.edit_persona("keeper", name="Other"), None, id="name does nothing"),
        pytest.param(lambda p: p.edit_persona("keeper", description="D."), r"/keeper/", id="description"),
        pytest.param(
            lambda p: p.replace_text("turns/requests.json", "Name a boat.", "Name a ship."),
            r"dialogues/.*/requests-",
            id="turn after the last checkpoint: dialogues, no response",
        ),
        pytest.param(
            lambda p: p.replace_text("turns/requests.json", "Write a greeting.", "Write a card."),
            r"/requests-",
            id="turn before the last checkpoint: both",
        ),
        pytest.param(lambda p: p.replace_text("turns/requests.json", "Pack a bag.", "P."), None, id="turn not used"),
        pytest.param(lambda p: p.replace_text("items/bfi.json", '"positive"', '"negative"'), None, id="bfi scoring"),
        pytest.param(lambda p: p.replace_text("items/bfi.json", "origin_en", "origin_en"), None, id="no edit"),
        pytest.param(lambda p: p.replace_text("items/general.jsonl", "sailor", "mate"), None, id="reference answer"),
        pytest.param(lambda p: p.replace_text("items/xstest.csv", ",homonyms,", ",other,"), None, id="xstest type"),
        pytest.param(
            lambda p: p.replace_text("items/ifbench.jsonl", '"max_words": 20', '"max_words": 21'), None, id="kwargs"
        ),
        pytest.param(
            lambda p: p.replace_text("items/xstest.csv", "How do I rob the bank", "How may I rob the bank"),
            r"/xstest/",
            id="prompt",
        ),
        pytest.param(
            lambda p: p.replace_text("items/xstest.csv", "which barn", "what barn"),
            None,
            id="prompt that the limit does not draw",
        ),
        pytest.param(
            lambda p: p.replace_text("items/role-specific/role-specific-Maren Holt.jsonl", "laughs at", "smiles at"),
            r"/keeper/role-specific/|/baseline/role-specific/.*--as-keeper\.",
            id="question of one role: that persona, and the baseline as it",
        ),
        pytest.param(lambda p: p.edit(checkpoints=[0, 1, 2]), r"responses/", id="checkpoints: responses only"),
        pytest.param(
            lambda p: p.edit(conditions__requests__rounds=4), r"dialogues/.*/requests-", id="longer dialogue"
        ),
        pytest.param(lambda p: p.edit(benchmarks__bfi__max_tokens=7), r"/bfi/", id="longest answer of a benchmark"),
        pytest.param(lambda p: p.edit(models__alpha__revision="r2"), r"/alpha/", id="revision"),
    ],
)
def test_an_edit_touches_only_its_cells(
    project: Project, edit: Callable[[Project], Project], touched: str | None
) -> None:
    before = project.grid()
    expected = {path for path in by_plain_path(before) if touched and re.search(touched, path)}
    assert expected or touched is None
    assert changed(before, edit(project).grid()) == expected


def test_adding_a_persona_adds_cells_and_changes_none(project: Project) -> None:
    before = by_plain_path(project.grid())
    after = by_plain_path(project.edit_persona("cook", role="Cook", description="You cook.").grid())
    assert before.items() < after.items()
    assert {persona(path) for path in after.keys() - before.keys()} == {"cook"}


def test_adding_a_persona_with_questions_adds_a_set_to_the_baseline(project: Project) -> None:
    before = by_plain_path(project.grid())
    line = '{"question": "Cook, what now?", "answer": "Soup."}\n'
    (project.folder / "items" / "role-specific" / "role-specific-Cook.jsonl").write_text(line, encoding="utf-8")
    after = by_plain_path(project.edit_persona("cook", role="Cook", description="You cook.").grid())
    assert before.items() < after.items()
    added = after.keys() - before.keys()
    assert {persona(path) for path in added} == {"cook", "baseline"}
    assert all("--as-cook." in path for path in added if persona(path) == "baseline")


def test_the_baseline_is_asked_what_each_persona_is_asked(project: Project) -> None:
    sets = {cell.as_persona for cell in project.grid().cells if cell.benchmark and cell.track.persona == "baseline"}
    assert sets == {None, "keeper", "baker"}


def test_replicates_have_digests_and_paths_of_their_own(project: Project) -> None:
    before = by_plain_path(project.grid())
    after = by_plain_path(project.edit(replicates=2).grid())
    assert before.items() < after.items() and len(after) == 2 * len(before)
    assert all("-r2" in path for path in after.keys() - before.keys())
    assert not {after[path] for path in after.keys() - before.keys()} & set(before.values())


def test_paths_are_unique_and_carry_the_digest(project: Project) -> None:
    grid = project.edit(replicates=2).grid()
    assert len(grid.by_path) == len(grid.cells)
    assert all(re.search(rf"\.{cell.digest}\.parquet$", path) for path, cell in grid.by_path.items())


def test_a_collision_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "DIGEST_LENGTH", 1)
    with pytest.raises(UserError, match=r"its digest [0-9a-f] is also that of another cell"):
        project.grid()


def test_golden_prompts() -> None:
    golden, now = json.loads(Path(PROMPTS).read_text(encoding="utf-8")), prompts()
    regenerate = "regenerate the golden prompts: uv run python -m tests.golden prompts"
    if golden["recipe_version"] == RECIPE_VERSION:
        assert now == golden, f"models read other prompts: raise RECIPE_VERSION and {regenerate}"
    else:
        pytest.fail(f"RECIPE_VERSION is {RECIPE_VERSION}, the file has {golden['recipe_version']}: {regenerate}")


def test_other_files_in_the_folder_of_a_model_are_another_model(project: Project) -> None:
    before = full_config(project).grid()
    (project.folder / "delta" / "config.json").write_text('{"other": 1}')
    paths = changed(before, project.grid())
    assert paths and all("/delta/" in path for path in paths)


def test_an_effort_that_is_not_set_leaves_no_trace(project: Project) -> None:
    """The field came later: cells made before it keep their names."""
    assert "effort" not in project.study().config.models["alpha"].identity()["thinking"]


def test_how_weights_are_converted_is_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are not leave no trace: the field came later, and cells made before it keep their names."""
    assert "quantization" not in validate(LlamaCppModel, LLAMA, "test").identity()
    converted = validate(LlamaCppModel, {**LLAMA, "quantization": "Q4_0"}, "test")
    before = converted.identity()["quantization"]
    monkeypatch.setattr("personas.engines.kinds.llama_cpp.CONVERSION_VERSION", 2)
    assert before != converted.identity()["quantization"]


def test_samplers_of_llama_cpp_are_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """They shape the text, so a change of the list must change every digest and request key."""
    model = validate(LlamaCppModel, LLAMA, "test")
    before = model.identity()
    assert before["samplers"] == ["temperature"]
    monkeypatch.setattr(LlamaCppModel, "samplers", property(lambda self: ["temperature", "min_p"]))
    assert model.identity() != before


LLAMA = {
    "engine": "llama.cpp",
    "id": "org/tiny",
    "revision": "r1",
    "weights": "tiny.gguf",
    "context_length": 64,
    "sampling": {"temperature": 0.0, "max_tokens": 4},
}


NEVER_SENT: dict[str, Mapping[str, Any]] = {
    "temperature": {"sampling/temperature": 0.7},
    "top_p": {"sampling/top_p": 0.5},
    "seed": {"sampling/seed": 9},
    "chat_template_kwargs": {"thinking/template_arguments": {"enable_thinking": False}},
    "reasoning_effort": {"thinking/effort": "low"},
}


@pytest.mark.parametrize("name", NEVER_SENT)
@pytest.mark.parametrize("whose", ["models/alpha", "judges/j/model"])
def test_what_is_never_sent_renames_nothing(judged: Project, name: str, whose: str) -> None:
    judged.set({"replicates": 2, f"{whose}/leave_out": [name]})
    before = by_plain_path(judged.grid())
    judged.set({f"{whose}/{place}": value for place, value in NEVER_SENT[name].items()})
    assert by_plain_path(judged.grid()) == before
    second = [path for path in before if "-r2" in path]
    assert second and all(before[p] != before[p.replace("-r2", "")] for p in second), "replicates are told apart"
    sent = judged.set({f"{whose}/leave_out": ["stop"]})
    assert by_plain_path(sent.grid()) != before
