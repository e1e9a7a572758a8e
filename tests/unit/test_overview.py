"""The first figure: two sides, panels only for what was measured, one sentence that is true."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.figures.summaries.finding import finding
from personas.figures.summaries.overview import COSTS, HOLDS, draw
from personas.tables.by_model import BY_MODEL_DTYPES
from personas.tables.series.overall import OVERALL_DTYPES

MEASURES = pd.DataFrame(
    [
        {"measure": "style-by-j", "title": "Style", "unit": "rating (1 to 5)", "scale": "rating", "judge": "j"},
        {"measure": "loose", "title": "Accuracy", "unit": "accuracy (%)", "scale": "share", "judge": "rules"},
        {"measure": "empty", "title": "Nothing", "unit": "accuracy (%)", "scale": "share", "judge": "rules"},
    ]
).assign(benchmark=pd.Series([None, "ifbench", "ifbench"], dtype="object"), better="higher")


def told(name: str) -> dict[str, Any]:
    row: dict[str, Any] = MEASURES.rename(columns=str).set_index("measure").loc[name].to_dict()  # type: ignore
    return {"measure": name, **row, "metric": name, "axis": "checkpoint"}


def series(measures: list[str], empty: bool = False) -> pd.DataFrame:
    rows = [
        {
            **{"measure": name, "condition": condition, "group": group, "axis": "checkpoint", "position": at},
            **{"mean": np.nan if empty or name == "empty" else value, "low": np.nan, "high": np.nan, "over": ""},
            **{"n_cells": 4, "n_scored": 8, "n_planned": 8},
        }
        for name in measures
        for condition in ("persona-directed", "goal-oriented")
        for group in ("persona", "baseline")
        for at, value in ((0, 0.5), (2, 0.4))
    ]
    return pd.DataFrame(rows).astype(OVERALL_DTYPES)


def bars(q: float, mean: float = -0.3) -> pd.DataFrame:
    row = {"measure": "style-by-j", "contrast": "length", "condition": "goal-oriented", "mean": mean, "q": q, "p": q}
    row |= {"low": -0.5, "high": -0.1, "over": "personas", "headline": True}
    filled = {name: row.get(name, 0 if kind == "int64" else None) for name, kind in BY_MODEL_DTYPES.items()}
    return pd.DataFrame([filled]).astype({**BY_MODEL_DTYPES})


def words(drawn: Any) -> list[str]:
    axes = [text.get_text() for one in drawn.axes for text in (one.title, one._left_title, *one.texts)]
    return [*axes, *(text.get_text() for text in drawn.texts)]


def drawn_with(table: pd.DataFrame, q: float = 0.01) -> Any:
    sides: dict[str, Any] = {"holds": [told("style-by-j")], "costs": [told("loose"), told("empty")]}
    return draw(table, bars(q), MEASURES, **sides, note="A note.")


def test_two_sides_with_panels_for_what_has_values() -> None:
    said = words(drawn_with(series(["style-by-j", "loose", "empty"])))
    assert {HOLDS, COSTS, "Style, by j\u00a0↑", "Accuracy\u00a0↑"} <= set(said)
    assert not any("Nothing" in text for text in said), "no panel says no data"
    assert any("1 of 1 claim" in text and "A note." in text for text in said)


def test_one_side_alone_and_none() -> None:
    said = words(drawn_with(series(["loose"])))
    assert COSTS in said and HOLDS not in said
    assert "no data" in words(drawn_with(series(["loose"], empty=True)))


@pytest.mark.parametrize(
    ("q", "sentence"),
    [
        (
            0.01,
            "1 of 1 claim about change over the dialogue holds (q < 0.05); most clearly Style (j) in goal-oriented",
        ),
        (0.2, "No change over the dialogue is distinguishable from none (1 claim, q < 0.05)."),
        (np.nan, "Too few personas and items were asked to tell of any change over the dialogue."),
    ],
)
def test_the_sentence_follows_from_the_numbers(q: float, sentence: str) -> None:
    assert str(finding(bars(q), MEASURES)).startswith(sentence)


def test_without_claims_nothing_is_said() -> None:
    assert finding(bars(0.01).assign(headline=False), MEASURES) is None
