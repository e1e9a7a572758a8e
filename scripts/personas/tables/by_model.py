"""Bars: what length, persona and condition change in each model."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Instance, Known
from personas.stats.bootstrap import bootstrap_mean, percentiles
from personas.stats.measures import CHECKPOINT
from personas.stats.pairs import DECIMALS, against_baseline, between_conditions, cell_means, since_first
from personas.tables.latex import Column
from personas.tables.measures import placeless_measures
from personas.tables.table import INTERVAL, Layout, bootstrap, table, texts

BY_MODEL_DTYPES = {
    "measure": "str",
    "contrast": "str",
    "model": "str",
    "condition": "str",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n_pairs": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
    "study_mean": "float64",
    "study_low": "float64",
    "study_high": "float64",
}
_BAR = ["measure", "contrast", "model", "condition"]
STUDY_SEED, STUDY_RESAMPLES = 42, 5000


def by_model(
    values: pd.DataFrame, conditions: Sequence[str], *, study: bool, resamples: int, seed: int
) -> pd.DataFrame:
    """Return one row for each bar: measure, contrast, model (and condition), in the measure's unit.

    `length`: a persona's last position minus its first, per condition. `personalization`: persona minus baseline at
    checkpoint 0, where conditions share the dialogue (there is none), so they are averaged. `condition:<a>-<b>`: of
    the persona, mean over all positions but checkpoint 0. `mean`, `low`, `high`: sample mean and percentile
    bootstrap over the model's personas, each one number; `n_pairs` counts them. `n_missing` counts differences that
    are planned and lack a side: of a persona, and for `condition` of a persona and position; `n_scored` and
    `n_planned` the items behind them all.

    With `study`, `study_mean`, `study_low` and `study_high` are the study's own bar (`study_bar`), else NaN: it
    pools every difference, checkpoint 0 too, and conditions. Columns and types: `BY_MODEL_DTYPES`, sorted by the
    first four.
    """
    cells = cell_means(values)
    rows = pd.concat(_differences(cells, conditions), ignore_index=True)
    bars = [_bar(bar, study, resamples, seed) for _, bar in rows.groupby(_BAR, dropna=False, sort=True)]
    table = pd.DataFrame(bars, columns=list(BY_MODEL_DTYPES)).astype(BY_MODEL_DTYPES)
    measured = ["mean", "low", "high", "study_mean", "study_low", "study_high"]
    return table.assign(**{name: table[name].round(DECIMALS) + 0.0 for name in measured})  # no -0.0


def _differences(cells: pd.DataFrame, conditions: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield the differences of personas with `contrast`, and `ours`: whether our bar takes them, too.

    In the order in which the study has them: conditions as in the config, positions ascending, personas by name.
    """
    personas = cells[cells["group"] == "persona"]
    later = since_first(personas)
    last = later["position"] == later.groupby("measure")["position"].transform("max")
    yield later[last].assign(contrast="length", ours=True)
    against = against_baseline(cells)
    begin = against[(against["position"] == 0) & (against["axis"] == CHECKPOINT)]
    order = pd.Categorical(begin["condition"], list(conditions))
    begin = begin.assign(order=order).sort_values(["order", "persona"])
    yield begin.assign(contrast="personalization", condition=None, ours=True)
    for part in between_conditions(personas, conditions):
        shared = (part["position"] == 0) & (part["axis"] == CHECKPOINT)
        yield part.assign(ours=~shared).sort_values(["position", "persona"])


def _bar(rows: pd.DataFrame, study: bool, resamples: int, seed: int) -> dict[str, object]:
    ours = rows[rows["ours"]]
    by_persona = ours.groupby("persona", sort=True)["value"].mean().dropna()
    mean, low, high, n = bootstrap_mean(by_persona, resamples=resamples, seed=seed)
    theirs = study_bar(rows["value"].dropna().to_numpy()) if study else (np.nan, np.nan, np.nan)
    return {
        **{key: rows.iloc[0][key] for key in _BAR},
        **{"mean": mean, "low": low, "high": high, "n_pairs": n, "n_missing": int(ours["value"].isna().sum())},
        **{name: int(ours[name].sum()) for name in ("n_scored", "n_planned")},
        **dict(zip(("study_mean", "study_low", "study_high"), theirs, strict=True)),
    }


def study_bar(values: np.ndarray) -> tuple[float, float, float]:
    """Return the study's bar of values in their order: the mean of the bootstrap means, and their 95 % interval.

    5,000 resamples drawn by `choice` of a generator that is seeded with 42 anew for every bar; NaN without values.
    The mean of the sample would be the better height, and the order of the values has an influence. Source: the
    study's notebook gen_graphics. Checked with NumPy 2.4.6; another one may draw otherwise.
    """
    if not len(values):
        return np.nan, np.nan, np.nan
    draws = np.random.default_rng(STUDY_SEED).choice(values, size=(STUDY_RESAMPLES, len(values)), replace=True)
    means = draws.mean(axis=1)
    return (float(means.mean()), *percentiles(means))


def _scaled(table: pd.DataFrame, *, scales: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with the scale of each measure."""
    return table.assign(scale=table["measure"].map(scales))


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    config = grid.study.config
    told = {"conditions": list(config.conditions), "study": config.statistics.study, **bootstrap(grid)}
    scales = {measure["measure"]: measure["scale"] for measure in placeless_measures(grid)}
    yield Instance("by-model", {"values": known.outputs("values")}, told, latex={"scales": scales})


BY_MODEL = table(
    "by_model",
    by_model,
    _instances,
    module=__name__,
    layout=Layout(
        (
            *texts("measure", "contrast", "model", "condition"),
            Column("Difference", "mean", ("low", "high"), percent=True),
            *texts("n_pairs", "n_missing", "n_scored", "n_planned"),
        ),
        "Differences by model; of shares in percentage points.",
        {"n_pairs": "personas"},
        INTERVAL,
        _scaled,
    ),
)
