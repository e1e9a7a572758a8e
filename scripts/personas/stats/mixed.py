"""One linear mixed model with a random intercept, and how its fit ended."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Status = Literal["ok", "not-converged", "singular", "too-few", "failed"]
OPTIMIZERS = ("powell", "lbfgs")  # the study's, tried in this order
_NO_VARIANCE = 1e-8


@dataclass(frozen=True)
class Fit:
    """What a fit says of itself, and one mapping per fixed effect: term, coefficient, se, z, p, low, high."""

    terms: list[dict[str, Any]]
    n: int
    n_groups: int
    group_variance: float
    optimizer: str | None
    status: Status


def fit(rows: pd.DataFrame, terms: Sequence[str], groups: pd.Series) -> Fit:
    """Fit `value` ~ 1 + terms with a random intercept for each group, by REML; rows without a value stay out.

    `terms` are numeric columns of `rows`; coefficients are in the unit of `value` per unit of the term, p is Wald's
    with a normal distribution, low and high the 95 % interval, all of the fit itself and never of its printed
    summary. `group_variance` is that of the intercepts, in squared units of `value`.

    Status: `too-few`: nothing is fitted, because there are fewer than two groups, no more rows than parameters, or a
    term does not vary; `singular`: every group has one row, or the variance between groups is 0 (the coefficients
    stand, as without groups), or nothing is left to explain (then there are none); `not-converged`: neither optimizer
    converged, and the numbers are where the last one stopped; `failed`: the fit broke off, or has no standard errors.
    """
    present = rows["value"].notna()
    rows, groups = rows[present], groups[present]
    exog = np.column_stack([np.ones(len(rows)), rows[list(terms)].to_numpy(dtype=np.float64)])
    n, n_groups = len(rows), int(groups.nunique())
    if n_groups < 2 or n <= exog.shape[1] + 1 or np.linalg.matrix_rank(exog) < exog.shape[1]:
        return Fit(_gaps(terms), n, n_groups, np.nan, None, "too-few")
    endog = rows["value"].to_numpy(dtype=np.float64)
    if _is_explained(endog, exog):
        return Fit(_gaps(terms), n, n_groups, np.nan, None, "singular")
    try:
        result, optimizer = _fit_reml(endog, exog, groups)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError, ZeroDivisionError):
        return Fit(_gaps(terms), n, n_groups, np.nan, None, "failed")
    variance = float(np.asarray(result.cov_re)[0, 0])
    alone = n_groups == n
    status = _status(result, variance, alone, exog.shape[1])
    return Fit(_terms(result, terms), n, n_groups, variance, optimizer, status)


def _is_explained(endog: np.ndarray, exog: np.ndarray) -> bool:
    """Tell whether a line through all rows leaves nothing: the likelihood has no maximum then."""
    left = endog - exog @ np.linalg.lstsq(exog, endog, rcond=None)[0]
    return bool(np.abs(left).max() <= 1e-10 * max(np.abs(endog).max(), np.finfo(float).tiny))


def _fit_reml(endog: np.ndarray, exog: np.ndarray, groups: pd.Series) -> tuple[Any, str]:
    """Return the result of statsmodels, and the optimizer that had the last word.

    Its warnings say what the status says, some of them (the boundary of the parameters) by a rule that depends on the
    unit of the values; the status is computed from the fit instead.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM  # a second: only for who fits

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = MixedLM(endog, exog, groups=groups.to_numpy()).fit(reml=True, method=list(OPTIMIZERS))
        result.bse  # noqa: B018  # computed when first read, with warnings of its own
    again = any("Retrying" in str(warning.message) for warning in caught)
    return result, OPTIMIZERS[-1] if again else OPTIMIZERS[0]


def _status(result: Any, variance: float, alone: bool, n_terms: int) -> Status:
    if not np.isfinite(np.asarray(result.bse)[:n_terms]).all():
        return "failed"
    if not result.converged:
        return "not-converged"
    return "singular" if alone or variance <= _NO_VARIANCE * result.scale else "ok"


def _terms(result: Any, terms: Sequence[str]) -> list[dict[str, Any]]:
    interval = np.asarray(result.conf_int())
    names = ("coefficient", "se", "z", "p")
    columns = (result.params, result.bse, result.tvalues, result.pvalues)
    return [
        {"term": term, **{name: float(np.asarray(column)[k]) for name, column in zip(names, columns, strict=True)}}
        | {"low": float(interval[k, 0]), "high": float(interval[k, 1])}
        for k, term in enumerate(("intercept", *terms))
    ]


def _gaps(terms: Sequence[str]) -> list[dict[str, Any]]:
    numbers = dict.fromkeys(("coefficient", "se", "z", "p", "low", "high"), np.nan)
    return [{"term": term, **numbers} for term in ("intercept", *terms)]
