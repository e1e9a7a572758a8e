"""Judges, rules and people on the same texts: how far each two agree, per set of texts, metric and model."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from personas.stats import checks
from personas.stats.bootstrap import RESAMPLES, SEED
from personas.stats.raters import NO_ITEMS, Agreement, agree

CATEGORIES: Mapping[str, tuple[float, ...]] = {
    **dict.fromkeys(("knowledge", "style", "in-character", "trait"), (1.0, 2.0, 3.0, 4.0, 5.0)),
    "refusal": (0.0, 1.0),
    "win": (0.0, 0.5, 1.0),
}
"""Metric -> the values there can be; 0.5: won in one order of two."""
LIKERT = frozenset(metric for metric, values in CATEGORIES.items() if len(values) == 5)
ALL = "all"
KINDS = ("human", "rules", "judge")

CALIBRATION_DTYPES = {
    "set": "str",
    "metric": "str",
    "model": "str",
    "rater_a": "str",
    "rater_b": "str",
    "n_a": "int64",
    "n_b": "int64",
    "n": "int64",
    "n_unmatched": "int64",
    "n_clusters": "int64",
    "undefined": "str",
    **{
        f"{name}{end}": "float64"
        for name in ("kappa", "quadratic", "agreement", "mae", "within_one")
        for end in ("", "_low", "_high")
    },
    "mean_a": "float64",
    "mean_b": "float64",
    "values": "str",
    "base_a": "str",
    "base_b": "str",
    "recall_b": "str",
    "confusion": "str",
}
ROW_COLUMNS = ("set", "metric", "model", "rater", "kind", "unit", "cluster", "value")
"""One row: a value that a rater gave a text (`unit`), which hangs together with others of its `cluster`."""


def calibration(
    rows: pd.DataFrame, unmatched: Mapping[str, int], *, resamples: int = RESAMPLES, seed: int = SEED
) -> pd.DataFrame:
    """Compare each two raters of a set and metric on the texts that both rated, per model and for all of them.

    `rows` have `ROW_COLUMNS`, without gaps; `unmatched` counts, by set, labels of texts that nobody else rated.
    Rater a is the person, or else the rules, where only one is. `n_a` and `n_b` are what each rated in this set;
    all else is for the `n` texts of both: see `raters.agree`. `mae` and `within_one` are for ratings from 1 to 5
    only. The last five columns are JSON: the values there can be, the share of each by a and b (base rates), the
    share of a's that b gives too, and the confusion matrix (rows: a). Columns and types: `CALIBRATION_DTYPES`.

    A set whose labels met no other rater has one row that says so, without metric and second rater.

    Raises:
        ValueError: a column is missing, or a rater rated a text twice.
    """
    checks.require_columns(rows, ROW_COLUMNS, "table of raters")
    checks.require_unique(rows, ["set", "metric", "rater", "unit"], "raters")
    table = [
        {"set": name, "metric": metric, **row, "n_unmatched": unmatched.get(str(name), 0)}
        for (name, metric), part in rows.groupby(["set", "metric"], sort=True)
        for row in _pairs(part, str(metric), resamples, seed)
    ]
    sets = {row["set"] for row in table}
    table += [{"set": name, **_NOBODY, "n_unmatched": n} for name, n in unmatched.items() if name not in sets]
    return pd.DataFrame(table, columns=list(CALIBRATION_DTYPES)).astype(CALIBRATION_DTYPES)


_NOBODY = {"model": ALL, "rater_a": "human", **dict.fromkeys(("n_a", "n_b", "n", "n_clusters"), 0)} | {
    "undefined": NO_ITEMS
}
"""The one row of a set of labels of texts that nobody else rated."""


def _pairs(rows: pd.DataFrame, metric: str, resamples: int, seed: int) -> Iterator[dict[str, Any]]:
    raters = rows[["kind", "rater"]].drop_duplicates().itertuples(index=False, name=None)
    ordered = [name for kind, name in sorted(raters, key=lambda rater: (KINDS.index(rater[0]), rater[1]))]
    by_rater = {name: part.set_index("unit") for name, part in rows.groupby("rater")}
    for one, other in combinations(ordered, 2):
        a, b = by_rater[one], by_rater[other]
        models = sorted({*a["model"], *b["model"]})
        for model in [*models, ALL] if len(models) > 1 else [ALL]:
            of_a, of_b = (side if model == ALL else side[side["model"] == model] for side in (a, b))
            comparison = _comparison(of_a, of_b, metric, resamples, seed)
            yield {"model": model, "rater_a": one, "rater_b": other, **comparison}


def _comparison(a: pd.DataFrame, b: pd.DataFrame, metric: str, resamples: int, seed: int) -> dict[str, Any]:
    both = a.join(b["value"].rename("other"), how="inner")
    values = CATEGORIES[metric]
    if metric == "win" and not both[["value", "other"]].eq(0.5).any(axis=None):
        values = (0.0, 1.0)
    agreement = agree(both["value"], both["other"], both["cluster"], values, resamples=resamples, seed=seed)
    ratings = ("mae", "within_one") if metric in LIKERT else ()
    return {
        "n_a": len(a),
        "n_b": len(b),
        "n": agreement.n,
        "n_clusters": agreement.n_clusters,
        "undefined": agreement.undefined,
        **_columns(agreement, ("kappa", "quadratic", "agreement", *ratings)),
        "mean_a": both["value"].mean(),
        "mean_b": both["other"].mean(),
        "values": json.dumps(values),
        **_shares(agreement.confusion),
    }


def _columns(agreement: Agreement, names: Sequence[str]) -> dict[str, float]:
    estimates = {name: getattr(agreement, name) for name in names}
    return {
        f"{name}{end}": part
        for name, estimate in estimates.items()
        for end, part in zip(("", "_low", "_high"), estimate, strict=True)
    }


def _shares(confusion: Sequence[Sequence[int]]) -> dict[str, str]:
    """Write out base rates, recalls and the matrix; null where there is nothing to take a share of."""
    matrix = np.asarray(confusion)
    of_a, of_b, n = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    return {
        "base_a": json.dumps([_share(count, n) for count in of_a]),
        "base_b": json.dumps([_share(count, n) for count in of_b]),
        "recall_b": json.dumps([_share(matrix[i, i], count) for i, count in enumerate(of_a)]),
        "confusion": json.dumps(matrix.tolist()),
    }


def _share(count: int, total: int) -> float | None:
    return round(float(count / total), 4) if total else None
