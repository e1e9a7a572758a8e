"""Stated speeds of vLLM follow the size of a model and the GPU; what was measured takes their place."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from personas.config.machine import GPU_KINDS, Machine
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.engines.kinds.vllm import VllmModel
from personas.engines.roofline import Size, tokens_per_second
from personas.engines.weights.size import size_of
from personas.plan.costs.rates import Rates
from personas.plan.outcome import Measurement, Outcome
from personas.workflow.terminal.plan_tables import print_plan_report
from tests.helpers import Project

SAMPLING = {"temperature": 0.0, "max_tokens": 256}
EMPTY = {"engine": "vllm", "revision": "main", "context_length": 8192, "sampling": SAMPLING}


def vllm(name: str = "org/gemma-3-4b-it", **changes: Any) -> VllmModel:
    return validate(VllmModel, {**EMPTY, "id": name, **changes}, "test")


def speed(model: VllmModel, gpu: str = "A100-80GB", context: float = 500.0) -> float:
    return model.stated_speed(Machine(gpu_kind=gpu), context)


@pytest.fixture(autouse=True)
def _no_weights_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


NAMES = [
    pytest.param("google/gemma-3-4b-it", 4, 4, id="a size"),
    pytest.param("nvidia/Llama-3_3-Nemotron-Super-49B-v1_5", 49, 49, id="between other numbers"),
    pytest.param("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", 30, 3, id="a mixture, and its active ones"),
    pytest.param("mistralai/Mixtral-8x7B-Instruct-v0.1", 56, 56, id="times"),
    pytest.param("Qwen/Qwen2.5-0.5B-Instruct", 0.5, 0.5, id="less than one"),
    pytest.param("HuggingFaceTB/SmolLM2-135M", 8, 8, id="nothing that tells: a guess"),
]


@pytest.mark.parametrize(("name", "parameters", "active"), NAMES)
def test_a_name_tells_the_size(name: str, parameters: float, active: float) -> None:
    size = size_of(vllm(name), Machine())
    assert (size.parameters / 1e9, size.active / 1e9) == (parameters, active)
    assert size.source == ("a guess: set `parameters`" if "135M" in name else "its name")


MIXTURE = {
    "torch_dtype": "bfloat16",
    "num_hidden_layers": 48,
    "hidden_size": 2048,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 768,
}
"""As Qwen3-30B-A3B describes itself."""


def test_files_tell_it_better(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(MIXTURE))
    index = {"metadata": {"total_size": 61_064_245_248}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    size = size_of(vllm("org/unnamed", weights=str(folder)), Machine())
    assert size.source == "its weights" and size.parameters == pytest.approx(30.5e9, rel=0.01)
    assert size.active == pytest.approx(3.35e9, rel=0.05), "3.3 billion, by the model's card"
    assert size.cache == 2 * 2 * 48 * 4 * 128
    (folder / "model.safetensors.index.json").unlink()
    (folder / "model.safetensors").write_bytes(b"0" * 4000)
    assert size_of(vllm("org/unnamed", weights=str(folder)), Machine()).weights == 4000


def test_the_config_has_the_last_word() -> None:
    size = size_of(vllm(parameters=120, active_parameters=5.1, extra_arguments=["--quantization=mxfp4"]), Machine())
    assert (size.parameters, size.active, size.source) == (120e9, 5.1e9, "parameters in the config")
    assert size.weights == pytest.approx(72e9), "four bits and their scales"


def test_a_model_of_twelve_times_the_size_takes_several_times_as_long() -> None:
    small, large = vllm(), vllm("nvidia/Llama-3_3-Nemotron-Super-49B-v1_5")
    assert 4 < speed(small, "H200") / speed(large, "H200") < 20
    assert speed(vllm("org/x-30B-A3B", concurrency=1)) > 3 * speed(vllm("org/x-30B", concurrency=1))
    assert speed(small, "H100") > 1.3 * speed(small, "A100-80GB") > 2 * speed(small, "L4")


def test_more_at_once_is_faster_and_a_long_context_slower() -> None:
    speeds = [speed(vllm(concurrency=room)) for room in (1, 8, 64)]
    assert speeds[0] < speeds[1] / 5 < speeds[2] / 20
    assert speed(vllm(), context=8000) < speed(vllm(), context=200)
    assert speed(vllm("org/x-27B", tensor_parallel=2)) > 1.3 * speed(vllm("org/x-27B"))


def test_the_bounds_are_those_of_the_data_sheet() -> None:
    """One answer at a time reads all weights for every token; a thousand at once are bound by arithmetic."""
    gpu, size = GPU_KINDS["H100"], Size(16e9, 8e9, 8e9, 131e3, "")
    alone = tokens_per_second(size, gpu, 1, 0.9, 1, 1)
    assert 0.3 < alone / (gpu.gigabytes_per_second / 16) < 0.5
    many = tokens_per_second(size._replace(cache=1.0), gpu, 1, 0.9, 100_000, 1)
    assert many == pytest.approx(0.5 * gpu.teraflops * 1e12 / 16e9, rel=0.02)


def test_what_was_measured_of_it_counts_and_what_was_measured_of_others_does_not() -> None:
    row = Measurement("bfi", 0, 256, requests=10, completion_tokens=1000, prompt_tokens=10, seconds=5.0)
    rates = Rates.of([Outcome("generate_a_01", "a", "vllm", measured=[row], engine_seconds=10.0)], Machine())
    large = vllm("org/big-49B", tensor_parallel=2)
    assert rates.tokens_per_second("a", large, 0) == (100.0, True)
    stated = rates.tokens_per_second("b", large, 0)
    assert not stated.measured and stated.value != 100.0
    assert rates.tokens_per_second("b", large, 50).value < stated.value, "behind a longer dialogue"


def test_an_unknown_gpu_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UserError, match=r"gpu_kind.*expected one of A10, .*H100"):
        validate(Machine, {"gpu_kind": "H100-SXM6"}, "test")


def test_the_plan_tells_gpu_hours_clock_range_and_what_they_rest_on(project: Project) -> None:
    sizes = {"small": "google/gemma-3-4b-it", "large": "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5"}
    models = {slug: {**EMPTY, "id": name, "revision": "0" * 40} for slug, name in sizes.items()}
    project.set({"models": models, "machine": {"gpu_kind": "H100", "gpus": [0, 1]}})
    plan_report = project.plan_report()
    page = io.StringIO()
    print_plan_report(plan_report, Console(file=page, width=300))
    lines = page.getvalue().splitlines()
    [hours] = [line for line in lines if line.startswith("GPU time: ")]
    assert "of H100 (" in hours and "stated by a roofline and not measured" in hours
    assert "by the clock about" in hours and "on 2 (machine.gpus)." in hours
    assert "models.small: 4 billion parameters by its name, 8 GB of weights on 1 GPU." in lines
    assert "models.large: 49 billion parameters by its name; 98 GB of weights do not fit 1 x 80 GB: raise " \
        "tensor_parallel." in lines  # fmt: skip
    seconds = {
        slug: sum(plan_report.estimates[c.path].seconds for c in plan_report.plan.missing if c.track.model == slug)
        for slug in sizes
    }
    assert seconds["large"] > 4 * seconds["small"]
