"""The answers behind the items that changed most over a dialogue, as they were said."""

from collections.abc import Iterable, Sequence

import pandas as pd

from personas.tables.items import LENGTH, Measure

MOST = 10
"""Items shown of each measure and condition."""

TEXT_DTYPES = {
    "measure": "str",
    "condition": "str",
    "rank": "int64",
    "item_id": "str",
    "label": "str",
    "type": "str",
    "focus": "str",
    "change": "float64",
    "prompt": "str",
    "model": "str",
    "persona": "str",
    "order": "str",
    "replicate": "int64",
    "checkpoint": "int64",
    "value": "float64",
    "verdict": "str",
    "status": "str",
    "answer": "str",
}
_ANSWER = ["model", "persona", "condition", "order", "replicate", "checkpoint", "benchmark", "item_id"]
"""The columns that name one answer of a persona: two benchmarks may each have an item of the same id."""
_PAIR = ["model", "persona", "order", "replicate"]


def most_changed(items: pd.DataFrame, measures: Sequence[str], most: int = MOST) -> pd.DataFrame:
    """Return the `most` items of each measure and condition that changed most from first to last checkpoint.

    `items` is `personas.tables.items.changed_items`. Adds `rank`, from 1; of equal changes the smaller id comes
    first. Items that did not change are left out.
    """
    rows = items[(items["contrast"] == LENGTH) & items["measure"].isin(measures) & (items["change"].abs() > 0)]
    rows = rows.assign(size=rows["change"].abs()).sort_values(["size", "item_id"], ascending=[False, True])
    ranked = rows.assign(rank=rows.groupby(["measure", "condition"]).cumcount() + 1)
    return ranked[ranked["rank"] <= most].sort_values(["measure", "condition", "rank"], ignore_index=True)


def changed_texts(
    chosen: pd.DataFrame, verdicts: Iterable[tuple[Measure, pd.DataFrame]], answers: pd.DataFrame
) -> pd.DataFrame:
    """Return the personas' answers to the chosen items at first and last checkpoint; columns `TEXT_DTYPES`.

    `chosen` is `most_changed`; `verdicts` are pairs of a measure and its ratings (with `value` and `status`),
    `answers` the responses (`_ANSWER`, answer, status). Of each item those (model, persona, order, replicate) are
    shown whose verdict changed, or lacks on one side; `status` is the answer's, `verdict` the rating's. An answer
    without text has a status and no answer.

    Raises:
        MergeError: an answer or a verdict is there twice.
    """
    parts = []
    for measure, ratings in verdicts:
        wanted = chosen[chosen["measure"] == measure["measure"]].drop(columns=["n", "n_missing", "contrast"])
        rated = ratings.rename(columns={"status": "verdict"})[[*_ANSWER, "value", "verdict"]]
        rows = wanted.merge(rated, on=["benchmark", "condition", "item_id"], how="inner", validate="one_to_many")
        rows = rows.merge(answers[[*_ANSWER, "answer", "status"]], on=_ANSWER, how="left", validate="one_to_one")
        parts.append(rows[_moved(rows)])
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(TEXT_DTYPES))
    ordered = table.sort_values(["measure", "condition", "rank", *_PAIR, "checkpoint"], ignore_index=True)
    return ordered[list(TEXT_DTYPES)].astype(TEXT_DTYPES)


def _moved(rows: pd.DataFrame) -> pd.Series:
    """Tell whether the verdict of a pair differs between first and last checkpoint, or is missing at one of them."""
    values = rows.groupby(["measure", "condition", "item_id", *_PAIR], dropna=False)["value"]
    return (values.transform("nunique") > 1) | (values.transform("count") < values.transform("size"))
