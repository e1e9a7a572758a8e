"""The tables of a release beside what we compute from the same texts: from files to the table and its figure."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from personas.config.personas import BASELINE
from personas.exports.release.exporter.tables import ifbench_results
from personas.plan.frozen import FrozenPlan, Run, freeze, read, write
from personas.tables.comparison import released_numbers
from personas.workflow.artefacts import downstream
from tests.helpers import make as make_one
from tests.helpers import make_plan
from tests.released.conftest import Small, make_small
from tests.released.maker import Maker


def frozen_plan(small: Small) -> FrozenPlan:
    plan = make_plan(small.grid(), frozenset())
    return read(write(freeze(plan, Run("run-1", "host", 1, 0.0), small.results)))


def make(frozen: FrozenPlan, plain: str) -> Path:
    """Make an artefact that is not there, and before it those that it is made of."""
    artefact = next(a for a in frozen.artefacts if plain in a.plain_outputs)
    path = frozen.results / artefact.outputs[artefact.plain_outputs.index(plain)]
    if not path.exists():
        by_output = {output: a for a in frozen.artefacts for output in a.outputs}
        for before in (by_output[name] for name in artefact.inputs if name in by_output):
            make(frozen, before.plain_outputs[0])
        make_one(frozen, artefact)
    return path


def compared(small: Small) -> pd.DataFrame:
    return pd.read_parquet(make(frozen_plan(small), "tables/comparison-own.parquet"))


@pytest.fixture(scope="module")
def compared_release(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """One model of the release with what its own tables tell of, imported and compared; nobody edits it."""
    made = make_small(tmp_path_factory.mktemp("compared"))
    made.configure(
        models__nemotron=None,
        models__gemini=None,
        benchmarks__xstest=None,
        benchmarks__general=None,
        **{"benchmarks__role-specific": None, "judges__flow-judge": None, "comparison": {"own": {"released": True}}},
        patterns__as_published=True,
    )
    made.import_all()
    compared(made)
    return made


@pytest.fixture
def release(compared_release: Small, tmp_path: Path) -> Small:
    """A copy of it to edit."""
    folder = shutil.copytree(compared_release.folder, tmp_path / "compared", symlinks=True)
    return replace(compared_release, folder=folder, maker=Maker(compared_release.world, folder / "release"))


def write_accuracies(release: Small) -> dict[str, dict[str, float]]:
    """Let the release hold the accuracies that its texts have, as our export writes them."""
    frozen = frozen_plan(release)
    rated = [a for a in frozen.artefacts if a.declared_family == "ratings"]
    for artefact in rated:
        make(frozen, artefact.plain_outputs[0])
    content = ifbench_results(frozen.study, frozen.results, rated)
    assert content is not None
    (release.release / "results/ifbench_results.json").write_bytes(content)
    found: dict[str, dict[str, float]] = json.loads(content)
    return found


def test_baseline_is_called_the_same() -> None:
    assert released_numbers.BASELINE == BASELINE


def test_accuracies_of_the_same_texts_are_equal_and_a_wrong_one_is_found(release: Small) -> None:
    accuracies = write_accuracies(release)
    accuracies["gemma-3-4b-it"]["ifbench_Gaston_3"] += 1 / 3
    (release.release / "results/ifbench_results.json").write_text(json.dumps(accuracies), encoding="utf-8")
    table = compared(release)
    loose = table[table["measure"] == "ifbench-loose-by-rules"]
    assert len(loose) == 4 * 2 * 3, "speakers, conditions, checkpoints"
    wrong = loose[~loose["within_rounding"]]
    assert wrong[["personas", "condition", "position"]].to_numpy().tolist() == [["gaston", "persona-directed", 3]]
    assert wrong["difference"].tolist() == pytest.approx([-100 / 3])
    assert (table["measure"] == "ifbench-strict-by-rules").sum() == len(loose)


def test_profiles_stand_beside_the_means_of_released_ratings(release: Small) -> None:
    table = compared(release)
    profiles = table[table["source"] == "release: bfi-ratings"]
    ratings = pd.read_csv(release.release / "results/bfi_ratings.csv")
    of = ratings[(ratings["model"] == "gemma-3-4b-it") & (ratings["role"] == "inst-bfi_Gaston_3.json.csv")]
    questions = json.loads((release.folder / "study/bfi.json").read_text(encoding="utf-8"))["questions"]
    traits = of["idx"].map(lambda idx: questions[str(idx + 1)]["dimension"])
    expected = {str(trait): mean for trait, mean in of["rating"].groupby(traits).mean().items()}
    here = profiles[(profiles["personas"] == "gaston") & (profiles["condition"] == "goal-oriented")]
    theirs = here[here["position"] == 3].set_index("measure")["theirs"]
    assert theirs.to_dict() == {f"bfi-{trait.lower()}-by-selene": mean for trait, mean in expected.items()}
    assert profiles["ours"].notna().all()


def test_patterns_are_counted_on_both_sides_and_lengths_say_what_is_missing(release: Small) -> None:
    table = compared(release)
    patterns = table[(table["source"] == "release: patterns") & (table["measure"] == "bfi")]
    here = patterns[(patterns["personas"] == "gaston") & (patterns["position"] == 0)].set_index("group")
    assert here["theirs"].to_dict() == {"baseline": 1.0, "persona": 2.0}
    assert here["ours"].notna().all()
    lengths = table[table["source"] == "release: round-lengths"]
    assert len(lengths) == 4 * 7 * 2
    later = lengths["position"] > 0  # before the first round there is nothing to count
    assert lengths[later]["reason"].notna().all() and lengths[later]["ours"].isna().all()
    assert (lengths[~later][["ours", "theirs"]] == 0).all(axis=None)


def test_the_figure_is_drawn(release: Small) -> None:
    frozen = frozen_plan(release)
    assert make(frozen, "figures/comparison-own.png").stat().st_size > 10_000


def test_what_the_release_holds_is_in_the_name(release: Small) -> None:
    def name() -> str:
        return next(a for a in downstream(release.grid()) if "tables/comparison-own.csv" in a.plain_outputs).outputs[
            0
        ]

    before = name()
    assert name() == before
    path = release.release / "results/round_lengths.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",500,", ",501,"), encoding="utf-8")
    assert name() != before
