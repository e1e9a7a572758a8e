"""The table of all that is measured of a persona without a judge: identification and distance of style."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.strength.draws import STRENGTH_DTYPES, rows_of
from personas.tables.strength.identification import identification
from personas.tables.strength.measures import strength_measures
from personas.tables.strength.style import style_distance
from personas.tables.table import bootstrap, table


def strength(
    scores: Sequence[Path], styles: Sequence[Path], *, personas: int, first: int, resamples: int, seed: int
) -> pd.DataFrame:
    """Return the rows of all models, from one file of each at a time; columns `STRENGTH_DTYPES`."""
    parts = [pd.DataFrame(columns=list(STRENGTH_DTYPES))]
    drawing = {"resamples": resamples, "seed": seed}
    for path in scores:
        of_model = read_frame(path)
        parts.append(rows_of(identification(of_model, personas, first, **drawing), of_model["model"].iloc[0]))
    for path in styles:
        of_model = read_frame(path)
        parts.append(rows_of(style_distance(of_model, first, **drawing), of_model["model"].iloc[0]))
    return pd.concat(parts, ignore_index=True).astype(STRENGTH_DTYPES)


def measures_without_judge(grid: Grid, context: Context) -> list[dict[str, Any]]:
    """Return the measures of the table, of a grid that has one."""
    personas = grid.study.config.personas
    return (
        list(strength_measures(len(grid.study.personas), personas.baseline))
        if context.one("persona_strength")
        else []
    )


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    files = {"scores": context.outputs("identification_scores"), "styles": context.outputs("styles")}
    parameters = {"personas": len(grid.study.personas), "first": grid.study.config.checkpoints[0]}
    if files["styles"]:
        yield Instance("strength", files, parameters | bootstrap(grid))


STRENGTH = table(
    "persona_strength",
    strength,
    _instances,
    module=__name__,
    title="Strength of the personas without a judge",
    from_files=True,
)
