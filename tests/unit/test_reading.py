"""Tables made of files of ratings are those of all ratings at once, and never hold all of them."""

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from personas.scoring.table import ratings_table
from personas.stats.panels import OVERVIEW, WORDS
from personas.tables import reading
from personas.tables.judges.refusals import agreement, agreement_of_files
from personas.tables.series.by_checkpoint import series_by_checkpoint, series_of_files
from personas.tables.statuses import answer_status_shares, shares_of_files, status_shares
from tests.unit.test_rounds import utterance
from tests.unit.test_series import rating

Rows = list[dict[str, Any]]
BY_RULES: Rows = [{"judge": "rules"}]
BY_BOTH: Rows = [*BY_RULES, {"judge": "jay", "cut": True}]


def _benchmark(model: str, benchmark: str, **metrics: Rows) -> Rows:
    """Ratings of two items at two checkpoints, for a persona and the baseline; one answer failed."""
    rows: Rows = []
    for persona, checkpoint, item in product(("gaston", "baseline"), (0, 11), "12"):
        fails = (checkpoint, item) == (11, "2")
        where = {
            "model": model,
            "benchmark": benchmark,
            "persona": persona,
            "checkpoint": checkpoint,
            "item_id": item,
        }
        where |= {"status": "api_error"} if fails else {}
        label = {"label": "unsafe" if item == "1" else "safe"} if benchmark == "xstest" else {}
        judged: dict[str, Rows] = {"words": [{}], **metrics}
        for metric, others in judged.items():
            value = None if fails else float(len(persona) * (metric == "words") + int(item) - 1)
            rows += [rating(value, **where, **label, metric=metric, **other) for other in others]
    return rows


@pytest.fixture
def parts() -> list[Rows]:
    """One list for each file: benchmarks of two models, and utterances."""
    return [
        *(_benchmark(model, "xstest", refusal=BY_BOTH) for model in ("m", "n")),
        *(_benchmark(model, "ifbench", loose=BY_RULES, strict=BY_RULES) for model in ("n", "m")),
        [utterance(4.0), utterance(None, 2, status="judge_unparsed")],
    ]


@pytest.fixture
def files(parts: list[Rows], tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.parquet" for number in range(len(parts))]
    for path, rows in zip(paths, parts, strict=True):
        pq.write_table(ratings_table([{"judged_sha256": "0" * 64, **row} for row in rows]), path)
    return paths


@pytest.fixture
def ratings(files: list[Path]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)


def test_files_give_what_all_ratings_give(files: list[Path], ratings: pd.DataFrame) -> None:
    panels = (*OVERVIEW, WORDS)
    pairs = [
        (series_of_files(files, panels), series_by_checkpoint(ratings, panels)),
        (agreement_of_files(files, "jay"), agreement(ratings, "jay")),
        (shares_of_files(status_shares, files), status_shares(ratings)),
        (shares_of_files(answer_status_shares, files), answer_status_shares(ratings)),
    ]
    for of_files, of_all in pairs:
        assert len(of_all) > 2
        pd.testing.assert_frame_equal(of_files, of_all)


def test_rows_of_one_group_in_two_files_are_pooled(parts: list[Rows], tmp_path: Path) -> None:
    rows = [row for part in parts for row in part]
    halves = [tmp_path / "even.parquet", tmp_path / "odd.parquet"]
    for first, path in enumerate(halves):
        pq.write_table(ratings_table(rows[first::2]), path)
    whole = pd.concat([pd.read_parquet(path) for path in halves], ignore_index=True)
    pd.testing.assert_frame_equal(shares_of_files(status_shares, halves), status_shares(whole))
    pd.testing.assert_frame_equal(shares_of_files(answer_status_shares, halves), answer_status_shares(whole))


def test_what_is_in_memory_at_a_time(
    files: list[Path], ratings: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, rows_of = list[int](), reading.rows_of

    def noted(*arguments: Any) -> pd.DataFrame:
        rows = rows_of(*arguments)
        assert "judged_sha256" not in rows
        read.append(len(rows))
        return rows

    monkeypatch.setattr(reading, "rows_of", noted)
    shares_of_files(status_shares, files)
    series_of_files(files, OVERVIEW)
    agreement_of_files(files, "jay")
    assert read and max(read) < len(ratings) / 2
