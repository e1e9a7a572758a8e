"""An edit plans exactly its cells, a revert plans none, and a figure always shows the data of its grid.

A fast server stands in for the model here, because what is tested is the plan and not the text.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.helpers import FakeServer, answer, said
from tests.workflow.conftest import Checkout, fake_model, make_checkout, tiny_config

pytestmark = pytest.mark.workflow


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def _config(server: FakeServer) -> dict[str, Any]:
    model = fake_model(server.base_url)
    return tiny_config(
        models={"one": model, "two": model | {"revision": "r2"}}, personas={"folder": "config/personas"}
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose grid is complete; every test edits a copy of its own."""
    checkout = make_checkout(tmp_path_factory.mktemp("finished") / "checkout")
    with FakeServer() as server:
        checkout.configure(_config(server))
        checkout.run()
    return checkout.folder


@pytest.fixture
def study(finished: Path, tmp_path: Path, server: FakeServer) -> Checkout:
    folder = shutil.copytree(finished, tmp_path / "checkout", symlinks=True)
    checkout = Checkout(folder)
    checkout.configure(_config(server))
    return checkout


def _edit_persona(checkout: Checkout, slug: str, description: str) -> None:
    path = checkout.folder / f"config/personas/{slug}.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"description": description}))


def _cells(paths: set[str]) -> set[str]:
    return {path for path in paths if "/dialogues/" in path or "/responses/" in path}


def _words(checkout: Checkout) -> float:
    """The mean answer length of the personas, as the figure's own table has it."""
    series = pd.read_parquet(checkout.results / "current/tables/by-checkpoint.parquet")
    rows = series[(series["panel"] == "words") & (series["group"] == "persona")]
    return float(rows["mean"].mean())


def test_edit_and_revert_of_a_persona(study: Checkout, server: FakeServer) -> None:
    persona = study.folder / "config/personas/pastry-chef.yaml"
    original, words = persona.read_text(), _words(study)
    figure = (study.results / "current/figures/by-checkpoint.pdf").read_bytes()
    all_cells = {path.relative_to(study.folder).as_posix() for path in study.results.rglob("*.parquet")}

    _edit_persona(study, "pastry-chef", "You are Otto, and you count everything twice.")
    server.decide = lambda body: answer("twice " * 40 + said(body["messages"]))
    planned = _cells(study.planned())
    assert {path.split("/")[3] for path in planned} == {"pastry-chef"}
    own = {path for path in _cells(all_cells) if "/pastry-chef/" in path and "/current/" not in path}
    assert len(planned) == len(own), "exactly the persona's own cells"
    sent = server.count
    study.run()
    made = {path.relative_to(study.folder).as_posix() for path in study.results.rglob("*.parquet")} - all_cells
    assert _cells({path for path in made if "/current/" not in path}) == planned, "planned and executed agree"
    assert server.count > sent
    edited_words = _words(study)
    assert edited_words > words + 10, "the table shows the edited persona's answers"

    persona.write_text(original)
    shutil.rmtree(study.folder / ".snakemake")
    assert study.planned() == set(), "a revert plans nothing, even without .snakemake"
    sent = server.count
    assert "Nothing to be done" in study.run()
    assert server.count == sent, "a revert asks nothing"
    assert _words(study) == words, "the table shows the reverted data"
    assert (study.results / "current/figures/by-checkpoint.pdf").read_bytes() == figure

    _edit_persona(study, "pastry-chef", "You are Otto, and you count everything twice.")
    assert study.planned() == set(), "and back again"


@pytest.mark.parametrize("change", ["name", "comment", "key order", "concurrency", "docstring"])
def test_what_shapes_nothing_plans_nothing(study: Checkout, change: str) -> None:
    config_path = study.folder / "config/config.yaml"
    config = yaml.safe_load(config_path.read_text())
    if change == "name":
        path = study.folder / "config/personas/pastry-chef.yaml"
        path.write_text(path.read_text().replace("name: Pastry chef", "name: The chef"))
        config["models"]["one"]["name"] = "Model one"
    elif change == "concurrency":
        config["models"]["one"]["concurrency"] = 3
    elif change == "key order":
        config = dict(reversed(config.items()))
    elif change == "docstring":
        for path in [study.folder / f"scripts/{part}/job.py" for part in ("ratings", "analysis", "figures")]:
            path.write_text(path.read_text().replace('"""', '"""Now: ', 1) + "\n# a comment\n")
    text = yaml.safe_dump(config, sort_keys=False)
    config_path.write_text(f"# a comment\n{text}" if change == "comment" else text)
    assert study.planned() == set()


def test_swapped_values_and_lost_times(study: Checkout) -> None:
    before = study.planned()
    assert before == set()
    for path in study.results.rglob("*.parquet"):
        if not path.is_symlink():
            path.touch()  # as if copied without times, in any order
    assert study.planned() == set()
    config_path = study.folder / "config/config.yaml"
    config = yaml.safe_load(config_path.read_text())
    one, two = config["models"]["one"], config["models"]["two"]
    one["revision"], two["revision"] = two["revision"], one["revision"]
    config_path.write_text(yaml.safe_dump(config, sort_keys=False))
    assert {path.split("/")[2] for path in _cells(study.planned())} == {"one", "two"}


def test_removed_dialogue_takes_its_responses_along(study: Checkout, server: FakeServer) -> None:
    dialogue = next((study.results / "dialogues/one/baseline").glob("goal-oriented-fixed.*.parquet"))
    dialogue.unlink()
    everything = study.planned()
    assert any("/ratings-one-" in path for path in everything) and any(".pdf" in path for path in everything)
    assert not any("/ratings-two-" in path for path in everything)
    planned = _cells(everything)
    assert all("/one/baseline/" in path and "goal-oriented-fixed" in path for path in planned)
    assert {path.split("/")[1] for path in planned} == {"dialogues", "responses"}
    sent = server.count
    study.run()
    assert server.count == sent, "everything came from the journal"


def test_tables_of_a_cell_made_again_are_made_again(study: Checkout, server: FakeServer) -> None:
    """Also when the run that makes the cell ends before it comes to the tables, and the journal is lost."""
    server.decide = lambda body: answer("another text " * 9 + said(body["messages"]))
    words = _words(study)
    next((study.results / "dialogues/one/lighthouse-keeper").glob("goal-oriented-fixed.*.parquet")).unlink()
    shutil.rmtree(study.results / "journal")
    study.run("generate_one_01")
    assert any("/tables/" in path for path in study.planned())
    study.run()
    assert _words(study) > words, "the table shows the new text"


def test_longer_dialogue_and_more_checkpoints_reuse_the_journal(study: Checkout, server: FakeServer) -> None:
    config_path = study.folder / "config/config.yaml"
    config = yaml.safe_load(config_path.read_text())
    config["checkpoints"] = [0, 2, 4]
    config["conditions"]["goal-oriented"]["rounds"] = 5
    config_path.write_text(yaml.safe_dump(config, sort_keys=False))
    sent = server.count
    study.run()
    new_rounds = 2 * 3  # models x speakers, one more round each
    new_responses = 2 * 3 * 2 * 3  # models x speakers x conditions x items, at the new checkpoint
    assert server.count - sent == new_rounds + new_responses


def test_the_current_folder_shows_only_the_current_grid(study: Checkout) -> None:
    current = study.results / "current"
    assert (current / "dialogues/one/pastry-chef").is_dir()
    (study.folder / "config/personas/pastry-chef.yaml").unlink()
    study.run()
    assert not (current / "dialogues/one/pastry-chef").exists()
    for link in current.rglob("*"):
        assert link.exists(), f"{link} is dangling"
    assert list(Path(study.results / "dialogues/one/pastry-chef").glob("*.parquet")), "results stay"
