"""`personas`: exit code 1 and one sentence for a mistake, a table or a note otherwise."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Project, personas

SENTENCES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"modles": {}}, "config.yaml: modles: unknown key, expected models."),
    "wrong type": ({"checkpoints": "zero"}, 'config.yaml: checkpoints: found "zero", expected a list.'),
    "negative count": ({"replicates": -1}, "config.yaml: replicates: found -1, expected a number greater than 0."),
    "empty set": ({"benchmarks": {}}, "config.yaml: benchmarks: found {}, expected at least 1 of them."),
    "unknown engine": (
        {"models/alpha/engine": "vlm"},
        "config.yaml: models.alpha: found engine 'vlm', expected one of 'endpoint', 'llama.cpp', 'released', 'vllm'.",
    ),
    "more repeats than anybody means": (
        {"replicates": 10**30},
        f"config.yaml: replicates: found {10**30}, expected a number of 1000 or less.",
    ),
    "a persona twice": (
        {"personas/include": ["keeper", "keeper"]},
        "config.yaml: personas.include: found ['keeper', 'keeper'], expected each slug once.",
    ),
    "results that are a file": (
        {"results": "config.yaml"},
        "results: config.yaml/dialogues cannot be read (Not a directory), expected a folder.",
    ),
    "no number": (
        {"models/alpha/sampling/temperature": "hot"},
        'config.yaml: models.alpha.sampling.temperature: found "hot", expected a number.',
    ),
    "beyond the dialogue": (
        {"checkpoints": [0, 9]},
        "config.yaml: checkpoints: found 9, expected at most 3, the rounds of condition interview.",
    ),
}


@pytest.mark.parametrize("reason", SENTENCES)
def test_a_mistake_is_one_sentence_and_exit_code_1(project: Project, reason: str) -> None:
    changes, sentence = SENTENCES[reason]
    command = "status" if "results" in changes else "validate"
    done = personas(project.set(changes).folder, command, "-c", "config.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence + "\n")


def test_a_process_ends_with_the_sentence_too(project: Project) -> None:
    changes, sentence = SENTENCES["unknown key"]
    installed = Path(sys.executable).with_name("personas")
    command = [str(installed), "validate", "-c", "config.yaml"]
    done = subprocess.run(command, cwd=project.set(changes).folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence + "\n")


def test_validate_notes_what_is_perhaps_not_meant(project: Project) -> None:
    project.set({"models/alpha/key_variable": "NO_SUCH_KEY_HERE"})
    project.edit_persona("stranger", role="A Stranger", description="You came from nowhere.")
    done = personas(project.folder, "validate", "-c", "config.yaml")
    assert done.returncode == 0
    assert "models.alpha.key_variable: the environment has no NO_SUCH_KEY_HERE" in done.stdout
    assert "benchmark role-specific has no items for persona stranger" in done.stdout


@pytest.mark.parametrize("command", ["status", "plan"])
def test_display_names_are_shown(project: Project, command: str) -> None:
    project.edit(models__alpha__name="Alpha, greedy", conditions__interview__name="An [interview]")
    done = personas(project.folder, command, "-c", "config.yaml")
    assert "Names: alpha: Alpha, greedy; baker: Baker; keeper: Keeper; interview: An [interview]." in " ".join(
        done.stdout.split()
    )


def test_status_counts_cells(project: Project) -> None:
    done = personas(project.folder, "status", "-c", "config.yaml")
    assert done.returncode == 0
    cells = project.grid().cells
    dialogues = sum(cell.track.model == "alpha" and cell.stage == "dialogues" for cell in cells)
    row = next(line for line in done.stdout.splitlines() if "alpha" in line and "dialogues" in line)
    assert row.replace("│", " ").split()[2:5] == [str(dialogues), "0", str(dialogues)]


def test_the_environment_can_name_the_config(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAS_CONFIG", "config.yaml")
    assert personas(project.folder, "validate").stdout.splitlines()[-1].startswith("config.yaml: valid, ")
    monkeypatch.setenv("PERSONAS_CONFIG", "elsewhere.yaml")
    done = personas(project.folder, "validate")
    assert done.returncode == 1 and done.stderr.startswith("elsewhere.yaml: ") and done.stderr.count("\n") == 1


def test_the_version(project: Project) -> None:
    done = personas(project.folder, "--version")
    assert done.returncode == 0 and done.stdout.startswith("persona-persistence ") and done.stdout.count("\n") == 1
