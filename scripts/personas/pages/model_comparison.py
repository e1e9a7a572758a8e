"""All models side by side on one sheet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.pages.cards import READING, format_value, measure_title, verdict, with_interval
from personas.pages.html import render
from personas.pages.page import page
from personas.plan.declaration import Context, Instance

_LAST = "Last value, in brackets its interval; below, the change since the first and what is claimed of it. "


def compared_page(cards: pd.DataFrame, *, note: str | None) -> str:
    """Return the page that puts all models side by side: the last value, its change, and whether a drop lasts."""
    models = list(dict.fromkeys(cards["model"]))
    sections = list(_sections(cards, models))
    return render(
        "models.html", "Models side by side", note, models=models, sections=sections, reading=_LAST + READING
    )


def _sections(cards: pd.DataFrame, models: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    rows = cards[cards["title"].notna()]
    conditions = rows.dropna(subset=["condition"]).groupby("measure", sort=False)["condition"].unique()
    by_place = {(row["model"], row["measure"], row["condition"]): row for row in rows.to_dict("records")}
    for section in dict.fromkeys(cards["section"]):
        part = rows[rows["section"] == section].drop_duplicates("measure").to_dict("records")
        lines = [
            {
                "measure": measure_title(first),
                "condition": condition,
                "cells": [_cell(by_place.get((model, first["measure"], condition))) for model in models],
            }
            for first in part
            for condition in conditions.get(first["measure"], [])
        ]
        yield {"name": section, "gap": not part, "lines": lines}


def _cell(row: Mapping[Any, Any] | None) -> Mapping[str, Any] | None:
    """Return what a cell says; None for what is not measured."""
    if row is None or row["verdict"] == "not-measured":
        return None
    change = format_value(row["change"], row["scale"], sign=True)
    verdict_text = verdict(row).replace("checkpoint ", "").replace("round ", "")  # the measure says which of the two
    counts = f"; {row['n_scored']:,} of {row['n_planned']:,} scored" if row["n_scored"] < row["n_planned"] else ""
    return {
        "drops": row["verdict"] == "drops",
        "last": with_interval(row, "last"),
        "below": f"{change}; {verdict_text}{counts}",
    }


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("models", {"cards": context.outputs("model_cards")}, title="All models side by side")


MODELS_PAGE = page(
    "models_page",
    compared_page,
    _instances,
    module=__name__,
    caption="All models side by side: what held over the dialogue, what did not, and from where on.",
)
