"""Profiles: installed where Snakemake looks, never over one that somebody changed; what batches ask of a machine."""

from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_profile_dir

from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.engines.kinds.llama_cpp import LlamaCppModel
from personas.engines.kinds.vllm import VllmModel
from personas.workflow.profiles import install_profile
from personas.workflow.resources import gpus, memory, threads, walltime
from tests.helpers import ROOT


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


def test_snakemake_finds_an_installed_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_profile_dir("slurm") is None
    installed = install_profile("slurm")
    assert get_profile_dir("slurm") == (installed.parent, installed)
    assert installed.is_relative_to(tmp_path / "home")


def test_a_changed_profile_is_not_replaced_unless_forced() -> None:
    installed = install_profile("slurm")
    assert install_profile("slurm") == installed, "the same again is no conflict"
    installed.write_text("executor: local\n")
    with pytest.raises(UserError, match="found another profile, expected none or the same; --force replaces it"):
        install_profile("slurm")
    assert installed.read_text() == "executor: local\n"
    install_profile("slurm", force=True)
    assert "executor: slurm" in installed.read_text()


@pytest.mark.parametrize("name", ["slrum", "default", ".."])
def test_other_names_are_refused(name: str) -> None:
    """The default profile is always loaded, and would beat its own copy."""
    with pytest.raises(UserError, match=r"profile: found .*, expected one of .*slurm"):
        install_profile(name)


def test_the_slurm_profile_avoids_what_is_known_to_fail() -> None:
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert profile["slurm-status-command"] == "squeue", "sacct misreads a cancelled job and hangs"
    assert not [key for key in profile if "array" in key], "arrays lose good outputs"
    assert profile["slurm-jobname-prefix"], "orphaned jobs are found by the name of jobs"


@pytest.mark.parametrize(
    ("minutes", "attempt", "expected"),
    [
        pytest.param(1.0, 1, 10, id="never less than ten minutes"),
        pytest.param(50.5, 1, 152, id="three times the estimate"),
        pytest.param(50.5, 2, 304, id="twice as much for a retry"),
        pytest.param(50.5, 4, 304, id="and no more than that"),
    ],
)
def test_walltime(minutes: float, attempt: int, expected: int) -> None:
    assert walltime(minutes)(None, attempt) == expected


MODEL = {"id": "m", "revision": "r", "context_length": 64, "sampling": {"temperature": 0.0, "max_tokens": 4}}
VLLM = validate(VllmModel, {**MODEL, "engine": "vllm", "tensor_parallel": 4}, "test")
EMBEDDED = validate(LlamaCppModel, {**MODEL, "engine": "llama.cpp", "weights": "w.gguf"}, "test")


def test_memory_grows_with_attempts() -> None:
    assert [memory([EMBEDDED])(None, attempt) for attempt in (1, 2, 3)] == [3000, 6000, 9000]


@pytest.mark.parametrize(("model", "count"), [(EMBEDDED, 0), (VLLM, 4)], ids=["embedded", "vllm"])
def test_a_batch_asks_for_the_gpus_of_its_engine(model: LlamaCppModel | VllmModel, count: int) -> None:
    assert gpus([model]) == count
    assert gpus([model, VLLM]) == count + 4, "of all its engines"


@pytest.mark.parametrize(
    ("model", "cores", "expected"),
    [
        pytest.param(EMBEDDED, 32, 8, id="no more than help"),
        pytest.param(VLLM, 32, 4, id="a GPU keeps few busy"),
        pytest.param(EMBEDDED, 2, 2, id="no more than there are"),
        pytest.param(EMBEDDED, None, 1, id="none known yet"),
    ],
)
def test_threads(model: LlamaCppModel | VllmModel, cores: int | None, expected: int) -> None:
    assert threads([model], cores) == expected
