"""Studies that `personas init` writes, each to its first figure: by Snakemake in the study's folder, or here."""

import contextlib
from pathlib import Path

import pytest

from personas.workflow import making
from personas.workflow.stages import needed_for
from tests.helpers import FakeServer, Project, personas
from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.workflow

FIGURE = "figures/by-checkpoint"


def init(folder: Path, template: str, *options: str) -> Project:
    done = personas(folder, "init", template, "mystudy", *options)
    assert done.returncode == 0, done.stderr
    return Project(folder / "mystudy")


def make_first_figure(study: Project) -> None:
    """What Snakemake would do for it, in this process; relative paths count from the study."""
    with contextlib.chdir(study.folder):
        study.run()
        frozen = study.freeze("run-2")
        assert not frozen.batches, "every cell was made"
        offered = frozen.offering(False, needed_for(frozen, [FIGURE]))
        for family in offered.families:
            assert making.make(offered, family.name), family.name


def figures(study: Project) -> list[Path]:
    return [path for path in (study.results / "figures").glob("by-checkpoint.*.png") if path.stat().st_size > 10_000]


def test_hosted_by_snakemake_in_the_folder_of_the_study(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = init(tmp_path, "hosted", "--address", server.base_url, "--model", "org/some")
    monkeypatch.setenv("PROVIDER_KEY", "a-key")
    said = Checkout(study.folder).run(FIGURE)
    assert len(figures(study)) == 1 and "Made: 18 of 18 cells" in said
    assert server.count == 246 and set(server.keys) == {"a-key"}
    assert {body["model"] for body in server.bodies} == {"org/some"}
    assert "study" in Checkout(study.folder).run("-n"), "the rest is made without a target"
    said = Checkout(study.folder).run("config.yaml", check=False)
    assert "config.yaml: found among the targets, expected `--configfile config.yaml`.\n" in said


@pytest.mark.parametrize("template", ["server", "character"])
def test_a_running_server(template: str, tmp_path: Path, server: FakeServer) -> None:
    study = init(tmp_path, template, "--address", server.base_url)
    make_first_figure(study)
    assert len(figures(study)) == 1 and {body["model"] for body in server.bodies} == {"my-model"}
    systems = {body["messages"][0]["content"] for body in server.bodies if body["messages"][0]["role"] == "system"}
    assert len(systems) == 2
    played = [text for text in systems if "begins a conversation with these words:" in text]
    assert len(played) == (template == "character") and all("Wren Halloway draws maps" in text for text in played)


@pytest.mark.engine
def test_laptop(tmp_path: Path) -> None:
    study = init(tmp_path, "laptop")
    study.set(
        {
            "models/small/sampling/max_tokens": 8,
            "conditions/errands": None,
            "conditions/interview/rounds": 2,
            "checkpoints": [0, 2],
            "benchmarks/safety/limit": 2,
            "benchmarks/safety/max_tokens": 8,
            "benchmarks/instructions": None,
        }
    )
    make_first_figure(study)
    assert len(figures(study)) == 1
