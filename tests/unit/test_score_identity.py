"""What scores depend on besides cells: labels, weighting, verifiers and their data. Tables move, cells never do."""

import re
from pathlib import Path
from typing import Any

import pytest

from scripts.benchmarks import verifiers
from tests.helpers import Project


def targets(project: Project) -> set[str]:
    return set(project.outlook().plan.targets)


def renamed(before: set[str], after: set[str]) -> set[str]:
    """Return the plain names of what has another digest."""
    return {re.sub(r"\.[0-9a-f]{16}\.", ".", path) for path in before ^ after}


@pytest.fixture
def labelled(judged: Project) -> Project:
    return judged.set({"benchmarks/bfi/labels": "items/labels.json"})


DISTANCES = {
    *(f"tables/bfi-distances-by-j.{suffix}" for suffix in ("csv", "parquet")),
    *(f"tables/bfi-distance-by-j-by-checkpoint.{suffix}" for suffix in ("csv", "parquet")),
    *(f"figures/bfi-distance-by-j.{suffix}" for suffix in ("pdf", "png")),
}


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda p: p.set({"benchmarks/bfi/label_set": "pdb"}), id="another set"),
        pytest.param(lambda p: p.edit_json("items/labels.json", lose_a_point), id="another score"),
        pytest.param(lambda p: p.set({"benchmarks/bfi/labels": None}), id="none"),
    ],
)
def test_labels_move_distances_only(labelled: Project, edit: Any) -> None:
    before = targets(labelled)
    assert renamed(before, targets(edit(labelled))) == DISTANCES


def lose_a_point(labels: Any) -> None:
    labels["annotation"]["Maren Holt-en"]["BFI"]["Openness"]["score"] -= 1


def test_the_weighting_moves_distances_only(labelled: Project) -> None:
    before = targets(labelled)
    assert renamed(before, targets(labelled.set({"benchmarks/bfi/weighting": "items"}))) == DISTANCES


def test_other_verifiers_rate_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = targets(project)
    monkeypatch.setattr(verifiers, "version", lambda: "if-verifiable 9 other")
    moved = renamed(before, targets(project))
    assert "tables/ratings-alpha--ifbench.parquet" in moved and "tables/ratings-alpha--xstest.parquet" not in moved
    assert not any(path.startswith(("dialogues", "responses")) for path in moved)


def test_other_nltk_data_rates_again(project: Project, tmp_path: Path) -> None:
    (tmp_path / "nltk").mkdir()
    before = targets(project.set({"benchmarks/ifbench/nltk": str(tmp_path / "nltk")}))
    (tmp_path / "nltk/stopwords").write_text("the")
    moved = renamed(before, targets(project))
    assert "tables/ratings-alpha--ifbench.parquet" in moved and not any("/bfi" in path for path in moved)
