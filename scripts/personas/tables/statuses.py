"""How answers and verdicts ended: shares of statuses."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.checks import ANSWER, require_columns, require_unique
from personas.tables import reading
from personas.tables.table import ratings, ratings_of_answers, table

_BY_CHECKPOINT = ["model", "persona", "benchmark", "checkpoint"]
_BY_SOURCE = ["source", "model", "persona", "benchmark", "metric", "judge", "reference"]
_NEEDED = {*ANSWER, "metric", "judge", "reference", "status", "cut"}


def answer_status_shares(ratings: pd.DataFrame) -> pd.DataFrame:
    """How answers to items ended: columns model, persona, benchmark, checkpoint, status, n_answers, n_planned, share.

    One row per status that occurs; `share` (0..1) is `n_answers / n_planned`, and adds up to 1 over the
    statuses of one (model, persona, benchmark, checkpoint). Answers are counted on the rows of metric
    "words", which exist once per answer whatever its status; conditions, orders and replicates are pooled.

    Raises:
        ValueError: a column is missing, or an answer has two "words" rows.
    """
    answers = _answers(ratings)
    # A table that also holds utterances has gaps in this column, which turn it into floats.
    return _shares(answers.astype({"checkpoint": "int64"}), _BY_CHECKPOINT, "n_answers")


def status_shares(ratings: pd.DataFrame) -> pd.DataFrame:
    """How answers and verdicts ended, apart from each other; checkpoints, rounds, conditions, orders are pooled.

    Columns: source, model, persona, benchmark, metric, judge, reference, status, n, n_planned, share, n_cut.
    `source` is "answers" (answers to items, counted on the rows of metric "words"; metric, judge and reference are
    null) or "verdicts" (every row with a judge, "rules" among them; benchmark is null for utterances,
    reference is null unless two answers were compared). `share` (0..1) is `n / n_planned` and adds up to 1
    over the statuses of one row of the other columns. `n_cut` counts verdicts on an answer of which the judge read
    only a part, because the config says so.

    Raises:
        ValueError: a column is missing, or an answer has two "words" rows.
    """
    answers = _answers(ratings).assign(source="answers", metric=None, judge=None, reference=None)
    verdicts = ratings[ratings["judge"].notna()].assign(source="verdicts")
    parts = [part[[*_BY_SOURCE, "status", "cut"]].astype("object") for part in (answers, verdicts) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else verdicts
    shares = _shares(rows, _BY_SOURCE, "n")
    return shares.assign(n_cut=_cut(rows))


def shares_of_files(shares: Callable[[pd.DataFrame], pd.DataFrame], paths: Sequence[Path]) -> pd.DataFrame:
    """Return `shares` (one of the above) of files of ratings, one of which is in memory at a time."""
    tables = [shares(reading.rows_of([path], _NEEDED)) for path in paths]
    filled = [table for table in tables if len(table)]
    if not filled:
        return tables[0]
    rows = pd.concat(filled, ignore_index=True)
    keys = list(rows.columns[: list(rows.columns).index("status")])
    counts = [name for name in ("n", "n_answers", "n_cut") if name in rows]
    sums = rows.groupby([*keys, "status"], sort=True, dropna=False)[counts].sum().reset_index()
    return _with_shares(sums, keys, counts[0])[list(rows.columns)]


def _cut(rows: pd.DataFrame) -> list[int]:
    """Count the rows of cut answers, in the order of `_shares`; none says so of rows that no judge made."""
    if rows.empty:
        return []
    flags = rows.assign(cut=rows["cut"].eq(True).astype("int64"))
    return [int(n) for n in flags.groupby([*_BY_SOURCE, "status"], sort=True, dropna=False)["cut"].sum()]


def _answers(ratings: pd.DataFrame) -> pd.DataFrame:
    require_columns(ratings, _NEEDED)
    answers = ratings[(ratings["metric"] == "words") & ratings["checkpoint"].notna()]
    require_unique(answers, ANSWER, "words")
    return answers


def _shares(rows: pd.DataFrame, keys: Sequence[str], name: str) -> pd.DataFrame:
    """Count the statuses per `keys`, null counting as a value of its own."""
    return _with_shares(
        rows.groupby([*keys, "status"], sort=True, dropna=False).size().reset_index(name=name), keys, name
    )


def _with_shares(counts: pd.DataFrame, keys: Sequence[str], name: str) -> pd.DataFrame:
    planned = counts.groupby(list(keys), dropna=False)[name].transform("sum")
    return counts.assign(n_planned=planned, share=counts[name] / planned)


def statuses_of_files(ratings: Sequence[Path]) -> pd.DataFrame:
    """Return `status_shares` of files of ratings."""
    return shares_of_files(status_shares, ratings)


def answer_statuses_of_files(ratings: Sequence[Path]) -> pd.DataFrame:
    """Return `answer_status_shares` of files of ratings."""
    return shares_of_files(answer_status_shares, ratings)


def _statuses(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("status", {"ratings": [*ratings(context), *context.outputs("completion_ratings")]})


def _answer_statuses(grid: Grid, context: Context) -> Iterator[Instance]:
    yield Instance("answer-status", {"ratings": ratings_of_answers(context)})


STATUSES = table(
    "statuses", statuses_of_files, _statuses, module=__name__, title="How answers and verdicts ended", from_files=True
)
ANSWER_STATUSES = table(
    "answer_statuses",
    answer_statuses_of_files,
    _answer_statuses,
    module=__name__,
    title="How answers ended",
    from_files=True,
)
