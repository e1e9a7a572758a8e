"""Faults in statistics."""

from tests.mutations import Mutation

STATISTICS = [
    Mutation(
        "statistics",
        "95 % intervals hold 90 %",
        "scripts/personas/stats/intervals.py",
        "(1 + CONFIDENCE) / 2) * error",
        "CONFIDENCE) * error",
    ),
    Mutation(
        "statistics",
        "two personas are enough to speak of personas in general",
        "scripts/personas/stats/intervals.py",
        "PERSONAS: 3",
        "PERSONAS: 2",
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
        "models that differ as a whole do not widen the interval",
        "scripts/personas/stats/intervals.py",
        "value = models[0] + personas[0] - interaction",
        "value = personas[0]",
    ),
    Mutation(
        "statistics",
        "missing pairs count as differences of 0 in the interval over models and personas",
        "scripts/personas/stats/intervals.py",
        "residuals = np.where(present, table - table[present].mean(), 0.0)",
        "residuals = np.where(present, table, 0.0) - table[present].mean()",
    ),
    Mutation(
        "statistics",
        "the noise of a baseline that all personas share is left out",
        "scripts/personas/stats/intervals.py",
        "return Variance(of_cells.value + shared,",
        "return Variance(of_cells.value,",
    ),
    Mutation(
        "statistics",
        "q is p: nothing is corrected for how many claims there are",
        "scripts/personas/tables/by_model.py",
        'adjust_p(table["p"].where(table["headline"]).to_numpy("float64"), correction)',
        'table["p"].where(table["headline"])',
    ),
    Mutation(
        "statistics",
        "what is no claim is corrected and marked as one",
        "scripts/personas/tables/by_model.py",
        'table["p"].where(table["headline"])',
        'table["p"]',
    ),
    Mutation(
        "statistics",
        "the noise floor is too high by the freedom of the other side",
        "scripts/personas/tables/contrasts.py",
        'at["freedom_a"].sum() + each["freedom_b"].sum()',
        'at["freedom_a"].sum()',
    ),
    Mutation(
        "statistics",
        "a rise of what should fall is called a drop",
        "scripts/personas/tables/cards.py",
        '(change < 0) == (direction == "falls")',
        "change != 0",
    ),
]
