"""What a Snakemake profile says of the config is read as Snakemake reads it, and as it was meant."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from personas.config import DEFAULT_CONFIG
from personas.config.reading.overrides import overrides
from personas.config.reading.profile import choose, read_profile
from personas.core.errors import UserError

MEANT = {
    "a list of numbers": ({"machine": {"gpus": [0, 3]}}, {"machine": {"gpus": [0, 3]}}),
    "text": ({"machine": {"weights_cache": "it's there"}}, {"machine": {"weights_cache": "it's there"}}),
    "nothing": ({"machine": {"weights_cache": None}}, {"machine": {"weights_cache": None}}),
    "truth": ({"personas": {"baseline": False}}, {"personas": {"baseline": False}}),
    "a number at the top": ({"replicates": 2}, {"replicates": 2}),
    "a fraction": ({"patterns": {"fisher_p": 0.05}}, {"patterns": {"fisher_p": 0.05}}),
    "a date stays text": ({"machine": {"weights_cache": "2026-11-24"}}, {"machine": {"weights_cache": "2026-11-24"}}),
}

SNAKEFILE = """
import json
print("CONFIG", json.dumps(workflow.config_settings.config), file=__import__("sys").stderr)
rule all:
    output: "x"
    shell: "touch x"
"""


def _profile(folder: Path, **content: Any) -> Path:
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize("reason", MEANT)
def test_nested_values_are_what_was_written(tmp_path: Path, reason: str) -> None:
    written, meant = MEANT[reason]
    assert read_profile(str(_profile(tmp_path / "some", config=written))).overrides == meant


def test_snakemake_reads_the_same(tmp_path: Path) -> None:
    """`personas --profile` and `snakemake --profile` start from equal values."""
    written = {"machine": {"gpus": [0, 1], "weights_cache": "w"}, "replicates": 2, "results": "elsewhere"}
    profile = _profile(tmp_path / "some", config=written)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "-n", "-c1", "--profile", "some"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    line = next(line for line in done.stderr.splitlines() if line.startswith("CONFIG "))
    raw = yaml.safe_load(line.removeprefix("CONFIG "))
    assert overrides(raw) == read_profile(str(profile)).overrides == written


def test_the_form_with_equal_signs(tmp_path: Path) -> None:
    profile = _profile(tmp_path / "some", config=["machine={gpus: [0]}", "replicates=3"])
    assert read_profile(str(profile)).overrides == {"machine": {"gpus": [0]}, "replicates": 3}


def test_the_path_of_the_frozen_plan_is_no_override() -> None:
    assert overrides({"frozen_plan": "results/runs/1/plan.json", "replicates": 2}) == {"replicates": 2}


def test_files_of_the_command_line_win_over_those_of_the_profile(tmp_path: Path) -> None:
    profile = str(_profile(tmp_path / "some", configfile="config/other.yaml"))
    assert choose(None, profile)[0] == [Path("config/other.yaml")]
    assert choose([Path("mine.yaml")], profile)[0] == [Path("mine.yaml")]
    assert choose(None, None) == ([DEFAULT_CONFIG], {})


def test_a_profile_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--profile: found 'nowhere', expected a folder with config.yaml"):
        read_profile("nowhere")


@pytest.mark.parametrize("content", ["- a list", "config: {a: [", "config: [no equal sign]"])
def test_a_profile_that_is_none_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(UserError, match=r"^\S+config.yaml: .*expected a Snakemake profile\.$") as refused:
        read_profile(str(tmp_path))
    assert "\n" not in str(refused.value)
