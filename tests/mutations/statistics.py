"""Faults in statistics."""

from tests.mutations import Mutation

STATISTICS = [
    Mutation(
        "statistics",
        "the same cells in another order have another interval",
        "scripts/personas/stats/bootstrap.py",
        "units = np.sort(np.asarray(values, dtype=np.float64))",
        "units = np.asarray(values, dtype=np.float64)",
    ),
    Mutation(
        "statistics",
        "95 % intervals hold 90 %",
        "scripts/personas/stats/bootstrap.py",
        "    tail = (1 - confidence) / 2\n    low, high = np.quantile(units[draws]",
        "    tail = 1 - confidence\n    low, high = np.quantile(units[draws]",
    ),
    Mutation(
        "statistics",
        "the interval of an agreement takes the items of one dialogue for independent ones",
        "scripts/personas/stats/raters.py",
        "    codes, _ = pd.factorize(clusters)\n",
        "    codes = np.arange(len(clusters))\n",
    ),
    Mutation(
        "statistics",
        "missing pairs count as differences of 0 in the interval over models and personas",
        "scripts/personas/stats/clustered.py",
        "weights = _weighted(known.astype(np.float64), models, personas)",
        "weights = _weighted(np.ones_like(differences), models, personas)",
    ),
    Mutation(
        "statistics",
        "p of many pairs is 0 where no random choice of signs is as far off",
        "scripts/personas/stats/sign_flip_test.py",
        "(1 + at_least) / (1 + FLIPS)",
        "at_least / FLIPS",
    ),
    Mutation(
        "statistics",
        "q is p: nothing is corrected for many positions",
        "scripts/personas/tables/contrasts.py",
        '"q": q_values(p),',
        '"q": p,',
    ),
    Mutation(
        "statistics",
        "pairs that share one baseline count as independent, and p is too small",
        "scripts/personas/tables/contrasts.py",
        'if not rows.duplicated(["position", "cell_b"]).any():',
        "if len(rows):",
    ),
    Mutation(
        "statistics",
        "the noise floor is too high by the freedom of the other side",
        "scripts/personas/tables/contrasts.py",
        'at["freedom_a"].sum() + at["freedom_b"].sum()',
        'at["freedom_a"].sum()',
    ),
    Mutation(
        "statistics",
        "a drop from which a model recovers counts as lasting",
        "scripts/personas/stats/lasting.py",
        "np.logical_and.accumulate(drop[::-1])[::-1]",
        "drop",
    ),
]
