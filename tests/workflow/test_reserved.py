"""`snakemake -n --profile slurm --configfile config/paper.yaml`, on a grid of the published size; needs no SLURM."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.benchmarks.plan_cells import STUDY, make_study
from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.workflow

MODELS = {
    "nemotron-8b": ("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", 1),
    "nemotron-49b": ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", 2),
    "gemma-3-4b-it": ("google/gemma-3-4b-it", 1),
    "gemma-3-27b-it": ("google/gemma-3-27b-it", 1),
    "qwen3-4b": ("Qwen/Qwen3-4B-Instruct-2507", 1),
    "qwen3-30b": ("Qwen/Qwen3-30B-A3B-Instruct-2507", 1),
}
"""The study's open models, and GPUs to share each."""


def write_paper(folder: Path) -> None:
    """Write config/paper.yaml: the study's models on a synthetic study with its numbers of everything else."""
    make_study(STUDY, folder)
    raw = yaml.safe_load((folder / "config/config.yaml").read_text())
    sampling = {"temperature": 0.0, "max_tokens": 8192}
    raw["models"] = {slug: _vllm(model, gpus) for slug, (model, gpus) in MODELS.items()}
    raw["models"]["gemini-2.5-flash"] = {
        **{"engine": "endpoint", "id": "gemini-2.5-flash", "revision": "r1", "sampling": sampling},
        "base_url": "https://example.invalid/v1",
    }
    raw["judges"]["judge"]["model"] = _vllm("AtlaAI/Selene-1-Mini-Llama-3.1-8B", 1)
    (folder / "config/paper.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))


def _vllm(model: str, gpus: int) -> dict[str, object]:
    return {
        **{"engine": "vllm", "id": model, "revision": "0" * 40, "context_length": 128000},
        **{"sampling": {"temperature": 0.0, "max_tokens": 8192}, "tensor_parallel": gpus},
    }


def test_every_batch_of_the_study_tells_gpus_walltime_and_memory(tmp_path: Path) -> None:
    write_paper(tmp_path / "study")
    study = _Study(tmp_path / "study")
    command = [sys.executable, "-c", "from personas.cli.main import main; main()", "profile", "install", "slurm"]
    environment = study.environment() | {"PYTHONPATH": str(study.folder / "scripts")}
    subprocess.run(command, cwd=study.folder, env=environment, check=True)
    installed = tmp_path / "study" / "home" / "snakemake/slurm/config.yaml"
    profile = yaml.safe_load(installed.read_text())
    profile["set-resources"]["generate_gemini-2.5-flash"] = {"slurm_partition": "cpu"}
    installed.write_text(yaml.safe_dump(profile))

    output = study.run("-n", "--profile", "slurm", "--configfile", "config/paper.yaml")

    rows = dict(re.findall(r"^ (\w+_\S+) +([\d].*)$", output.partition("Each job reserves")[2], re.MULTILINE))
    assert set(rows) == {
        *(f"{stage}{slug}" for slug in (*MODELS, "gemini-2.5-flash") for stage in ("generate_", "judge_judge_")),
        *(f"{stage}_{slug}" for slug in (*MODELS, "gemini-2.5-flash") for stage in ("rate", "mine", "strength")),
    }
    for slug, (_, gpus) in MODELS.items():
        jobs, asked, walltime, *_, memory, partition = rows[f"generate_{slug}"].split()
        assert (asked, memory, partition) == (str(gpus), "32,000", "gpu")
        assert int(jobs) > 1 and int(walltime.replace(",", "")) >= 10
    assert rows["generate_gemini-2.5-flash"].split()[1] == "0"
    assert rows["generate_gemini-2.5-flash"].split()[-1] == "cpu"
    assert rows["judge_judge_gemini-2.5-flash"].split()[-1] == "gpu", "its answers are judged on GPUs"


class _Study(Checkout):
    def environment(self) -> dict[str, str]:
        return super().environment() | {"XDG_CONFIG_HOME": str(self.folder / "home")}
