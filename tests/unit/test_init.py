"""`personas init`: what every template writes, that it plans, and what is refused."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from personas.benchmarks import BENCHMARKS
from personas.cli import init
from personas.cli.configfiles import one_each
from personas.cli.init import templates, write_study
from personas.config.reading.loader import load_config
from personas.core.errors import UserError
from personas.grid.study import resolve
from personas.workflow.stages import refuse_config_as_target
from tests.helpers import DEMO, ROOT, personas

TEMPLATES = sorted(templates())


def test_without_arguments_the_templates_are_listed(tmp_path: Path) -> None:
    done = personas(tmp_path, "init")
    listed = [line.split()[0] for line in done.stdout.split("\n\n")[0].splitlines()]
    assert done.returncode == 0 and sorted(listed) == TEMPLATES
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_study_is_whole_and_plans_from_its_own_folder(template: str, tmp_path: Path) -> None:
    assert personas(tmp_path, "init", template, "mystudy").returncode == 0
    study = tmp_path / "mystudy"
    done = personas(study, "plan")
    assert (done.returncode, done.stderr) == (0, "") and "requests to send" in done.stdout
    readme = (study / "README.md").read_text(encoding="utf-8")
    assert all(word in readme for word in ("cd mystudy\n", " personas plan", " snakemake ", "by-checkpoint.png"))
    assert len([*(study / "personas").iterdir()]) == 2


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_study_s_profile_holds_what_the_workflow_s_hold(template: str, tmp_path: Path) -> None:
    write_study(templates()[template], tmp_path / "mystudy", ROOT)
    own = yaml.safe_load((tmp_path / "mystudy/profiles/default/config.yaml").read_text(encoding="utf-8"))
    expected = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    profile = templates()[template].profile
    if profile:
        expected |= yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text(encoding="utf-8"))
    expected.pop("config", None)
    assert own == expected


def test_the_paths_to_the_workflow_fit_where_the_study_lies(tmp_path: Path) -> None:
    workflow = tmp_path / "check out"
    for part in ("default", "gpu"):
        (workflow / "profiles" / part).mkdir(parents=True)
        text = (ROOT / "profiles" / part / "config.yaml").read_bytes()
        (workflow / "profiles" / part / "config.yaml").write_bytes(text)
    inside, outside = workflow / "studies/one", tmp_path / "two"
    for folder in (inside, outside):
        write_study(templates()["gpu"], folder, workflow)
    assert 'include: "../../Snakefile"' in (inside / "Snakefile").read_text(encoding="utf-8")
    assert f'include: "{workflow}/Snakefile"' in (outside / "Snakefile").read_text(encoding="utf-8")
    assert load_config([inside / "config.yaml"]).machine.vllm_python == "../../.venv-vllm/bin/python"
    assert "\nuv run personas plan" in (inside / "README.md").read_text(encoding="utf-8")
    assert f"uv run --project '{workflow}' snakemake" in (outside / "README.md").read_text(encoding="utf-8")


def test_without_a_checkout_the_readme_says_where_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package has no Snakefile beside it, and brings the profiles along (pyproject.toml)."""
    package = tmp_path / "package"
    shutil.copytree(init.STUDIES, package)
    included = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert included["targets"]["wheel"]["force-include"]["profiles"] == "personas/cli/studies/profiles"
    shutil.copytree(ROOT / "profiles", package / "profiles")
    monkeypatch.setattr(init, "STUDIES", package)
    write_study(templates()["cluster"], tmp_path / "mystudy", None)
    readme = (tmp_path / "mystudy/README.md").read_text(encoding="utf-8")
    assert "\nsnakemake  " in readme and "in the place of CHECKOUT in this folder" in " ".join(readme.split())
    assert 'include: "CHECKOUT/Snakefile"' in (tmp_path / "mystudy/Snakefile").read_text(encoding="utf-8")
    profile = (tmp_path / "mystudy/profiles/default/config.yaml").read_text(encoding="utf-8")
    assert "cores: all" in profile and "executor: slurm" in profile


REFUSED = {
    "a folder with something in it": (["laptop", "full"], "full: found something there, expected a new or an empty "),
    "a file": (["laptop", "full/file"], "full/file: found something there, expected a new or an empty folder."),
    "an unknown template": (["desktop", "new"], "init: found 'desktop', expected one of laptop, "),
    "no folder": (["laptop"], "init: found no folder, expected one, such as: personas init laptop mystudy."),
    "an address for the embedded engine": (["laptop", "new", "--address", "http://x/v1"], "--address: found with "),
    "an address that is none": (["server", "new", "--address", "x"], "--address, --model: models.served.base_url: "),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_does_not_fit_is_one_sentence_and_writes_nothing(reason: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    words, sentence = REFUSED[reason]
    done = personas(tmp_path, "init", *words)
    assert done.returncode == 1 and done.stderr.startswith(sentence) and done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "file"]


def test_address_and_model_are_taken_as_they_are(tmp_path: Path) -> None:
    odd = 'a "model": with #signs'
    assert personas(tmp_path, "init", "hosted", "s", "--address", "https://x/v1", "--model", odd).returncode == 0
    [model] = load_config([tmp_path / "s/config.yaml"]).models.values()
    assert model.id == odd


def test_the_texts_are_not_the_demo_s(tmp_path: Path) -> None:
    write_study(templates()["laptop"], tmp_path / "s", ROOT)
    study = resolve(load_config([tmp_path / "s/config.yaml"]), tmp_path / "s")
    ours = {item.prompt for items in study.items.values() for item in items}
    ours |= {turn for orders in study.turns.values() for turns in orders.values() for turn in turns}
    ours |= {persona.role for persona in study.personas.values()}
    demo = "".join(path.read_text(encoding="utf-8") for path in DEMO.rglob("*") if path.is_file())
    assert len(ours) == 28 and not [text for text in ours if json.dumps(text)[1:-1] in demo or text in demo]
    for slug, items in study.items.items():
        kind = BENCHMARKS[study.config.kind_of(slug)]
        assert all(kind.score(item, "I do not know.").values() for item in items)


def test_a_folder_without_a_config_is_one_sentence(tmp_path: Path) -> None:
    done = personas(tmp_path, "plan")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Found neither config.yaml nor config/config.yaml in this folder, expected one of ")


def test_config_files_are_named_as_snakemake_takes_them() -> None:
    words = ["plan", "--configfile", "a.yaml", "b.yaml", "--json", "c.yaml"]
    assert one_each(words) == ["plan", "--configfile", "a.yaml", "--configfile", "b.yaml", "--json", "c.yaml"]
    assert one_each(["forget", "-c", "a.yaml", "glob*", "b.yaml"]) == ["forget", "-c", "a.yaml", "glob*", "b.yaml"]


def test_a_config_among_the_targets_is_one_sentence(tmp_path: Path) -> None:
    path = str(tmp_path / "mine.yaml")
    Path(path).write_text("{}")
    refuse_config_as_target(["snakemake", "--profile", path, "no-file.yaml", "generate"])
    for words in (["snakemake", path], ["snakemake", "-n", path], ["snakemake", "generate", path]):
        with pytest.raises(UserError, match=re.escape(f"{path}: found among the targets, expected `--configfile")):
            refuse_config_as_target(words)
