"""Bars: what length, persona and condition change in each model and in all together, and which of it are claims."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.bootstrap import percentiles
from personas.stats.cells import matrix
from personas.stats.correction import adjust_p
from personas.stats.intervals import UNITS, Items, estimate
from personas.stats.measures import CHECKPOINT
from personas.stats.pairs import DECIMALS, against_baseline, between_conditions, cell_means, since_first
from personas.tables.items.variances import ALL, LATER, MODEL, OVER_BASELINE, PROGRESSION, Variances
from personas.tables.latex import Column
from personas.tables.measures import PATTERNS, headline_measures, placeless_measures
from personas.tables.series.models import segment_rounds, whole_segments, with_unjudged
from personas.tables.table import INTERVAL, Layout, generalisation, table, texts

LENGTH, PERSONALIZATION = "length", "personalization"
"""Values of `contrast` beside `condition:<a>-<b>`."""

BY_MODEL_DTYPES = {
    "measure": "str",
    "contrast": "str",
    "model": "str",
    "condition": "str",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "over": "str",
    "p": "float64",
    "headline": "bool",
    "q": "float64",
    "n_pairs": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
    "study_mean": "float64",
    "study_low": "float64",
    "study_high": "float64",
}
_BAR = ["measure", "contrast", "model", "condition"]
_PLACE = [key for key in _BAR if key != "model"]
STUDY_SEED, STUDY_RESAMPLES = 42, 5000


def by_model(
    values: pd.DataFrame,
    variances: pd.DataFrame,
    *,
    conditions: Sequence[str],
    checkpoints: Sequence[int],
    headline: Collection[str] = (),
    correction: str = "benjamini-hochberg",
    generalise: Collection[str] = UNITS,
    study: bool = False,
) -> pd.DataFrame:
    """Return one row for each bar: measure, contrast, model (and condition), in the measure's unit.

    `length`: a persona's last position minus its first, per condition; of ratings by round, the last segment of
    several rounds minus the first (`whole_segments`). `personalization`: persona minus baseline at checkpoint 0,
    where conditions share the dialogue (there is none), so they are averaged. `condition:<a>-<b>`: of the persona,
    mean over all positions but checkpoint 0. Each persona of a model counts as one number; where there are several
    models, rows without `model` are of all of them. `low`, `high` and `p` are over the units that `over` names
    (`personas.stats.intervals`); `variances` are `personas.tables.items.variances`.

    `headline`: a claim, of a measure that is named so. `q` is `p` corrected for all claims of the table
    (`personas.stats.correction`), NaN for what is none. `n_pairs` counts (model, persona) pairs, `n_missing`
    differences that are planned and lack a side: of a persona, and for `condition` of a persona and position;
    `n_scored` and `n_planned` the items behind them all.

    With `study`, `study_mean`, `study_low` and `study_high` are the study's own bar of a model (`study_bar`), else
    NaN: it pools every difference, checkpoint 0 too, and conditions. Columns and types: `BY_MODEL_DTYPES`, sorted by
    the first four.
    """
    cells, ends = cell_means(values), cell_means(whole_segments(segment_rounds(values, checkpoints)))
    rows, item_variances = pd.concat(differences(cells, ends, conditions), ignore_index=True), Variances(variances)
    bars = [_bar(bar, item_variances, generalise, study) for _, bar in rows.groupby(_BAR, dropna=False, sort=True)]
    if rows["model"].nunique() > 1:
        bars += [
            _bar(bar, item_variances, generalise, False) for _, bar in rows.groupby(_PLACE, dropna=False, sort=True)
        ]
    table = pd.DataFrame(bars, columns=list(BY_MODEL_DTYPES))
    table["headline"] = table["measure"].isin(headline)
    table["q"] = adjust_p(table["p"].where(table["headline"]).to_numpy("float64"), correction)
    numbers = ["mean", "low", "high", "study_mean", "study_low", "study_high"]
    table = table.astype(BY_MODEL_DTYPES).sort_values(_BAR, ignore_index=True, kind="stable")
    return table.assign(**{name: table[name].round(DECIMALS) + 0.0 for name in numbers})  # no -0.0


def differences(cells: pd.DataFrame, ends: pd.DataFrame, conditions: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield the differences of personas with `contrast`, and `ours`: whether our bar takes them, too.

    In the order in which the study has them: conditions as in the config, positions ascending, personas by name.
    """
    later = since_first(ends[ends["group"] == "persona"])
    last = later["position"] == later.groupby("measure")["position"].transform("max")
    yield later[last].assign(contrast=LENGTH, ours=True)
    against = against_baseline(cells)
    begin = against[(against["position"] == 0) & (against["axis"] == CHECKPOINT)]
    order = pd.Categorical(begin["condition"], list(conditions))
    begin = begin.assign(order=order).sort_values(["order", "persona"])
    yield begin.assign(contrast=PERSONALIZATION, condition=None, ours=True)
    for part in between_conditions(cells[cells["group"] == "persona"], conditions):
        shared = (part["position"] == 0) & (part["axis"] == CHECKPOINT)
        yield part.assign(ours=~shared).sort_values(["position", "persona"])


def _bar(
    rows: pd.DataFrame, item_variances: Variances, generalise: Collection[str], study: bool
) -> dict[str, object]:
    ours, first = rows[rows["ours"]], rows.iloc[0]
    model = first["model"] if rows["model"].nunique() == 1 else None
    by_pair = ours.groupby(["model", "persona"], sort=True)["value"].mean().reset_index(name="value")
    items = items_of(ours, item_variances, model) if len(ours) else None
    cells = matrix(by_pair.rename(columns={"persona": "unit"}))
    mean, low, high, p, over, n = estimate(cells, generalise=generalise, items=items)
    theirs = study_bar(rows["value"].dropna().to_numpy()) if study else (np.nan, np.nan, np.nan)
    return {
        **{key: first[key] for key in _PLACE},
        "model": model,
        **{"mean": mean, "low": low, "high": high, "over": over, "p": p},
        **{"n_pairs": n, "n_missing": int(ours["value"].isna().sum())},
        **{name: int(ours[name].sum()) for name in ("n_scored", "n_planned")},
        **dict(zip(("study_mean", "study_low", "study_high"), theirs, strict=True)),
    }


def items_of(ours: pd.DataFrame, item_variances: Variances, model: str | None) -> Items | None:
    """Return what items add to a bar; of conditions that are averaged, as if they were the same answers."""
    last, unit = ours.iloc[-1], (ALL, "") if model is None else (MODEL, model)
    if last["contrast"] == LENGTH:
        return item_variances.of({**last, "contrast": PROGRESSION}, *unit)
    if last["contrast"] == PERSONALIZATION:
        conditions = item_variances.conditions(last["measure"], OVER_BASELINE)
        each = [
            item_variances.of({**last, "contrast": OVER_BASELINE, "condition": name}, *unit) for name in conditions
        ]
        there = [items for items in each if items is not None]
        return max(there, key=lambda items: items.total) if there else None
    return item_variances.of({**last, "position": LATER}, *unit)


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


def _scale(table: pd.DataFrame, *, scales: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with the scale of each measure."""
    return table.assign(scale=table["measure"].map(scales))


def bars_of_models(
    values: pd.DataFrame, counts: pd.DataFrame, variances: pd.DataFrame, **options: Any
) -> pd.DataFrame:
    """Return `by_model` of values and patterns."""
    return by_model(with_unjudged(values, counts, pd.DataFrame()), variances, **options)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    config = grid.study.config
    parameters: dict[str, Any] = {
        "conditions": list(config.conditions),
        "checkpoints": list(config.checkpoints),
        "headline": headline_measures(grid),
        "correction": config.statistics.correction,
        "study": config.statistics.study,
        **generalisation(grid),
    }
    scales = {measure["measure"]: measure["scale"] for measure in placeless_measures(grid)}
    # Patterns are no claim unless named, and mining is to rename no more than it must.
    patterns = context.family("patterns") if PATTERNS in parameters["headline"] else ()
    counts = [artefact.outputs[1] for artefact in patterns]
    files = {"values": context.outputs("values"), "counts": counts, "variances": context.outputs("item_variances")}
    yield Instance("by-model", files, parameters, latex={"scales": scales})


BY_MODEL = table(
    "by_model",
    bars_of_models,
    _instances,
    module=__name__,
    title="Costs of length, persona and condition by model",
    layout=Layout(
        (
            *texts("measure", "contrast", "model", "condition"),
            Column("Difference", "mean", ("low", "high"), percent=True),
            Column("p", "p", decimals=3),
            Column("q", "q", decimals=3),
            *texts("over", "n_pairs", "n_missing", "n_scored", "n_planned"),
        ),
        "Differences by model (without a model: of all together); of shares in percentage points. Rows with q are "
        "claims, corrected together; all others are exploratory.",
        {"n_pairs": "pairs (model, persona)"},
        INTERVAL,
        _scale,
    ),
)
