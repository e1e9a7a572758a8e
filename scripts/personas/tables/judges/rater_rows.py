"""The rows that calibration compares: ratings of the grid, and labels put beside the very texts they are of."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.core.errors import UserError
from personas.scoring.units import DIALOGUE, PLACE, units_of
from personas.tables.judges.calibration import CATEGORIES, ROW_COLUMNS

JUDGES = "judges"
"""The set of all texts that two judges (or a judge and the rules) rated."""
RULES = "rules"
_SAME_ITEM = ["metric", "model", "persona", "reference_persona", "benchmark", "item_id", "reference", "judged_sha256"]
_SAME_ROUND = [*_SAME_ITEM, "condition", "order", "round"]


READ = [*PLACE, "judge", "metric", "value", "judged_sha256"]
"""The columns of a table of ratings that are read."""
_OF_ROWS = [*(column for column in ROW_COLUMNS if column != "set"), "text"]
_OF_TEXTS = [column for column in (*PLACE, "judged_sha256") if column not in _OF_ROWS]


def rated_rows(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings that people could have given too, with `unit`, `cluster`, `rater` and `kind`.

    A judge reads one user turn and one answer, so the same answer to the same item is one text wherever it stands
    (checkpoint 0 of two conditions). `text` is the unit of one of its places, the same for every rater.
    """
    return pd.concat(_item_and_round_rows(ratings), ignore_index=True)


def rated_in_parts(ratings: Iterable[pd.DataFrame], labelled: Collection[str]) -> pd.DataFrame:
    """Return what is needed of the `rated` of many tables of ratings, none of which has a text of another's.

    That is one row a rater and text, and of the metrics in `labelled` every place of a text and what tells it: the
    ratings of a study are millions of rows, whose names of places alone are gigabytes.
    """
    columns = [*_OF_ROWS, *(_OF_TEXTS if labelled else [])]
    items, rounds = list[pd.DataFrame](), list[pd.DataFrame]()
    for table in ratings:
        for parts, rows in zip((items, rounds), _item_and_round_rows(table), strict=True):
            is_needed = (rows["unit"] == rows["text"]) | rows["metric"].isin(labelled)
            if is_needed.any():
                parts.append(rows.loc[is_needed, columns])
    together = [*items, *rounds]
    return pd.concat(together, ignore_index=True) if together else pd.DataFrame(columns=columns)


def _item_and_round_rows(ratings: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of items, and those of rounds."""
    rows = ratings[ratings["metric"].isin(CATEGORIES) & ratings["judge"].notna() & ratings["value"].notna()]
    rows = rows.assign(
        unit=units_of(rows),
        cluster=list(_clusters(rows)),
        rater=rows["judge"],
        kind=rows["judge"].where(rows["judge"] == RULES, "judge"),
    )
    is_item = rows["item_id"].notna()
    return [_with_text(rows[is_item], _SAME_ITEM), _with_text(rows[~is_item], _SAME_ROUND)]


def _clusters(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the dialogue of each row; all rows of a dialogue share one text in memory."""
    dialogues: dict[tuple[str, ...], str] = {}
    for place in zip(*(rows[column].astype("str") for column in DIALOGUE), strict=True):
        yield dialogues.setdefault(place, "/".join(place))


def _with_text(rows: pd.DataFrame, same: Sequence[str]) -> pd.DataFrame:
    return rows.assign(text=rows.groupby(list(same), dropna=False)["unit"].transform("min"))


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["unit"] == rows["text"]]


def judges_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the set `judges`, of metrics that two raters rate."""
    rows = _once(rows)
    several = rows.groupby("metric")["rater"].transform("nunique") > 1
    return rows[several].assign(set=JUDGES)[list(ROW_COLUMNS)]


def labelled_rows(name: str, labels: Sequence[Mapping[str, Any]], rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the rows of a set of labels (fields of a `Label`) and of whoever else rated its texts.

    The second value counts the labels of texts that are not among `rows`: not rated, or said otherwise by now.
    UserError where a label fits several texts.
    """
    finder, by_unit = _Finder(rows), rows.drop_duplicates("unit").set_index("unit")
    pairs = [(label, unit) for label in labels if (unit := finder.unit(label)) is not None]
    people = pd.DataFrame(
        [
            {
                "metric": label["metric"],
                "model": by_unit.at[unit, "model"],
                "rater": label["rater"],
                "kind": "human",
                "unit": unit,
                "cluster": label["cluster"] or by_unit.at[unit, "cluster"],
                "value": label["value"],
                "where": label["where"],
            }
            for label, unit in pairs
        ],
        columns=[*ROW_COLUMNS, "where"],
    )
    _refuse_twice(people)
    labelled_units = set(zip(people["metric"], people["unit"], strict=True))
    others = rows[[pair in labelled_units for pair in zip(rows["metric"], rows["unit"], strict=True)]]
    columns = [column for column in ROW_COLUMNS if column != "set"]
    together = pd.concat([people[columns], others[columns]], ignore_index=True)
    return together.assign(set=name)[list(ROW_COLUMNS)], len(labels) - len(people)


def _refuse_twice(people: pd.DataFrame) -> None:
    twice = people[people.duplicated(["metric", "rater", "unit"])]
    if len(twice):
        raise UserError(
            f"{twice.iloc[0]['where']}: {twice.iloc[0]['rater']} labels a text that an earlier row labels too (the "
            "same answer to the same item is one text), expected each text once."
        )


class _Finder:
    """Finds rated texts by what a label says of them."""

    def __init__(self, rows: pd.DataFrame) -> None:
        texts = rows.drop_duplicates(["metric", "unit"]).reset_index(drop=True)
        self._texts = texts.assign(**{name: _as_text(texts[name]) for name in (*PLACE, "judged_sha256")})
        self._by = {name: texts.groupby(name).indices for name in ("unit", "judged_sha256")}

    def unit(self, label: Mapping[str, Any]) -> str | None:
        """Return the text that a label is of, in the very place that it names; None where there is none like that.

        One that names no single place of its text is of the one that stands for all.
        """
        keys, candidates = label["keys"], self._texts
        for name, places in self._by.items():
            if name in keys:
                candidates = self._texts.iloc[places.get(keys[name], [])]
                break
        fits = candidates["metric"] == label["metric"]
        for name, value in keys.items():
            fits &= candidates[name] == value
        texts = sorted(set(candidates.loc[fits, "text"]))
        if len(texts) > 1:
            raise UserError(
                f"{label['where']}: the label fits {len(texts)} texts, expected one: add columns such as unit, "
                "model, persona, condition, round or item_id."
            )
        units = set(candidates.loc[fits, "unit"])
        return units.pop() if len(units) == 1 else next(iter(texts), None)


def _as_text(column: pd.Series) -> pd.Series:
    """Write a column as the labels write it: whole numbers without a point, nothing for a gap."""
    if pd.api.types.is_float_dtype(column):
        return column.map(lambda value: "" if pd.isna(value) else str(int(value)))
    return column.astype("object").map(lambda value: "" if pd.isna(value) else str(value))


def outside_rows(
    name: str, labels: Sequence[Mapping[str, Any]], refuses: Callable[[str], bool], ratings: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the rows of a set whose texts are not in the grid; `refuses(text)` is what the rules say of a text.

    `ratings` are what judges said of these texts (`item_id`: the unit); a verdict without a value is left out.
    """
    rows = [_outside(label) for label in labels]
    texts = {label["unit"]: label for label in labels if label["metric"] == "refusal"}
    rows += [
        {**_outside(label), "rater": RULES, "kind": RULES, "value": float(refuses(label["text"]))}
        for label in texts.values()
    ]
    if ratings is not None:
        with_value = ratings[ratings["value"].notna()]
        rows += [
            {**_outside(texts[unit]), "rater": judge, "kind": "judge", "value": value}
            for judge, unit, value in with_value[["judge", "item_id", "value"]].itertuples(index=False, name=None)
        ]
    return pd.DataFrame(rows).assign(set=name)[list(ROW_COLUMNS)]


def _outside(label: Mapping[str, Any]) -> dict[str, Any]:
    kind = "human" if label["rater"].startswith("human") else "judge"
    return {
        **{key: label[key] for key in ("metric", "model", "rater", "unit", "value")},
        "kind": kind,
        "cluster": label["cluster"] or label["unit"],
    }


def sets_of(
    ratings: Iterable[pd.DataFrame],
    labels: Mapping[str, Sequence[Mapping[str, Any]]],
    refuses: Callable[[str], bool],
    beside: Mapping[str, pd.DataFrame],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows of all sets, and the labels of each that met no rating.

    `ratings` are tables as `rated_in_parts` takes them. `beside` are judges' ratings of texts that are not in the
    grid, by set.
    """
    parts: list[pd.DataFrame] = []
    unmatched: dict[str, int] = {}
    inside = {name: [label for label in entries if label["unit"] is None] for name, entries in labels.items()}
    rows = rated_in_parts(ratings, {label["metric"] for entries in inside.values() for label in entries})
    if len(rows):
        parts.append(judges_rows(rows))
    for name, entries in labels.items():
        outside = [label for label in entries if label["unit"] is not None]
        if outside:
            parts.append(outside_rows(name, outside, refuses, beside.get(name)))
        if inside[name] and len(rows):
            labelled, unmatched[name] = labelled_rows(name, inside[name], rows)
            parts.append(labelled)
        elif inside[name]:
            unmatched[name] = len(inside[name])
    together = [part for part in parts if len(part)]
    return pd.concat(together, ignore_index=True) if together else pd.DataFrame(columns=list(ROW_COLUMNS)), unmatched
