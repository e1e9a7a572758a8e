"""From a release to figures with Snakemake as a user starts it, and back to a release."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from personas.requests.projection import read_description
from tests.helpers import edited
from tests.released.maker import Maker
from tests.released.test_export import spoken_and_judged
from tests.released.world import SELENE, config_of, small, write_study
from tests.workflow.conftest import Checkout, make_checkout

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(1200)]

ODD = "generations/gemini-2.5-flash/bfi_Gaston_3.json"
BROKEN = "generations/gemma-3-4b-it/inst-general.json"
CUT = f"metrics/xstest/{SELENE}/gemma-3-4b-it/xstest_empty_6.json.csv"


RATED = ("bfi", "bfi-distance", "xstest", "general", "role-specific", "utterances")
FIGURES = {
    "by-checkpoint",
    "ifbench",
    "patterns",
    *(f"{name}-by-selene" for name in RATED),
    "utterances-by-flow-judge",
}
TARGETS = ("import", "ratings", "patterns", "tables/released-files", *(f"figures/{name}" for name in sorted(FIGURES)))
"""What the tests look at."""
PART: dict[str, Any] = {
    **{f"models/{slug}": None for slug in ("gemma", "nemotron")},
    **{f"benchmarks/{name}": None for name in ("xstest", "ifbench", "role-specific", "general")},
    **{"conditions/goal-oriented": None, "patterns/benchmarks": [], "judges/flow-judge": None},
    **{"judges/selene/references": None, "judges/selene/utterances": []},
}
"""Changes that leave a grid of one model, condition and benchmark: of that, everything is made."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with a release, one null, one file with a name of no grammar and one that is cut.

    A part of it is run to the end, then the targets of the whole.
    """
    checkout = make_checkout(tmp_path_factory.mktemp("released") / "checkout")
    world = small()
    write_study(world, checkout.folder / "study")
    Maker(world, checkout.folder / "release").write()
    said = json.loads((checkout.folder / "release" / ODD).read_text(encoding="utf-8"))
    (checkout.folder / "release" / ODD).write_text(json.dumps([None, *said[1:]]), encoding="utf-8")
    (checkout.folder / "release" / BROKEN).write_text("[]", encoding="utf-8")
    cut = checkout.folder / "release" / CUT
    cut.write_bytes(cut.read_bytes()[:-30])
    checkout.configure(config_of(world))
    try:
        before = checkout.run("-n")
        assert "import_gemma_01" in before and not checkout.results.exists(), "a dry run leaves nothing"
        (checkout.folder / "part.yaml").write_text(yaml.safe_dump(edited(config_of(world), PART)))
        checkout.run("import", "--configfile", "part.yaml", timeout=1000)
        checkout.make_artefacts("part.yaml")
        again = checkout.run("--configfile", "part.yaml")
        assert "Nothing to be done" in again and "Complete: all" in again, again
        planned = {Path(path).name.split(".")[0] for path in checkout.planned() if "/figures/" in path}
        assert planned > FIGURES
        checkout.run(*TARGETS, timeout=1000)
        yield checkout
    finally:
        for process in checkout.processes():
            process.kill()


def table(checkout: Checkout, name: str) -> pd.DataFrame:
    return pd.read_parquet(checkout.results / "current/tables" / f"{name}.parquet")


def test_every_figure_is_there(imported: Checkout) -> None:
    assert {path.stem for path in (imported.results / "current/figures").glob("*.png")} == FIGURES


def test_cells_say_that_they_were_imported(imported: Checkout) -> None:
    path = imported.results / "current/responses/gemini/gaston/bfi/persona-directed-fixed.parquet"
    assert pq.read_table(path)["status"].to_pylist().count("blocked") == 1
    described = read_description(path)
    assert described["spec"]["model"]["engine"] == "released" and ODD in described["origin"]["files"]


def test_errors_are_told_and_stop_nothing(imported: Checkout) -> None:
    files = table(imported, "released-files")
    assert set(files[files.outcome == "error"].file) == {BROKEN, CUT}
    logs = "\n".join(path.read_text() for path in imported.results.glob("runs/*/logs/import_*.log"))
    assert f"{CUT}: line" in logs and "not valid CSV" in logs
    refusals = table(imported, "ratings-gemma--xstest")
    lost = refusals[(refusals.status == "not_imported") & (refusals.judge == "selene")]
    assert len(lost) == 4 and lost.value.isna().all() and set(lost.checkpoint) == {6}


def test_ratings_are_what_the_judge_wrote(imported: Checkout) -> None:
    """Win of the model: at even places B, at odd ones A; counted again here from the released file."""
    world = small()
    ratings = table(imported, "ratings-nemotron--general")
    of = ratings[(ratings.persona == "hal-9000") & (ratings.condition == "goal-oriented") & (ratings.checkpoint == 3)]
    wins = of[(of.metric == "win") & (of.reference == "previous")].sort_values("item_id")
    name = "inst-instruction_general_HAL_9000_3.json_previous_reference.csv"
    folder = f"metrics/instruction_general/{SELENE}/Llama-3_3-Nemotron-Super-49B-v1"
    text = (imported.folder / "release" / folder / name).read_text(encoding="utf-8")
    letters = [line.removeprefix("**Result:** ")[0] for line in text.splitlines() if line.startswith("**Result:**")]
    expected = sorted(float((letter == "B") == (place % 2 == 0)) for place, letter in enumerate(letters))
    assert len(letters) == len(world.general["HAL 9000"]) and sorted(wins.value) == expected


def test_a_second_run_does_nothing(imported: Checkout) -> None:
    assert "Nothing to be done" in imported.run(*TARGETS)
    assert (imported.results / "released/hashes.json").is_file()


def test_it_comes_out_as_it_went_in(imported: Checkout, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from personas.cli.main import main; main()",
        "export",
        "--to",
        "release",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, cwd=imported.folder, env=imported.environment(), capture_output=True, text=True)
    assert done.returncode == 0 and "files written in the layout of the release" in done.stdout, done.stderr
    expected = spoken_and_judged(imported.folder / "release", but=(BROKEN, CUT))
    assert spoken_and_judged(tmp_path / "out") == expected
    accuracies = json.loads((tmp_path / "out/results/ifbench_results.json").read_text(encoding="utf-8"))
    assert {len(of) for of in accuracies.values()} == {4 * 2 * 3} and len(accuracies) == 3
    assert list((tmp_path / "out/results/premise").glob("premise_gemma-3-4b-it_bfi_*.csv"))


def test_one_changed_file_makes_one_cell_again(imported: Checkout) -> None:
    """Last, because it changes what the others look at."""
    path = imported.folder / f"release/metrics/bfi/{SELENE}/gemma-3-4b-it/bfi_Gaston_3.json.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("**Result:** ", "**Result:**  "), encoding="utf-8")
    planned = {file for file in imported.planned() if not file.startswith(("results/tables", "results/figures"))}
    cells = {file for file in planned if file.startswith(("results/dialogues", "results/responses", "results/judge"))}
    assert len(cells) == 1 and "judgements/selene/gemma/gaston/bfi/persona-directed-fixed" in cells.pop()
