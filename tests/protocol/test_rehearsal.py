"""The paper's protocol end to end on the embedded engine: config/rehearsal.yaml with three layers of its model, data
from folders.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.draw import draw
from personas.config import load_config
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.requests.journal_lines import journal_files, journal_lines
from tests.external import ORIGINAL, needs_original
from tests.protocol.made import prepare
from tests.shallow import write_shallow
from tests.workflow.conftest import Checkout, make_checkout

pytestmark = [pytest.mark.protocol, pytest.mark.timeout(1800)]

FILES = ["config/rehearsal.yaml", "made.yaml"]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with data fetched from folders, planned before that, and run to the end."""
    made = tmp_path_factory.mktemp("made")
    folders = prepare(made)
    checkout = make_checkout(tmp_path_factory.mktemp("rehearsal") / "checkout")
    own = {"weights": str(write_shallow(made / "shallow.gguf")), "id": "made-up/shallow"}
    models = {"models": {"smollm2": own}, "judges": {"stand-in": {"model": own}}}
    (checkout.folder / "made.yaml").write_text(yaml.safe_dump({"sources": str(made / "sources.yaml"), **models}))
    try:
        before = checkout.run("-n", "--configfile", *FILES)
        assert "third-party files are not here yet" in before
        told = personas(checkout, "fetch", "--data", *[word for f in folders for word in ("--from", str(f))])
        assert "10 files of third-party data are in data/external, 10 of them new." in told
        output = checkout.run("generate", "judge", "--configfile", *FILES, timeout=1500)
        assert "Made: " in output and "fetch_data" not in output
        checkout.make_artefacts(*FILES)
        output = checkout.run("--configfile", *FILES)
        assert "Nothing to be done" in output and "Complete: all" in output, output
        yield checkout
    finally:
        for process in checkout.processes():
            process.kill()


def personas(checkout: Checkout, *words: str) -> str:
    command = [sys.executable, "-c", "from personas.cli.main import main; main()", *words]
    done = subprocess.run(
        [*command, *[word for file in FILES for word in ("-c", file)]],
        cwd=checkout.folder,
        env=checkout.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(checkout: Checkout, name: str) -> pd.DataFrame:
    return pd.read_parquet(checkout.results / "current/tables" / f"{name}.parquet")


def test_every_cell_of_the_protocol_is_there(rehearsed: Checkout) -> None:
    """2 personas and the baseline, 2 conditions, 2 orders; 5 benchmarks behind the fixed one; judged."""
    found = Counter(
        path.relative_to(rehearsed.results / "current").parts[0]
        for path in (rehearsed.results / "current").rglob("*.parquet")
    )
    assert (found["dialogues"], found["responses"]) == (3 * 2 * 2, 2 * (2 * 5 + 3 + 2 * 2))
    assert found["judgements"] == 2 * (4 + 3 * 2 + 2 * (2 * 3 + 2))


def test_rows_and_checkpoints(rehearsed: Checkout) -> None:
    results = rehearsed.results / "current"
    for path in (results / "dialogues").rglob("*.parquet"):
        assert pq.read_table(path).num_rows == 6
    for path in (results / "responses").rglob("*.parquet"):
        items = 2 if path.parent.name in ("bfi", "xstest") else 1
        assert Counter(pq.read_table(path)["checkpoint"].to_pylist()) == {0: items, 3: items, 6: items}


def test_no_stand_in_was_ever_sent(rehearsed: Checkout) -> None:
    paths = [path for folder in rehearsed.results.glob("journal/*") for path in journal_files(folder)]
    texts = [line.decode() for path in paths for _, line in journal_lines(path)]
    assert texts and not any("stand-in for" in text for text in texts)
    dialogue = pq.read_table(
        next((rehearsed.results / "current/dialogues/smollm2/gaston").glob("persona-directed-fixed*"))
    )
    turns = dialogue["user"].to_pylist()
    assert turns[0] == "Welcome, Gaston. Shall we begin?" and turns[-1] == "That was all, Gaston. Good night."


def test_the_names_are_those_planned_without_data(rehearsed: Checkout, tmp_path: Path) -> None:
    overrides = {"machine": {"data_folder": str(tmp_path / "nothing")}}
    config = load_config([rehearsed.folder / file for file in FILES], overrides)
    study = resolve(config, rehearsed.folder)
    assert len(study.absent) == 10
    assert all((rehearsed.results / cell.path).is_file() for cell in build_grid(study).cells)


def test_every_benchmark_has_its_scores(rehearsed: Checkout) -> None:
    tables = {path.stem for path in (rehearsed.results / "current/tables").glob("*.parquet")}
    wanted = {f"ratings-smollm2--{name}" for name in ("bfi", "xstest", "ifbench", "role-specific", "general")}
    wanted |= {"bfi-distances-by-stand-in", "xstest-agreement-with-stand-in", "ratings-smollm2--utterances"}
    assert wanted <= tables
    rated = table(rehearsed, "ratings-smollm2--role-specific")
    assert set(rated["reference"].dropna()) == {"dataset", "zero", "previous"}
    distances = table(rehearsed, "bfi-distances-by-stand-in")
    assert set(distances["metric"]) == {"distance-from-labels", "distance-from-baseline"}
    assert (rehearsed.results / "current/figures/bfi-distance-by-stand-in.pdf").exists()
    series = pq.read_table(rehearsed.results / "current/tables/ratings-smollm2--ifbench.parquet")
    assert series.schema.metadata[b"verifiers"].startswith(b"if-verifiable 0.1.2 ")


@needs_original
def test_the_items_are_drawn_from_the_originals(rehearsed: Checkout) -> None:
    limits = {"bfi": 2, "xstest": 2, "ifbench": 1}
    files = {"bfi": "BFI.json", "xstest": "xstest_prompts.csv", "ifbench": "IFBench_test.294rows.jsonl"}
    folder = rehearsed.results / "current/responses/smollm2/gaston"
    for name, file in files.items():
        drawn = draw(BENCHMARKS[name].load(ORIGINAL / file), limits[name], BENCHMARKS[name].groups, 0)
        asked = pq.read_table(next((folder / name).glob("goal-oriented*"))).to_pylist()
        assert {(row["item_id"], row["prompt"]) for row in asked} == {(item.id, item.prompt) for item in drawn}
