"""One card per model: what held over the dialogue, what did not, and from where on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.intervals import UNITS, Estimate, estimate
from personas.stats.onset import UNKNOWN, Onset, onset
from personas.tables.by_model import LENGTH
from personas.tables.items.variances import LEVEL, MODEL, PROGRESSION, Variances
from personas.tables.latex import Column
from personas.tables.measures import placeless_measures
from personas.tables.sections import patterns_measure, sections
from personas.tables.series.models import files_of_cards, segment_rounds, whole_segments, with_unjudged
from personas.tables.strength.strength import measures_without_judge
from personas.tables.table import INTERVAL, Layout, bootstrap, generalisation, table, texts

NOT_MEASURED, ONE_POSITION, NO_VALUE = "not-measured", "one-position", "no-value"
DROPS, GAINS, NO_CHANGE, TOO_FEW = "drops", "gains", "no-change", "too-few"
EXPLORATORY = "exploratory"
"""Values of `verdict`. A claim (of a headline measure) drops or gains where its corrected p is below `LEVEL`, is not
distinguishable from no change, or has too few units for a test; what is no claim is exploratory."""

SIGNIFICANT = 0.05

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
    "over": "str",
    "p": "float64",
    "headline": "bool",
    "q": "float64",
    "direction": "str",
    "since": "float64",
    "since_low": "float64",
    "since_high": "float64",
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


@dataclass(frozen=True)
class _Settings:
    """What all rows of cards are made with: `q` of each claim (model, measure, condition), what items add, ..."""

    q: Mapping[tuple[str, str, str], float]
    variances: Variances
    generalise: Collection[str]
    resampling: Mapping[str, int]


def model_cards(
    values: pd.DataFrame,
    sections: Sequence[Section],
    models: Sequence[str],
    checkpoints: Sequence[int],
    *,
    bars: pd.DataFrame | None = None,
    variances: pd.DataFrame | None = None,
    generalise: Collection[str] = UNITS,
    resamples: int = 1000,
    seed: int = 42,
) -> pd.DataFrame:
    """Return a row per model, section, measure and condition; columns `CARD_DTYPES`, in the order given.

    Of the model's personas (orders and replicates averaged, rounds in segments of several): the value at the first
    and the last position and the change between them, each a mean with its interval over the units that `over` names
    (of the change). `direction` is what counts as a drop: "rises" for measures of which less is better, else "falls".
    `headline` and `q` are those of the claim in `bars` (`personas.tables.by_model`, contrast `length`), from which
    the `verdict` follows. Of a drop, `since` is the position after which it sets in, with its interval
    (`personas.stats.onset`; NaN where the data cannot tell). `n_personas` have both ends, `n_missing` lack one. The
    baseline's means stand beside. A section or a measure that the grid lacks for a model has one row, "not-measured";
    "no-value": no persona has both ends.
    """
    rows = whole_segments(segment_rounds(values, checkpoints))
    by_measure = dict(list(rows.groupby(["model", "measure"], sort=False)))
    items = Variances(pd.DataFrame() if variances is None else variances)
    settings = _Settings(_claims(bars), items, generalise, {"resamples": resamples, "seed": seed})
    table = [
        {"model": model, "section": section["section"], **row}
        for model in models
        for section in sections
        for row in _section(model, section["measures"], by_measure, settings)
    ]
    cards = pd.DataFrame(table, columns=list(CARD_DTYPES))
    filled = {name: cards[name].fillna(0) for name in _COUNTS} | {"headline": cards["headline"].eq(True)}
    return cards.assign(**filled).astype(CARD_DTYPES)


def _claims(bars: pd.DataFrame | None) -> dict[tuple[str, str, str], float]:
    if bars is None or bars.empty:
        return {}
    claims = bars[bars["headline"] & (bars["contrast"] == LENGTH) & bars["model"].notna()]
    return {(row["model"], row["measure"], row["condition"]): row["q"] for row in claims.to_dict("records")}


def _section(
    model: str, measures: Sequence[Mapping[str, Any]], by_measure: Mapping[Any, pd.DataFrame], settings: _Settings
) -> Iterator[dict[str, Any]]:
    if not measures:
        yield {"verdict": NOT_MEASURED}
    for measure in measures:
        about = {key: measure[key] for key in ("measure", "title", "judge", "scale", "axis")}
        about["direction"] = "rises" if measure["better"] == "lower" else "falls"
        rows = by_measure.get((model, measure["measure"]))
        if rows is None:
            yield {**about, "verdict": NOT_MEASURED}
            continue
        for condition, part in rows.groupby("condition", sort=True):
            where = {**about, "model": model, "condition": condition}
            yield {**about, "condition": condition, **_row(part, where, settings)}


def _row(rows: pd.DataFrame, where: Mapping[str, Any], settings: _Settings) -> dict[str, Any]:
    persona, baseline = (_by_position(rows[rows["group"] == group]) for group in ("persona", "baseline"))
    if persona.empty:
        return {"verdict": NOT_MEASURED}
    first, last = int(persona.columns[0]), int(persona.columns[-1])
    both = persona[[first, last]].dropna()
    ends = rows[(rows["group"] == "persona") & rows["position"].isin([first, last])]
    row = {
        "first_position": first,
        "last_position": last,
        **_mean(persona[first], where, LEVEL, first, settings).as_columns("first"),
        **_mean(persona[last], where, LEVEL, last, settings).as_columns("last"),
        "baseline_first": _mean_at(baseline, first),
        "baseline_last": _mean_at(baseline, last),
        "n_personas": len(both),
        "n_missing": len(persona) - len(both),
        "n_scored": int(ends["n_scored"].sum()),
        "n_planned": int(ends["n_planned"].sum()),
    }
    if first == last or both.empty:
        return {**row, "verdict": ONE_POSITION if first == last else NO_VALUE}
    change = _mean(both[last] - both[first], where, PROGRESSION, last, settings)
    key = (where["model"], where["measure"], where["condition"])
    claim = {"headline": key in settings.q, "q": settings.q.get(key, np.nan)}
    verdict = _verdict(change.mean, where["direction"], claim["q"]) if claim["headline"] else EXPLORATORY
    since = _onset(persona, settings) if verdict == DROPS else UNKNOWN
    outcome = {"since": since.since, "since_low": since.low, "since_high": since.high, "verdict": verdict}
    return {**row, **change.as_columns("change"), "over": change.over, "p": change.p, **claim, **outcome}


def _verdict(change: float, direction: str, q: float) -> str:
    if np.isnan(q):
        return TOO_FEW
    if q >= SIGNIFICANT:
        return NO_CHANGE
    return DROPS if (change < 0) == (direction == "falls") else GAINS


def _mean(values: pd.Series, where: Mapping[str, Any], contrast: str, position: int, settings: _Settings) -> Estimate:
    at = {**where, "contrast": contrast, "group": "persona", "position": position}
    items = settings.variances.of(at, MODEL, where["model"])
    rate = contrast == LEVEL and where["scale"] == "share"
    return estimate(values.to_numpy("float64")[None], generalise=settings.generalise, items=items, share=rate)


def _onset(persona: pd.DataFrame, settings: _Settings) -> Onset:
    curves = persona.dropna().to_numpy("float64")
    return onset(curves, persona.columns.to_numpy("float64"), **settings.resampling)


def _by_position(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per persona, one column per position, ascending; orders and replicates averaged."""
    means = rows.assign(unit=rows["persona"].fillna("")).groupby(["unit", "position"], sort=True)["value"].mean()
    return means.unstack("position")


def _mean_at(table: pd.DataFrame, position: int) -> float:
    return float(table[position].mean()) if position in table else np.nan


def cards_of_models(
    values: pd.DataFrame,
    counts: pd.DataFrame,
    strength: pd.DataFrame,
    variances: pd.DataFrame,
    bars: pd.DataFrame,
    **options: Any,
) -> pd.DataFrame:
    """Return `model_cards` of values, patterns, and what is measured without a judge."""
    return model_cards(with_unjudged(values, counts, strength), bars=bars, variances=variances, **options)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    config, files = grid.study.config, files_of_cards(context)
    unjudged = [*([patterns_measure()] if files["counts"] else []), *measures_without_judge(grid, context)]
    parameters = {
        "sections": sections([*placeless_measures(grid), *unjudged]),
        "models": list(config.models),
        "checkpoints": list(config.checkpoints),
    }
    files |= {"variances": context.outputs("item_variances"), "bars": context.outputs("by_model")}
    yield Instance("model-cards", files, parameters | generalisation(grid) | bootstrap(grid))


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
            Column("q", "q", decimals=3),
            Column("Since", "since", ("since_low", "since_high"), decimals=0),
            *texts("verdict", "over", "n_personas", "n_missing"),
        ),
        "Models at the first and the last position; shares in percent. q: of claims, corrected for all; rows without "
        "are exploratory. Since: after which position a drop sets in.",
        {"n_personas": "personas"},
        INTERVAL,
    ),
)
