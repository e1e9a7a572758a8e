"""BFI: profiles, their distance from labels and from the baseline; and the study's worked values."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from personas.benchmarks.bfi import FROM_BASELINE, FROM_LABELS, TRAITS
from personas.benchmarks.labels import read_labels
from personas.benchmarks.panel import Panel
from personas.core.errors import UserError
from personas.stats.panels import measured_panels
from personas.tables.series.by_checkpoint import series_by_checkpoint
from personas.tables.series.distances import distance, distances, profiles
from tests.external import ORIGINAL, needs_original
from tests.helpers import DEMO

# The study's released first page of ratings (Nemotron-8B), in the order E, A, C, N, O.
LESTAT = (3.625, 10 / 3, 32 / 9, 3.25, 4.2)
HAL = (2.0, 23 / 9, 3.0, 1.5, 2.5)
ITEMS = {"Extraversion": 8, "Agreeableness": 9, "Conscientiousness": 9, "Neuroticism": 8, "Openness": 10}
LESTAT_LABELS = {
    "annotation": (13 / 3, 2.0, 3.0, 4.0, 11 / 3),
    "pdb": (5.0, 1.0, 1.0, 3.88, 1.64),
}
"""The labels of Lestat in order E, A, C, N, O, as the study's notes give them (in order A, C, E, N, O)."""


def distance_panels(judge: str, labels: str | None) -> list[Panel]:
    return [panel for panel in measured_panels("bfi", "bfi", judge, labels=labels) if panel.figure == "distance"]


def rated(
    persona: str, profile: tuple[float, ...], n: dict[str, int] = ITEMS, **changes: Any
) -> list[dict[str, Any]]:
    """Ratings of one cell: as many a trait as it has items, each the mean of the trait."""
    row = {
        "model": "m",
        "persona": persona,
        "is_baseline": persona == "baseline",
        "reference_persona": None,
        "condition": "goal-oriented",
        "order": "fixed",
        "replicate": 1,
        "checkpoint": 11,
        "benchmark": "bfi",
        "metric": "trait",
        "judge": "selene",
        "reference": None,
        "status": "ok",
    } | changes
    return [
        {**row, "label": trait, "item_id": f"{trait}-{item}", "value": value}
        for trait, value in zip(TRAITS, profile, strict=True)
        for item in range(n[trait])
    ]


def value_of(rows: pd.DataFrame, metric: str, persona: str, against: str | None = None) -> float:
    chosen = rows[(rows["metric"] == metric) & (rows["persona"] == persona)]
    chosen = chosen[chosen["reference_persona"] == against] if against else chosen
    assert len(chosen) == 1
    return float(chosen["value"].iloc[0])


@pytest.mark.parametrize(("labels", "expected"), [("annotation", 0.194028), ("pdb", 0.472694)])
def test_the_study_s_worked_example_against_labels(labels: str, expected: float) -> None:
    table = pd.DataFrame(rated("lestat", LESTAT))
    said = {"lestat": dict(zip(TRAITS, LESTAT_LABELS[labels], strict=True))}
    assert value_of(distances(table, said, "traits"), FROM_LABELS, "lestat") == pytest.approx(expected, abs=5e-7)


@needs_original
@pytest.mark.parametrize(("labels", "expected"), [("annotation", 0.194028), ("pdb", 0.472694)])
def test_the_worked_example_against_the_labels_themselves(labels: str, expected: float) -> None:
    role = "Lestat de Lioncourt"
    said = read_labels(ORIGINAL / "characters_labels.json", labels, [role])[role]
    assert distance(LESTAT, [said[trait] for trait in TRAITS]) == pytest.approx(expected, abs=5e-7)


@needs_original
def test_half_of_the_study_s_personas_have_labels() -> None:
    roles = ["Gaston", "Michael Scott", "Blair Waldorf", "Lestat de Lioncourt", "Queen Catherine", "HAL 9000"]
    for labels in ("annotation", "pdb"):
        assert list(read_labels(ORIGINAL / "characters_labels.json", labels, roles)) == roles[:4]


@pytest.mark.parametrize(("weighting", "expected"), [("traits", 0.320417), ("items", 0.318182)])
def test_the_two_weightings_of_the_worked_example(weighting: str, expected: float) -> None:
    table = pd.DataFrame(rated("lestat", LESTAT) + rated("baseline", HAL))
    found = value_of(distances(table, {}, weighting), FROM_BASELINE, "lestat")
    assert found == pytest.approx(expected, abs=5e-7)


def test_a_persona_is_compared_with_the_baseline_in_its_own_place() -> None:
    """Where the baseline answers the turns of each persona's user, it has a profile for each."""
    places = rated("baseline", HAL, reference_persona="lestat") + rated("baseline", LESTAT, reference_persona="hal")
    rows = distances(pd.DataFrame(rated("lestat", LESTAT) + rated("hal", HAL) + places), {}, "traits")
    assert value_of(rows, FROM_BASELINE, "lestat") == pytest.approx(0.320417, abs=5e-7)
    assert value_of(rows, FROM_BASELINE, "hal") == pytest.approx(0.320417, abs=5e-7)


def test_a_profile_is_a_plain_mean_without_reverse_coding() -> None:
    rows = rated("p", (1.0, 2.0, 3.0, 4.0, 5.0), dict.fromkeys(TRAITS, 2))
    rows[0]["value"], rows[1]["value"] = 1.0, 4.0
    assert profiles(pd.DataFrame(rows))[list(TRAITS)].to_numpy().tolist()[0] == [2.5, 2.0, 3.0, 4.0, 5.0]


def test_the_baseline_is_compared_with_each_labelled_persona_and_others_with_none() -> None:
    table = pd.DataFrame(rated("a", LESTAT) + rated("b", HAL) + rated("baseline", HAL))
    flat = dict.fromkeys(TRAITS, 3.0)
    rows = distances(table, {"a": flat, "c": flat}, "traits")
    labelled = rows[rows["metric"] == FROM_LABELS]
    assert sorted(zip(labelled["persona"], labelled["reference_persona"].fillna("-"), strict=True)) == [
        ("a", "-"),
        ("baseline", "a"),
        ("baseline", "c"),
    ]
    assert value_of(rows, FROM_BASELINE, "b") == 0.0


@pytest.mark.parametrize("place", ["condition", "order", "checkpoint", "model", "replicate", "judge"])
def test_a_persona_is_compared_with_the_baseline_of_the_same_place_only(place: str) -> None:
    elsewhere: Any = {"checkpoint": 0, "replicate": 2}.get(place, "other")
    table = pd.DataFrame(rated("a", LESTAT) + [row | {place: elsewhere} for row in rated("baseline", HAL)])
    assert distances(table, {}, "traits").empty


def test_a_trait_without_a_verdict_is_no_zero() -> None:
    rows = rated("a", LESTAT)
    for row in rows:
        if row["label"] == "Openness":
            row |= {"value": None, "status": "judge_unparsed"}
    found = distances(pd.DataFrame(rows + rated("baseline", HAL)), {"a": dict.fromkeys(TRAITS, 3.0)}, "items")
    assert found.loc[found["persona"] == "a", "value"].isna().all()
    assert set(found.loc[found["persona"] == "a", "status"]) == {"incomplete"}


def test_series_of_distances_average_over_models_and_personas() -> None:
    table = pd.DataFrame(rated("a", LESTAT) + rated("b", HAL) + rated("baseline", HAL))
    panels = distance_panels("selene", "annotation")
    series = series_by_checkpoint(distances(table, {"a": dict.fromkeys(TRAITS, 3.0)}, "traits"), panels)
    row = series[series["panel"] == "bfi-distance-from-baseline-by-selene"].iloc[0]
    assert row["n_cells"] == 2 and row["mean"] == pytest.approx(0.320417 / 2, abs=5e-7)
    groups = series.loc[series["panel"] == "bfi-distance-from-labels-by-selene", "group"]
    assert list(groups) == ["baseline", "persona"]


def test_without_labels_there_is_one_panel() -> None:
    assert [p.metric for p in distance_panels("j", None)] == [FROM_BASELINE]


def test_a_distance_lies_between_0_and_1() -> None:
    assert distance([1] * 5, [5] * 5) == 1.0 and distance(HAL, HAL) == 0.0
    assert math.isnan(distance([math.nan, *HAL[1:]], HAL))


def test_labels_of_the_demo() -> None:
    found = read_labels(DEMO / "labels.json", "annotation", ["Maren Holt", "Nobody"])
    assert list(found) == ["Maren Holt"] and list(found["Maren Holt"]) == list(TRAITS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"pdb": {}}', "field 'annotation' is no object"),
        ('{"annotation": {"A": {}}}', "annotation, A: field 'BFI' is missing"),
        ('{"annotation": {"A": {"BFI": {}}}}', "A, Extraversion: field 'score' is missing"),
        ('{"annotation": {"A": {"BFI": {"Extraversion": {"score": 6}}}}}', "field 'score' is 6, expected a number"),
    ],
)
def test_wrong_labels(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_labels(tmp_path / "labels.json", "annotation", ["A"])
