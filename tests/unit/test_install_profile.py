"""Profiles: installed where Snakemake looks, never over one that somebody changed; what batches ask of a machine."""

from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_profile_dir

from scripts.errors import UserError
from scripts.plan.needs import growing
from scripts.profiles import install_profile
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
    assert profile["slurm-jobname-prefix"], "leftovers are found by the name of jobs"


@pytest.mark.parametrize(("attempt", "expected"), [(1, 100), (2, 200), (3, 200)])
def test_what_a_batch_asks_for_grows_with_its_attempts(attempt: int, expected: int) -> None:
    assert growing(100, 2)(None, attempt) == expected
