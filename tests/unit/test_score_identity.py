"""What scores depend on besides cells: labels, weighting, verifiers and their data. Tables move, cells never do."""

import re
from pathlib import Path
from typing import Any

import pytest

from personas.benchmarks import verifiers
from personas.workflow.artefacts import downstream
from tests.helpers import Project


def targets(project: Project) -> set[str]:
    return set(project.plan_report().plan.targets)


def renamed(before: set[str], after: set[str]) -> set[str]:
    """Return the plain names of what has another digest."""
    return {re.sub(r"\.[0-9a-f]{16}\.", ".", path) for path in before ^ after}


@pytest.fixture
def labelled(judged: Project) -> Project:
    return judged.set({"benchmarks/bfi/labels": "items/labels.json"})


def standing_on(project: Project, *roots: str) -> set[str]:
    """Return the plain names of tables and of all that is made from them, directly or not."""
    artefacts = downstream(project.grid())
    moved = {path for made in artefacts for path in made.outputs if made.plain_outputs[0] in roots}
    names = {path for made in artefacts for path in made.plain_outputs if made.plain_outputs[0] in roots}
    for made in artefacts:  # in the order in which they follow from each other
        if moved & set(made.inputs):
            moved |= set(made.outputs)
            names |= set(made.plain_outputs)
    return names


DISTANCES, MEASURES = "tables/bfi-distances-by-j.parquet", "tables/measures.parquet"


@pytest.mark.parametrize(
    ("edit", "roots"),
    [
        pytest.param(lambda p: p.set({"benchmarks/bfi/label_set": "pdb"}), (DISTANCES, MEASURES), id="another set"),
        pytest.param(lambda p: p.edit_json("items/labels.json", lose_a_point), (DISTANCES,), id="another score"),
        pytest.param(lambda p: p.set({"benchmarks/bfi/labels": None}), (DISTANCES, MEASURES), id="none"),
    ],
)
def test_labels_move_distances_and_what_stands_on_them(labelled: Project, edit: Any, roots: tuple[str, ...]) -> None:
    before, expected = targets(labelled), standing_on(labelled, *roots)
    moved = renamed(before, targets(edit(labelled)))
    assert moved == expected and not [path for path in moved if path.startswith(("tables/ratings", "patterns/"))]


def lose_a_point(labels: Any) -> None:
    labels["annotation"]["Maren Holt-en"]["BFI"]["Openness"]["score"] -= 1


def test_the_weighting_moves_distances_and_what_stands_on_them(labelled: Project) -> None:
    before, expected = targets(labelled), standing_on(labelled, DISTANCES)
    assert renamed(before, targets(labelled.set({"benchmarks/bfi/weighting": "items"}))) == expected


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
