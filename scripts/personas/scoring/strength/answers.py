"""The answers of one model to all items, as texts, and which cells they stand in."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.config.personas import BASELINE
from personas.core.parquet import read_frame
from personas.engines.request import WITH_TEXT
from personas.grid.grid import Grid
from personas.plan.declaration import Instance
from personas.prompts.scoring_recipe import SCORING_RECIPE_VERSION
from personas.prompts.thinking import strip_thinking
from personas.requests.projection import read_description

PLACE = ["group", "persona", "condition", "order", "replicate", "benchmark", "item_id", "checkpoint"]
"""Columns that say where an answer stands; `group` is persona or baseline."""


def read_answers(paths: Sequence[Path]) -> pd.DataFrame:
    """Return a row for each answer that was asked for: `PLACE`, and `text`.

    `persona` is, for the baseline, the persona whose items it answered, and null where its answers belong to nobody.
    `text` is null where there is none, or nothing but thinking.
    """
    return pd.concat([_answers(path) for path in paths], ignore_index=True)


def _answers(path: Path) -> pd.DataFrame:
    description = read_description(path)
    track, is_baseline = description["track"], description["track"]["persona"] == BASELINE
    rows = read_frame(path, columns=["checkpoint", "item_id", "status", "answer"])
    with_text = rows["status"].isin(list(WITH_TEXT))
    texts = [strip_thinking(answer or "")[0] for answer in rows["answer"].where(with_text, "").fillna("")]
    return pd.DataFrame(
        {
            "group": "baseline" if is_baseline else "persona",
            "persona": pd.Series(description["as_persona"] if is_baseline else track["persona"], rows.index, "str"),
            **{name: track[name] for name in ("condition", "order", "replicate")},
            "benchmark": description["benchmark"],
            "item_id": rows["item_id"],
            "checkpoint": rows["checkpoint"],
            "text": pd.Series([text or None for text in texts], rows.index, "str"),
        }
    )


def instances(grid: Grid, name: str) -> Iterator[Instance]:
    """Yield one file, or set of files, of each model, made of all its responses."""
    study = grid.study
    cells: dict[str, list[str]] = defaultdict(list)
    for cell in grid.cells:
        if cell.stage == "responses" and not cell.has_intervention:
            cells[cell.track.model].append(cell.path)
    for model, paths in cells.items():
        parameters: dict[str, Any] = {
            "model": model,
            "personas": list(study.personas),
            "first": study.config.checkpoints[0],
        }
        yield Instance(
            f"{name}-{model}",
            {"cells": paths},
            parameters,
            identity=SCORING_RECIPE_VERSION,
            family=f"strength_{model}",
        )
