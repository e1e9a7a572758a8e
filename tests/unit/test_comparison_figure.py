"""The figure of a comparison: what is inside, what is not, and what has no counterpart."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from personas.figures.comparison import draw
from personas.figures.drawing import style
from personas.tables.comparison.against import COMPARISON_DTYPES


def row(theirs: float, ours: float | None, half: float | None = 1.0, **more: Any) -> dict[str, Any]:
    """A number and its counterpart, whose interval is `half` to each side."""
    difference = None if ours is None else ours - theirs
    told: dict[str, Any] = {
        "theirs": theirs,
        "ours": ours,
        "difference": difference,
        "scope": "all",
        "unit": "percent",
    }
    told |= {"measure": "m", "models": "alpha", "group": "persona", "condition": "goal-oriented", "position": 0}
    if difference is not None and half is not None:
        told |= {"low": difference - half, "high": difference + half, "inside": abs(difference) <= half}
    return told | more


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    counts = {name: 0 for name, dtype in COMPARISON_DTYPES.items() if dtype == "int64"}
    return pd.DataFrame([counts | one for one in rows], columns=list(COMPARISON_DTYPES)).astype(COMPARISON_DTYPES)


def drawn(*rows: dict[str, Any], between: str = "published") -> Figure:
    return draw(table(*rows), between=between, note="N.")


def printed(figure: Figure) -> str:
    figure.draw_without_rendering()
    texts = [text.get_text() for axes in figure.axes for text in axes.texts] + [t.get_text() for t in figure.texts]
    around = [words for axes in figure.axes for words in (axes.get_title(loc="left"), axes.get_xlabel())]
    return " ".join(" ".join([*texts, *around]).split())


def points(figure: Figure) -> list[tuple[float, float]]:
    """Return theirs and ours as the first panel shows them; its first line is where both are equal."""
    ends = [np.asarray(line.get_xydata())[0] for line in figure.axes[0].lines[1:]]
    return [(float(x), float(y)) for x, y in ends]


def test_a_panel_says_how_many_are_inside_and_equal() -> None:
    words = printed(drawn(row(20, 20.4, within_rounding=True), row(20, 25, within_rounding=False), row(20, 21, None)))
    assert "1 of 2 inside the interval, 1 equal as printed" in words


def test_what_lies_outside_is_red_and_named_the_farthest_first() -> None:
    rows = [row(20, 20 + k, models=f"m{k}", position=11) for k in (0, 2, 3, 4, 5)]
    figure = drawn(*rows)
    red = [line for line in figure.axes[1].lines if to_hex(line.get_color()) == style.OUTSIDE.lower()]
    assert len(red) == 4
    words = printed(figure)
    assert "1: m, m5, persona, goal-oriented at 11 2: m, m4, persona, goal-oriented at 11 3: m, m3" in words
    assert "m2" not in words, "three are named"


def test_numbers_stand_where_they_are() -> None:
    assert points(drawn(row(20, 25))) == [(20, 25)]


def test_shares_are_percent_however_they_were_printed() -> None:
    figure = drawn(row(73.5, 147.0, unit="of 294"), row(0.25, 0.5, 0.1, unit="share"), row(25.0, 50.0))
    assert len(figure.axes) == 2, "one row of panels"
    assert points(figure) == [(25.0, 50.0)] * 3


def test_each_kind_of_number_has_its_row_of_panels() -> None:
    assert len(drawn(row(20, 21), row(1, 2, unit="points"), row(3, 3.5, unit="rating")).axes) == 6


def test_only_all_models_together_are_drawn() -> None:
    figure = drawn(row(20, 21), row(20, 29, scope="model"), between="results")
    assert "1 of 1 inside" in printed(figure)
    assert figure.axes[0].get_ylabel() == "this run"


@pytest.mark.parametrize(
    "rows", [[], [row(20, None, reason="not in this grid: model x")]], ids=["empty", "unmatched"]
)
def test_no_data(rows: list[dict[str, Any]]) -> None:
    words = printed(drawn(*rows))
    assert "no data" in words
    assert ("Not compared: not in this grid (1)." in words) == bool(rows)


def test_two_models_are_named_on_the_axes() -> None:
    axes = drawn(row(20, 21, models="one - two"), between="models").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("two, share (%)", "one")
