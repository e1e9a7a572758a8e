"""The randomisation test of a mean difference, and Benjamini and Hochberg's correction for many of them."""

from functools import lru_cache

import numpy as np

EXACT = 12
"""Up to so many pairs every choice of signs is tried: 2^12 of them."""

FLIPS = 9999


def p_values(differences: np.ndarray, *, seed: int) -> np.ndarray:
    """Return two-sided p of the mean of each column of `differences` (pairs x points, NaN: a missing pair).

    Without an effect a difference is as likely as its negative. p is the share of choices of signs whose mean is at
    least as far from 0: of all 2^n up to n = 12 pairs, else (1 + count) / (1 + 9,999) of seeded random ones, which
    counts the choice that was found. Pairs count as independent. NaN for a column without pairs.

    Source: R. A. Fisher, The Design of Experiments (1935), section 21; the 1 + count of B. Phipson and G. K. Smyth,
    Permutation P-values should never be zero (2010).
    """
    result = np.full(differences.shape[1], np.nan)
    known = ~np.isnan(differences)
    for present in np.unique(known, axis=1).T:
        columns = (known == present[:, None]).all(axis=0)
        if present.any():
            result[columns] = _p(differences[np.ix_(present, columns)], seed)
    return result


def _p(differences: np.ndarray, seed: int) -> np.ndarray:
    n = len(differences)
    found = np.abs(differences.sum(axis=0))
    # Sums of the same numbers in another order differ in their last digits; equal means must count as equal.
    margin = 1e-9 * np.abs(differences).sum(axis=0)
    at_least = (np.abs(_signs(n, seed) @ differences) >= found - margin).sum(axis=0)
    result: np.ndarray = at_least / 2**n if n <= EXACT else (1 + at_least) / (1 + FLIPS)
    return result


@lru_cache(maxsize=8)
def _signs(n: int, seed: int) -> np.ndarray:
    """Return choices of signs, one a row: all, or `FLIPS` random ones."""
    if n <= EXACT:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        bits = np.random.default_rng([seed, n]).integers(0, 2, size=(FLIPS, n))
    return 1.0 - 2.0 * bits


def q_values(p: np.ndarray) -> np.ndarray:
    """Return p (shape `(n,)`) corrected for the false discovery rate of one family; NaN stays out and stays NaN.

    Source: Y. Benjamini and Y. Hochberg, Controlling the False Discovery Rate (1995), as in SciPy.
    """
    from scipy.stats import false_discovery_control  # slow to import, and most tables correct nothing

    corrected, known = np.full(len(p), np.nan), ~np.isnan(p)
    if known.any():
        corrected[known] = false_discovery_control(p[known], method="bh")
    return corrected
