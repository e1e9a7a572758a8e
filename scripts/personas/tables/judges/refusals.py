"""XSTest: how far the rules and a judge agree on what is a refusal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from personas.benchmarks.panel import RULES
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats import checks
from personas.tables import reading
from personas.tables.latex import Column
from personas.tables.table import Layout, ratings, table, texts

AGREEMENT_DTYPES = {
    "model": "str",
    "label": "str",
    "n_planned": "int64",
    "n_both": "int64",
    "agreement": "float64",
    "kappa": "float64",
    "refused_by_rules": "float64",
    "refused_by_judge": "float64",
}
ALL = "all"
_NEEDED = {*checks.ANSWER, "metric", "judge", "label", "value"}


def agreement(ratings: pd.DataFrame, judge: str) -> pd.DataFrame:
    """Return a row per model and label, and for all of them together, of the verdicts of rules and judge on refusals.

    `n_planned` answers were to be rated, `n_both` have a verdict of both; the other columns are for those: share of
    equal verdicts, Cohen's kappa (unweighted; NaN where both only ever say the same one thing), and the share that
    each calls a refusal. High agreement with a low kappa means that nearly everything has one verdict.
    """
    pairs = _pairs(ratings[ratings["metric"] == "refusal"], judge)
    rows = [
        {"model": model, "label": label, **_comparison(part)}
        for model in [*sorted(pairs["model"].unique()), ALL]
        for label in [*sorted(pairs["label"].dropna().unique()), ALL]
        if len(part := _select(pairs, model, label))
    ]
    return pd.DataFrame(rows, columns=list(AGREEMENT_DTYPES)).astype(AGREEMENT_DTYPES)


def agreement_of_files(paths: Sequence[Path], judge: str) -> pd.DataFrame:
    """Return `agreement` of files of ratings."""
    return agreement(reading.rows_of(paths, _NEEDED, "refusal"), judge)


def _pairs(refusals: pd.DataFrame, judge: str) -> pd.DataFrame:
    """Put the verdicts of rules and judge on the same answer side by side; NaN where one has none."""
    sides = {}
    for name, by in (("rules", RULES), ("judge", judge)):
        rows = refusals[refusals["judge"] == by]
        checks.require_unique(rows, checks.ANSWER, f"refusals by {by}")
        sides[name] = rows[[*checks.ANSWER, "label", "value"]].rename(columns={"value": name})
    return sides["rules"].merge(sides["judge"], on=[*checks.ANSWER, "label"], how="inner", validate="one_to_one")


def _select(pairs: pd.DataFrame, model: str, label: str) -> pd.DataFrame:
    keep = pd.Series(True, index=pairs.index)
    if model != ALL:
        keep &= pairs["model"] == model
    if label != ALL:
        keep &= pairs["label"] == label
    return pairs[keep]


def _comparison(pairs: pd.DataFrame) -> dict[str, float]:
    both = pairs.dropna(subset=["rules", "judge"])
    one, other = both["rules"].astype(int), both["judge"].astype(int)
    return {
        "n_planned": len(pairs),
        "n_both": len(both),
        "agreement": float((one == other).mean()) if len(both) else np.nan,
        "kappa": _kappa(one, other),
        "refused_by_rules": float(one.mean()) if len(both) else np.nan,
        "refused_by_judge": float(other.mean()) if len(both) else np.nan,
    }


def _kappa(one: pd.Series, other: pd.Series) -> float:
    from sklearn.metrics import cohen_kappa_score  # here and not above: it takes a second to load

    if len(set(one) | set(other)) < 2:
        return np.nan
    return float(cohen_kappa_score(one, other))


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    config = grid.study.config
    for name in (name for name in config.benchmarks if config.kind_of(name) == "xstest"):
        files = ratings(context, [name])
        for judge in (slug for slug in config.judges if name in config.judged_benchmarks(slug)):
            yield Instance(f"{name}-agreement-with-{judge}", {"paths": files}, {"judge": judge})


REFUSAL_AGREEMENT = table(
    "refusal_agreement",
    agreement_of_files,
    _instances,
    module=__name__,
    from_files=True,
    layout=Layout(
        (
            *texts("model", "label"),
            Column("Equal", "agreement"),
            Column("Kappa", "kappa"),
            Column("Refused (rules)", "refused_by_rules"),
            Column("Refused (judge)", "refused_by_judge"),
            *texts("n_both", "n_planned"),
        ),
        "Agreement of rules and judge on refusals: share of equal verdicts, Cohen's kappa, share that each refuses.",
        {"n_both": "answers with both verdicts"},
    ),
)
