"""Third-party data in a real invocation: planned without it, fetched before anything is asked, never twice."""

from collections.abc import Iterator

import pytest
import yaml

from tests.external import catalogue, texts
from tests.files_server import FileServer
from tests.helpers import FakeServer
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def files() -> Iterator[FileServer]:
    with FileServer(texts()) as running:
        yield running


@pytest.fixture
def study(checkout: Checkout, server: FakeServer, files: FileServer) -> Checkout:
    (checkout.folder / "config/sources.yaml").write_text(yaml.safe_dump(catalogue(files.url)))
    turns = {"requests": {"turns": "external:study/data/instructions.json", "rounds": 2}}
    checkout.configure(
        tiny_config(
            models={"one": fake_model(server.base_url)},
            sources="config/sources.yaml",
            personas={"roles": "external:study/data/roles.json"},
            conditions=turns,
            benchmarks={"xstest": {"items": "external:xstest/xstest.csv", "limit": 2}},
            patterns={"benchmarks": []},
            statistics={"mixed_models": False},
        )
    )
    return checkout


def test_a_dry_run_needs_no_file_and_brings_none(study: Checkout, files: FileServer) -> None:
    files.files = {}
    told = study.run("-n")
    assert "3 third-party files are not here yet" in told and "fetch_data_03" in told
    assert files.asked == [] and not (study.folder / "data/external").exists()


def test_a_run_fetches_what_is_missing_and_then_asks(study: Checkout, files: FileServer, server: FakeServer) -> None:
    planned = study.planned("ratings")
    assert any(path.startswith("data/external/") for path in planned)
    study.run("ratings")
    asked = [path for path, _ in files.asked]
    assert sorted(asked) == ["study/data/instructions.json", "study/data/roles.json", "xstest/xstest.csv"]
    assert server.count and "Help me with task 0." in str(server.bodies) and "stand-in" not in str(server.bodies)
    made = {path for path in planned if not path.startswith("data/external/")}
    assert all((study.folder / path).exists() for path in made), "the same names before and after"
    study.run("--forceall", "generate")
    assert len(files.asked) == 3, "what is here has no rule"


def test_a_file_that_does_not_come_stops_the_run_before_any_request(
    study: Checkout, files: FileServer, server: FakeServer
) -> None:
    files.files = {place: text for place, text in texts().items() if "xstest" not in place}
    # All three at a time: of fewer, Snakemake begins with any, and with no more once one has failed.
    told = study.run("generate", "--cores", "3", check=False)
    assert "the server answered 404" in told and "data/external/xstest/xstest.csv" in told and server.count == 0
    files.files = texts()
    files.asked.clear()
    study.run("generate")
    assert [path for path, _ in files.asked] == ["xstest/xstest.csv"]
