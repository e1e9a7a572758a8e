"""One card per model: what held over the dialogue, what did not, and from where on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Instance, Known
from personas.stats.bootstrap import RESAMPLES, SEED, bootstrap_mean
from personas.stats.lasting import Lasting, lasting_drop
from personas.tables.latex import Column
from personas.tables.measures import placeless_measures
from personas.tables.sections import patterns_measure, sections
from personas.tables.series.models import files_of_cards, segmented, with_unjudged
from personas.tables.strength.strength import measures_without_judge
from personas.tables.table import INTERVAL, Layout, bootstrap, table, texts

NOT_MEASURED, ONE_POSITION, NO_VALUE = "not-measured", "one-position", "no-value"
"""Values of `verdict` beside those of `personas.stats.lasting`."""

CARD_DTYPES = {
    "model": "str",
    "section": "str",
    "measure": "str",
    "title": "str",
    "judge": "str",
    "scale": "str",
    "condition": "str",
    "axis": "str",
    "first_position": "float64",
    "last_position": "float64",
    "first": "float64",
    "first_low": "float64",
    "first_high": "float64",
    "last": "float64",
    "last_low": "float64",
    "last_high": "float64",
    "change": "float64",
    "change_low": "float64",
    "change_high": "float64",
    "q": "float64",
    "direction": "str",
    "since": "float64",
    "verdict": "str",
    "baseline_first": "float64",
    "baseline_last": "float64",
    "n_personas": "int64",
    "n_missing": "int64",
    "n_scored": "int64",
    "n_planned": "int64",
}
_COUNTS = ["n_personas", "n_missing", "n_scored", "n_planned"]
Section = Mapping[str, Any]
"""`section`, its name, and `measures`, in the order in which they are printed."""


def model_cards(
    values: pd.DataFrame,
    sections: Sequence[Section],
    models: Sequence[str],
    checkpoints: Sequence[int],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return a row per model, section, measure and condition; columns `CARD_DTYPES`, in the order given.

    Of the model's personas (orders and replicates averaged, rounds in segments): the value at the first and the
    last position and the change between them, each a mean with a percentile bootstrap over personas. `direction` is
    what counts as a drop: "rises" for measures of which less is better, else "falls". `since` is the position from
    which on the drop is significant to the end (`personas.stats.lasting`; else NaN, and `verdict` says why), `q`
    the corrected p value at the last position. `n_personas` have both ends, `n_missing` lack one. The baseline's
    means stand beside. A section or a measure that the grid lacks for a model has one row,
    "not-measured"; "no-value": no persona has both ends.
    """
    rows = segmented(values, checkpoints)
    by_measure = dict(list(rows.groupby(["model", "measure"], sort=False)))
    table = [
        {"model": model, "section": section["section"], **row}
        for model in models
        for section in sections
        for row in _section(model, section["measures"], by_measure, resamples, seed)
    ]
    cards = pd.DataFrame(table, columns=list(CARD_DTYPES))
    return cards.assign(**{name: cards[name].fillna(0) for name in _COUNTS}).astype(CARD_DTYPES)


def _section(
    model: str, measures: Sequence[Mapping[str, Any]], found: Mapping[Any, pd.DataFrame], resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    if not measures:
        yield {"verdict": NOT_MEASURED}
    for measure in measures:
        told = {key: measure[key] for key in ("measure", "title", "judge", "scale", "axis")}
        told["direction"] = "rises" if measure["better"] == "lower" else "falls"
        rows = found.get((model, measure["measure"]))
        if rows is None:
            yield {**told, "verdict": NOT_MEASURED}
            continue
        for condition, part in rows.groupby("condition", sort=True):
            yield {**told, "condition": condition, **_row(part, told["direction"], resamples, seed)}


def _row(rows: pd.DataFrame, direction: str, resamples: int, seed: int) -> dict[str, Any]:
    own, baseline = (_by_position(rows[rows["group"] == group]) for group in ("persona", "baseline"))
    if own.empty:
        return {"verdict": NOT_MEASURED}
    first, last = int(own.columns[0]), int(own.columns[-1])
    both = own[[first, last]].dropna()
    summed = rows[(rows["group"] == "persona") & rows["position"].isin([first, last])]
    row = {
        "first_position": first,
        "last_position": last,
        **_interval("first", own[first], resamples, seed),
        **_interval("last", own[last], resamples, seed),
        "baseline_first": _mean_at(baseline, first),
        "baseline_last": _mean_at(baseline, last),
        "n_personas": len(both),
        "n_missing": len(own) - len(both),
        "n_scored": int(summed["n_scored"].sum()),
        "n_planned": int(summed["n_planned"].sum()),
    }
    if first == last or both.empty:
        return {**row, "verdict": ONE_POSITION if first == last else NO_VALUE}
    found: Lasting = lasting_drop(own, -1 if direction == "falls" else 1, seed=seed)
    change = _interval("change", both[last] - both[first], resamples, seed)
    return {**row, **change, "since": found.since, "verdict": found.verdict, "q": found.q}


def _by_position(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per persona, one column per position, ascending; orders and replicates averaged."""
    means = rows.assign(unit=rows["persona"].fillna("")).groupby(["unit", "position"], sort=True)["value"].mean()
    return means.unstack("position")


def _interval(name: str, values: pd.Series, resamples: int, seed: int) -> dict[str, float]:
    mean, low, high, _ = bootstrap_mean(values.dropna(), resamples=resamples, seed=seed)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def _mean_at(table: pd.DataFrame, position: int) -> float:
    return float(table[position].mean()) if position in table else np.nan


def cards_of_models(
    values: pd.DataFrame,
    counts: pd.DataFrame,
    strength: pd.DataFrame,
    *,
    sections: Sequence[Section],
    models: Sequence[str],
    checkpoints: Sequence[int],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Return `model_cards` of values, patterns, and what is measured without a judge."""
    everything = with_unjudged(values, counts, strength)
    return model_cards(everything, sections, models, checkpoints, resamples=resamples, seed=seed)


def _instances(grid: Grid, known: Known) -> Iterator[Instance]:
    config, files = grid.study.config, files_of_cards(known)
    unjudged = [*([patterns_measure()] if files["counts"] else []), *measures_without_judge(grid, known)]
    told = {
        "sections": sections([*placeless_measures(grid), *unjudged]),
        "models": list(config.models),
        "checkpoints": list(config.checkpoints),
    }
    yield Instance("model-cards", files, told | bootstrap(grid))


MODEL_CARDS = table(
    "model_cards",
    cards_of_models,
    _instances,
    module=__name__,
    layout=Layout(
        (
            *texts("model"),
            Column("Measure", "title"),
            *texts("judge", "condition"),
            Column("First", "first", ("first_low", "first_high"), percent=True),
            Column("Last", "last", ("last_low", "last_high"), percent=True),
            Column("Change", "change", ("change_low", "change_high"), percent=True),
            Column("Since", "since", decimals=0),
            *texts("verdict", "n_personas", "n_missing"),
        ),
        "Models at the first and the last position; shares in percent. Since: where a drop begins that is "
        "significant (q < 0.05) from there to the end.",
        {"n_personas": "personas"},
        INTERVAL,
    ),
)
