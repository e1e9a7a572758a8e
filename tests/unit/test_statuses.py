import pandas as pd
import pytest

from personas.tables.statuses import answer_status_shares, status_shares
from tests.unit.test_rounds import utterance
from tests.unit.test_series import rating, table

WORDS = {"metric": "words"}
REFUSAL = {"metric": "refusal", "benchmark": "xstest", "label": "safe"}


def test_answers_and_verdicts_are_counted_apart():
    shares = status_shares(
        table(
            rating(12.0, **WORDS),
            rating(None, **WORDS, item_id="2", status="api_error"),
            rating(9.0, **WORDS, checkpoint=11),
            rating(1.0, **REFUSAL, judge="rules"),
            rating(1.0, **REFUSAL, judge="jay", cut=False),
            rating(None, **REFUSAL, judge="jay", item_id="2", status="judge_unparsed", cut=True),
            utterance(4.0),
            utterance(None, 2, status="judge_unparsed"),
            utterance(None, 3, status="judge_unparsed"),
        )
    )
    found = {
        tuple(None if pd.isna(part) else part for part in row[:8]): row[8:]
        for row in shares.itertuples(index=False, name=None)
    }
    assert found == {
        ("answers", "m", "gaston", "ifbench", None, None, None, "api_error"): (1, 3, pytest.approx(1 / 3), 0),
        ("answers", "m", "gaston", "ifbench", None, None, None, "ok"): (2, 3, pytest.approx(2 / 3), 0),
        ("verdicts", "m", "gaston", "xstest", "refusal", "rules", None, "ok"): (1, 1, 1.0, 0),
        ("verdicts", "m", "gaston", "xstest", "refusal", "jay", None, "ok"): (1, 2, 0.5, 0),
        ("verdicts", "m", "gaston", "xstest", "refusal", "jay", None, "judge_unparsed"): (1, 2, 0.5, 1),
        ("verdicts", "m", "gaston", None, "style", "jay", None, "ok"): (1, 3, pytest.approx(1 / 3), 0),
        ("verdicts", "m", "gaston", None, "style", "jay", None, "judge_unparsed"): (2, 3, pytest.approx(2 / 3), 0),
    }


def test_references_are_counted_apart():
    win = {"metric": "win", "benchmark": "general", "judge": "jay"}
    shares = status_shares(table(rating(1.0, **win, reference="dataset"), rating(0.0, **win, reference="zero")))
    assert shares[["reference", "share"]].values.tolist() == [["dataset", 1.0], ["zero", 1.0]]


def test_shares_add_up():
    rows = [rating(1.0, **WORDS, item_id=str(i), status="ok" if i % 3 else "empty") for i in range(10)]
    assert status_shares(table(*rows))["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("ratings", "sources"),
    [
        (table(rating(1.0, **WORDS)), ["answers"]),
        (table(utterance(1.0)), ["verdicts"]),
        (table(rating(1.0)).iloc[:0], []),
    ],
)
def test_what_is_not_there_has_no_rows(ratings, sources):
    shares = status_shares(ratings)
    assert shares["source"].tolist() == sources
    assert {"source", "metric", "status", "n", "n_planned", "share"} <= set(shares.columns)


def test_utterances_leave_the_table_by_checkpoint_alone():
    answers = table(rating(12.0, **WORDS), rating(9.0, **WORDS, checkpoint=11))
    both = table(rating(12.0, **WORDS), rating(9.0, **WORDS, checkpoint=11), utterance(4.0))
    pd.testing.assert_frame_equal(answer_status_shares(both), answer_status_shares(answers))
