"""How far each judge agrees with itself and with people, by metric: what figures of its ratings say of it."""

from collections.abc import Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.judges.calibration import ALL, LIKERT
from personas.tables.latex import Column
from personas.tables.table import Layout, table, texts

ITSELF = "itself"
RELIABILITY_DTYPES = {
    "judge": "str",
    "metric": "str",
    "agrees_with": "str",
    "n": "int64",
    "kappa": "float64",
    "kappa_low": "float64",
    "kappa_high": "float64",
}
_PERSON = "human"
_BOUNDS = ("", "_low", "_high")


def reliability(retest: pd.DataFrame | None = None, calibration: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return a row for each judge, metric and whom it is compared with: `itself`, asked again, or a set of labels.

    `retest` and `calibration` are the tables of these names. `kappa` is Cohen's, with quadratic weights for ratings
    from 1 to 5, over `n` texts that both rated; NaN where it is not defined. Columns and types: `RELIABILITY_DTYPES`.
    """
    parts = [pd.DataFrame(columns=list(RELIABILITY_DTYPES)).astype(RELIABILITY_DTYPES)]
    if retest is not None:
        parts.append(retest.assign(agrees_with=ITSELF))
    if calibration is not None:
        people = calibration[(calibration["rater_a"] == _PERSON) & (calibration["model"] == ALL)].dropna(
            subset=["metric", "rater_b"]
        )
        weighted = people["metric"].isin(LIKERT)
        kappas = {f"kappa{end}": people[f"quadratic{end}"].where(weighted, people[f"kappa{end}"]) for end in _BOUNDS}
        parts.append(people.assign(**kappas, judge=people["rater_b"], agrees_with=people["set"]))
    table = pd.concat([part[list(RELIABILITY_DTYPES)] for part in parts if len(part)] or parts, ignore_index=True)
    return table.sort_values(["judge", "agrees_with", "metric"], ignore_index=True).astype(RELIABILITY_DTYPES)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    sources = {name: context.one(name) for name in ("retest", "calibration")}
    if files := {name: each.outputs[:1] for name, each in sources.items() if each}:
        yield Instance("reliability", files)


RELIABILITY = table(
    "reliability",
    reliability,
    _instances,
    module=__name__,
    title="How reliable each judge is",
    layout=Layout(
        (*texts("judge", "metric", "agrees_with", "n"), Column("Kappa", "kappa", ("kappa_low", "kappa_high"))),
        "How far judges agree with themselves, asked again, and with people: Cohen's kappa, with quadratic weights "
        "for ratings from 1 to 5.",
        {"n": "texts that both rated"},
        "In brackets: 95 % interval of a bootstrap over cells.",
    ),
)
