"""A config with every field set: what each change of a field does to it is in `tests/unit/test_identity.py`."""

import shutil
from typing import Any

from tests.completions import put_completions
from tests.helpers import Project, to_yaml
from tests.templates import catalogue

SHARED: dict[str, Any] = {
    "name": "Model",
    "called": "Modelo",
    "size": 1,
    "family": "Models",
    "sampling": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 24, "seed": 3},
    "system_role": "system",
    "thinking": {"system_line": "line", "template_arguments": {"think": False}, "effort": "low"},
    "price": {"prompt_per_million": 1.0, "completion_per_million": 2.0, "currency": "EUR"},
    "concurrency": 4,
}
ENDPOINT: dict[str, Any] = {
    "key_variable": "KEY",
    "served_name": "there",
    "limits": {"requests_per_minute": 60.0, "tokens_per_minute": 1e6, "spending": 5.0},
    "leave_out": ["seed"],
    "max_tokens_as": "max_tokens",
}
LLAMA: dict[str, Any] = {
    "engine": "llama.cpp",
    "id": "org/gamma",
    "revision": "r1",
    "quantization": "Q4_0",
    "context_length": 512,
    "threads": 2,
    **SHARED,
}
VLLM: dict[str, Any] = {
    "engine": "vllm",
    "id": "org/delta",
    "revision": "r1",
    "context_length": 512,
    "dtype": "float16",
    "tensor_parallel": 2,
    "gpu_memory": 0.8,
    "reasoning_parser": "qwen3",
    "remote_code": True,
    "extra_arguments": ["--quantization=fp8"],
    "tuning_arguments": ["--max-num-seqs=8"],
    "parameters": 30,
    "active_parameters": 3,
    **SHARED,
}
RELEASED: dict[str, Any] = {"engine": "released", "id": "org/omega", "revision": "r1", "directory": "omega", **SHARED}
CONDITION: dict[str, Any] = {"ask_in": ["fixed"], "shuffle_seed": 1, "name": "Interview"}
JUDGE: dict[str, Any] = {
    "form": "json",
    "texts": "judges",
    "template": None,
    "utterances": ["knowledge", "style"],
    "benchmarks": ["bfi", "general", "mine"],
    "references": ["dataset"],
    "pairs": "seeded",
    "pair_seed": 1,
    "reasoning": True,
    "cannot_tell": False,
    "models": ["alpha"],
    "orders": ["fixed"],
    "cut_answers": 500,
    "mask": True,
    "retest": 0.0,
    "described": True,
    "described_both_ways": 0.0,
    "name": "Judge",
}
RELEASE: dict[str, Any] = {
    "folder": "released",
    "conditions": {"interview": "interview", "requests": "instructions"},
    "baseline_order": "personas",
}
INTERVENTIONS: dict[str, Any] = {
    "remind": {"kind": "remind", "every": 2, "before_items": True, "place": "turn", "form": "short", "name": "R"},
    "window": {"kind": "window", "rounds": 1, "name": "W"},
    "examples": {"kind": "examples", "count": 1, "name": "E"},
    "restate": {"kind": "restate", "every": 2, "name": "S"},
    "summarise": {"kind": "summarise", "every": 2, "name": "U"},
}
OF_PERSONAS: dict[str, Any] = {
    "short": "Short.",
    "examples": [{"user": "Who?", "answer": "Me."}, {"user": "And?", "answer": "So."}],
}
"""What interventions read in the file of a persona."""
PATTERNS: dict[str, Any] = {
    "benchmarks": ["bfi"],
    "checkpoint": 0,
    "also_last": True,
    "fisher_p": 0.01,
    "min_overlap": 0.3,
    "max_minutes": 1.0,
    "as_published": False,
    "cross_fit": True,
}
CALIBRATION: dict[str, Any] = {
    "labels": {
        "mine": {
            "file": "labels.csv",
            "format": "csv",
            "metric": "style",
            "columns": {"label": "L"},
            "judges": [],
        },
        "published": {
            "file": "xs",
            "format": "xstest-completions",
            "metric": None,
            "columns": {},
            "judges": ["j"],
        },
    },
    "samples": {"s": {"metric": "refusal", "benchmark": "xstest", "n": 9, "seed": 1}},
}
MACHINE: dict[str, Any] = {
    "vllm_python": "env/bin/python",
    "weights_cache": "cache",
    "gpus": [0, 1],
    "gpu_kind": "H100",
    "data_folder": "external",
    "data_mirror": "https://mirror",
    "data_copy": "copy",
    "locks": "elsewhere",
    "engine_variables": ["SITE_SETTING"],
}


def put_files(project: Project) -> None:
    """Put what the full config names beside what every project has, and copies of all to move to."""
    weights = project.folder / "gamma.gguf"
    weights.write_bytes(b"GGUF" + bytes(range(256)) * 8)
    shutil.copy(weights, project.folder / "moved.gguf")
    for name in ("personas", "turns", "items", "judges"):
        shutil.copytree(project.folder / name, project.folder / f"moved-{name}")
    (project.folder / "labels.csv").write_text("unit,L,label\nu,5,4\n")
    (project.folder / "items/open.jsonl").write_text('{"question": "What do you fear?"}\n')
    shutil.copy(project.folder / "labels.csv", project.folder / "moved.csv")
    put_completions(project.folder / "xs", "one", [("Sure.", False), ("No.", True)])
    folder = project.folder / "delta"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 8)
    shutil.copytree(folder, project.folder / "moved-delta", dirs_exist_ok=True)
    for inside in ("generations/omega", "generations/omega-moved", "elsewhere/generations/omega"):
        for stem, content in {"interview_empty": "[]", "instructions_empty": "[1]"}.items():
            spoken = project.folder / "released" / inside / f"{stem}.json"
            spoken.parent.mkdir(parents=True, exist_ok=True)
            spoken.write_text(content)
    for name in ("sources.yaml", "other.yaml"):
        (project.folder / name).write_text(to_yaml(catalogue()))


def full_config(project: Project) -> Project:
    """Set every field of the config of a project."""
    for slug in ("keeper", "baker"):
        project.edit_persona(slug, **OF_PERSONAS)
    put_files(project)
    judge = {**JUDGE, "model": {**LLAMA, "weights": str(project.folder / "moved.gguf")}}
    return project.set(
        {
            "models/alpha": {**project.raw()["models"]["alpha"], **SHARED, **ENDPOINT},
            "models/beta": None,
            "models/gamma": {**LLAMA, "weights": str(project.folder / "gamma.gguf")},
            "models/delta": {**VLLM, "weights": str(project.folder / "delta")},
            "models/omega": RELEASED,
            "release": RELEASE,
            "personas": {"folder": "personas", "include": ["keeper", "baker"], "baseline": True},
            "conditions/interview": {**project.raw()["conditions"]["interview"], **CONDITION},
            "interventions": INTERVENTIONS,
            "benchmarks/xstest": {**project.raw()["benchmarks"]["xstest"], "kind": "xstest", "name": "X"},
            "benchmarks/mine": {"kind": "open", "items": "items/open.jsonl", "rubric": "style"},
            "judges/j": judge,
            "judges/k": {
                **judge,
                "benchmarks": ["bfi"],
                "template": "external:flow/prompts",
                "form": "feedback-score",
            },
            "replicates": 2,
            "patterns": PATTERNS,
            "calibration": CALIBRATION,
            "figures": {"resamples": 10, "seed": 1, "note": "N"},
            "statistics": {
                "study": True,
                "mixed_models": False,
                "generalise": ["models", "items"],
                "headline": ["xstest-refusal-safe-by-rules"],
                "correction": "holm",
            },
            "comparison": {
                "paper": {"published": True, "called": {"alpha": "Gemma3-4B"}},
                "two": {"models": ["alpha", "delta"]},
            },
            "batches": {"max_cells": 50, "max_minutes": 10.0},
            "machine": MACHINE,
            "benchmarks/bfi/labels": "items/labels.json",
            "sources": "sources.yaml",
            "results": "out",
        }
    )
