"""Test and retest: how far a judge agrees with itself on the same answers, asked again with another seed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.stats.raters import agree
from personas.tables.judges.twice import pairs_of, values_of
from personas.tables.latex import Column
from personas.tables.table import Layout, bootstrap, table, texts

RETEST_DTYPES = {
    "judge": "str",
    "metric": "str",
    "n": "int64",
    "n_missing": "int64",
    "agreement": "float64",
    "agreement_low": "float64",
    "agreement_high": "float64",
    "kappa": "float64",
    "kappa_low": "float64",
    "kappa_high": "float64",
    "mean_difference": "float64",
    "mean_first": "float64",
    "mean_again": "float64",
}
_BOUNDS = ("", "_low", "_high")


def retest(cells: Sequence[Path], *, resamples: int, seed: int, frozen: FrozenPlan) -> pd.DataFrame:
    """Return a row for each judge and metric of which some answers were judged twice.

    `cells` are the second judgements and the first ones. `agreement` is the share of answers with the same value,
    `kappa` that beyond chance (quadratic weights where there are more than two values), each with the percentile
    interval of a bootstrap over cells; `mean_difference` the mean absolute difference. `n` answers have both values,
    `n_missing` lack one. Columns and types: `RETEST_DTYPES`.
    """
    both = values_of(cells, frozen)
    rows = [_row(part, resamples, seed) for _, part in both.groupby(["judge", "metric"], sort=True)]
    return pd.DataFrame(rows, columns=list(RETEST_DTYPES)).astype(RETEST_DTYPES)


def _row(part: pd.DataFrame, resamples: int, seed: int) -> dict[str, Any]:
    pairs = part.dropna(subset=["value_first", "value_second"]).reset_index(drop=True)
    one, other = pairs["value_first"], pairs["value_second"]
    values = sorted({*one, *other})
    agreement = agree(one, other, pairs["cell"], values or [0.0, 1.0], resamples=resamples, seed=seed)
    kappa = agreement.quadratic if len(values) > 2 else agreement.kappa
    return {
        **{key: part[key].iat[0] for key in ("judge", "metric")},
        "n": len(pairs),
        "n_missing": len(part) - len(pairs),
        **{f"agreement{end}": value for end, value in zip(_BOUNDS, agreement.agreement, strict=True)},
        **{f"kappa{end}": value for end, value in zip(_BOUNDS, kappa, strict=True)},
        "mean_difference": float((one - other).abs().mean()) if len(pairs) else np.nan,
        "mean_first": float(one.mean()) if len(pairs) else np.nan,
        "mean_again": float(other.mean()) if len(pairs) else np.nan,
    }


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if cells := pairs_of(grid, ["again"]):
        yield Instance("retest", {"cells": cells}, bootstrap(grid), reads_texts=True)


RETEST = table(
    "retest",
    retest,
    _instances,
    module=__name__,
    title="Agreement of judges with themselves",
    from_files=True,
    with_plan=True,
    layout=Layout(
        (
            *texts("judge", "metric", "n", "n_missing"),
            Column("Agreement", "agreement", ("agreement_low", "agreement_high"), percent=True),
            Column("Kappa", "kappa", ("kappa_low", "kappa_high")),
            Column("Mean difference", "mean_difference"),
        ),
        "A judge asked again about the same answers, with another seed: share of equal verdicts in percent, and "
        "agreement beyond chance.",
        {"n": "answers judged twice"},
        "In brackets: 95 % interval of a bootstrap over cells.",
    ),
)
