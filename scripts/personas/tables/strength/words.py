"""The words and letters by which a classifier tells personas."""

from collections.abc import Iterator

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.tables.table import table

LINE = ["model", "told_from", "persona"]
SHOWN = 10
"""N-grams of a kind that a row holds."""
_COLUMNS = [f"{kind}_{sign}" for kind in ("words", "letters") for sign in ("for", "against")]


def words(words: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each model, what is told from what (`baseline` or `personas`), and persona.

    `words_for` and `letters_for` are the n-grams that speak most for the persona, `_against` most against it, the
    weightiest first, separated by a bar; a blank within letters is written as an underscore.
    """
    best = words[words["rank"] <= SHOWN].sort_values([*LINE, "kind", "sign", "rank"])
    letters = best["text"].str.replace(" ", "_").where(best["kind"] == "letters", best["text"])
    rows = best.assign(text=letters, column=best["kind"] + "_" + best["sign"])
    joined = rows.groupby([*LINE, "column"], sort=True)["text"].agg(" | ".join).unstack("column")
    return joined.reindex(columns=_COLUMNS).fillna("").reset_index()


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if scores := context.family("identification_scores"):
        yield Instance("identification-words", {"words": [each.outputs[1] for each in scores]})


WORDS = table("identification_words", words, _instances, module=__name__, title="Words that tell personas apart")
