"""What is claimed together is corrected together."""

import numpy as np

_METHODS = {"benjamini-hochberg": "fdr_bh", "holm": "holm"}


def adjust_p(p: np.ndarray, method: str) -> np.ndarray:
    """Return p (shape `(n,)`) corrected for one family; NaN stays out and stays NaN.

    `benjamini-hochberg`: of the claims with q < 0.05, one in twenty is false on average (Y. Benjamini and Y.
    Hochberg, Controlling the False Discovery Rate, 1995). `holm`: in one report in twenty any is (S. Holm, A simple
    sequentially rejective multiple test procedure, 1979). Where nothing happens at all both promise the latter. Both
    as in statsmodels.
    """
    from statsmodels.stats.multitest import multipletests  # slow to import, and most tables correct nothing

    q, present = np.full(len(p), np.nan), ~np.isnan(p)
    if present.any():
        q[present] = multipletests(p[present], method=_METHODS[method])[1]
    return q
