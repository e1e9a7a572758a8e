"""Bars per model: ours, and the study's own numbers."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.stats.measures import of_panel, with_places
from personas.tables.by_model import BY_MODEL_DTYPES, by_model
from personas.tables.contrasts import contrasts
from personas.tables.mixed_models import mixed_models
from personas.tables.values import cell_values
from tests.panels import benchmark_panels
from tests.unit.test_contrasts import BETWEEN, only
from tests.valued import CONDITIONS, grid, table, value

# What the study published of IFBench (analyses.md 5.1): answers of 294 that follow their instructions, by persona.
PERSONAS = ("blair", "gaston", "hal", "juno", "lestat", "mary", "michael", "queen")
ITEMS = 294
COUNTS = {
    ("Gemma3-4B", CONDITIONS[0]): (
        (54, 45, 46, 47, 54, 50, 49, 44),
        (59, 66, 57, 62, 58, 58, 56, 60),
        (67, 56),
    ),
    ("Gemma3-4B", CONDITIONS[1]): (
        (54, 50, 50, 50, 52, 49, 50, 45),
        (43, 49, 55, 50, 48, 48, 46, 58),
        (64, 57),
    ),
    ("Nemotron-8B", CONDITIONS[0]): (
        (56, 57, 55, 61, 58, 62, 65, 65),
        (55, 55, 57, 58, 51, 57, 58, 52),
        (61, 54),
    ),
    ("Nemotron-8B", CONDITIONS[1]): (
        (55, 64, 55, 61, 57, 60, 67, 66),
        (54, 48, 55, 48, 55, 52, 54, 60),
        (62, 55),
    ),
}


def answers(right: int, **where: Any) -> list[dict[str, Any]]:
    placed = {
        "is_baseline": where["persona"] == "baseline",
        "reference_persona": None,
        "order": "fixed",
        "replicate": 1,
        "benchmark": "ifbench",
        "metric": "loose",
        "label": None,
        "judge": "rules",
        "reference": None,
    }
    return [{**placed, **where, "item_id": f"{n:03}", "value": float(n < right)} for n in range(ITEMS)]


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """The published counts as ratings of single answers, through the table of values."""
    ratings: list[dict[str, Any]] = []
    for (model, condition), (first, last, baseline) in COUNTS.items():
        for checkpoint, counts, base in zip((0, 102), (first, last), baseline, strict=True):
            where = {"model": model, "condition": condition, "checkpoint": checkpoint}
            for persona, right in zip((*PERSONAS, "baseline"), (*counts, base), strict=True):
                ratings += answers(right, persona=persona, **where)
    measures = with_places(map(of_panel, benchmark_panels("ifbench", "ifbench")))
    values = cell_values(pd.DataFrame(ratings), measures)
    return by_model(values, pd.DataFrame(), conditions=CONDITIONS, checkpoints=(0, 102), study=True)


@pytest.mark.parametrize(
    ("model", "condition", "sample", "bar"),
    [
        ("Gemma3-4B", CONDITIONS[0], 3.6990, (3.7015, 2.4235, 5.0595)),
        ("Gemma3-4B", CONDITIONS[1], -0.1276, (-0.1300, -1.6156, 1.4881)),
        ("Nemotron-8B", CONDITIONS[0], -1.5306, (-1.5292, -2.5510, -0.5527)),
        ("Nemotron-8B", CONDITIONS[1], -2.5085, (-2.5076, -3.8265, -1.1469)),
    ],
)
def test_the_published_bars_of_length(published, model, condition, sample, bar):
    row = only(published, contrast="length", model=model, condition=condition)
    assert 100 * row["mean"] == pytest.approx(sample, abs=5e-5)
    study = [100 * row[name] for name in ("study_mean", "study_low", "study_high")]
    assert study == pytest.approx(bar, abs=5.1e-5)
    assert (row["n_pairs"], row["n_missing"]) == (8, 0)


@pytest.mark.parametrize(("model", "sample"), [("Gemma3-4B", -5.5060), ("Nemotron-8B", -0.4252)])
def test_the_published_means_of_personalization(published, model, sample):
    row = only(published, contrast="personalization", model=model, condition=None)
    assert 100 * row["mean"] == pytest.approx(sample, abs=5e-5)
    assert row["n_pairs"] == 8, "the study counts both conditions of checkpoint 0: 16"


def made(rows: list[dict[str, Any]], **told: Any) -> pd.DataFrame:
    told = {"conditions": CONDITIONS, "checkpoints": (0, 1), **told}
    return by_model(table(rows), pd.DataFrame(), **told)


def test_length_is_last_minus_first_of_the_persona():
    rows = grid(
        lambda position, group: position + (group == "baseline"), position=(0, 2, 6), group=("persona", "baseline")
    )
    row = only(made(rows), contrast="length")
    assert (row["mean"], row["condition"], row["n_pairs"]) == (6.0, CONDITIONS[0], 1)
    assert np.isnan(row["low"]), "one persona shows no spread"


def test_conditions_share_checkpoint_0_and_it_is_left_out():
    values = {(0, 0): 9.0, (0, 1): 1.0, (2, 0): 3.0, (2, 1): 1.0, (4, 0): 5.0, (4, 1): 1.0}
    rows = [value(v, position=t, condition=CONDITIONS[c]) for (t, c), v in values.items()]
    row = only(made(rows, study=True), contrast=BETWEEN)
    assert row["mean"] == 3.0
    assert row["study_mean"] == pytest.approx(np.mean([8, 2, 4]), abs=0.1), "the study pools it"


def test_rounds_have_no_checkpoint_0():
    rows = [value(c + t, axis="round", position=t, condition=CONDITIONS[c]) for t in (1, 2) for c in (0, 1)]
    found = made([*rows, value(0.5, axis="round", position=1, group="baseline")])
    assert only(found, contrast=BETWEEN)["mean"] == -1.0
    assert set(found["contrast"]) == {"length", BETWEEN}


def test_a_persona_counts_once_however_many_positions_it_has():
    rows = [value(1.0, persona="a", position=t) for t in (2, 4, 6)] + [value(0.0, persona="b", position=2)]
    other = [row | {"condition": CONDITIONS[1], "value": 0.0} for row in rows]
    row = only(made([*rows, *other]), contrast=BETWEEN)
    assert (row["mean"], row["n_pairs"]) == (0.5, 2)


def test_gaps_are_counted():
    rows = [
        value(n, persona=p, position=t) for p, t, n in (("a", 0, 0.0), ("a", 2, None), ("b", 0, 0.0), ("b", 2, 1.0))
    ]
    row = only(made(rows), contrast="length")
    assert (row["mean"], row["n_pairs"], row["n_missing"]) == (1.0, 1, 1)


def test_a_cell_with_unparsed_items_shows_in_every_table():
    rows = [
        row
        for persona in ("ann", "bob", "baseline")
        for checkpoint in (0, 2, 4)
        for row in answers(100, persona=persona, model="m", condition=CONDITIONS[0], checkpoint=checkpoint)
    ]
    unparsed = next(row for row in rows if row["persona"] == "ann" and row["checkpoint"] == 4)
    unparsed["value"] = None
    measured = with_places(map(of_panel, benchmark_panels("ifbench", "ifbench")))
    values = cell_values(pd.DataFrame(rows).astype({"value": "float64"}), measured)
    models = {"m": {"size": 1, "family": None}}
    tables = {
        "values": values,
        "contrasts": contrasts(values, pd.DataFrame(), CONDITIONS),
        "by-model": by_model(values, pd.DataFrame(), conditions=CONDITIONS, checkpoints=(0, 2, 4)),
        "mixed-models": mixed_models(values, None, models, study=False),
    }
    for name, made_table in tables.items():
        lacking = made_table["n_planned"] - made_table["n_scored"]
        assert lacking.max() == 1, name
        assert (lacking == 0).any(), name


def falling(n_models: int, measure: str = "m", fall: float = 1.0) -> list[dict[str, Any]]:
    drawing = np.random.default_rng(1)
    axes = {"model": [f"m{n}" for n in range(n_models)], "persona": [f"p{n}" for n in range(6)], "position": (0, 2)}
    return grid(lambda position, **_: -fall * (position > 0) + 0.1 * drawing.normal(), **axes, measure=[measure])


def test_all_models_together_have_a_bar_where_there_are_several():
    found = made(falling(3))
    assert found["model"].isna().sum() == 1 and only(found, model=None)["n_pairs"] == 18
    assert only(found, model=None)["over"] == "models, personas"
    assert set(found["model"].dropna()) == {"m0", "m1", "m2"} and made(falling(1))["model"].notna().all()


def test_claims_are_the_headline_measures_and_corrected_together():
    found = made([*falling(3), *falling(3, "n", 0.0)], headline=["m", "n"], correction="holm")
    claims = found[found["headline"]]
    assert len(claims) == 8 and (claims["q"] >= claims["p"]).all()
    assert (claims.loc[claims["measure"] == "m", "q"] < 0.05).all() and claims["q"].max() == 1.0
    alone = made([*falling(3), *falling(3, "n", 0.0)], headline=["m"])
    assert alone.loc[alone["measure"] == "n", "q"].isna().all(), "what is no claim is not corrected"
    assert not alone.loc[alone["measure"] == "n", "headline"].any()


def test_a_welcome_is_no_end_of_a_series_of_rounds():
    welcome = {1: 5.0, 2: 3.0, 3: 3.0, 4: 2.0, 5: 2.0}
    rows = [value(v, axis="round", position=t) for t, v in welcome.items()]
    assert only(made(rows, checkpoints=(0, 2, 4)), contrast="length")["mean"] == -1.0


def test_without_study_its_columns_are_gaps():
    found = made([value(0.0), value(1.0, position=2)])
    assert found[["study_mean", "study_low", "study_high"]].isna().all().all()
    assert found.dtypes.astype(str).to_dict() == BY_MODEL_DTYPES


def test_no_values_no_bars():
    assert made([]).dtypes.astype(str).to_dict() == BY_MODEL_DTYPES
