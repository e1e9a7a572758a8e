"""A model's answer is no formula in anybody's spreadsheet."""

import csv
import io

import pytest

from personas.scoring.samples.annotation import as_csv
from personas.scoring.samples.sample import Text


@pytest.mark.parametrize(
    "answer", ["=HYPERLINK(1)", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", " =1", "\n=1", "\uff1d1"]
)
def test_what_looks_like_a_formula_is_text(answer: str) -> None:
    shown = {"unit": "m/p", "user_turn": answer, "answer": answer}
    [row] = csv.DictReader(io.StringIO(as_csv([Text("m/p", (), (), shown)]).decode("utf-8-sig"), newline=""))
    assert (row["unit"], row["user_turn"], row["answer"]) == ("m/p", f"'{answer}", f"'{answer}")


@pytest.mark.parametrize("answer", ["a = b", "'=1'", "", "1 - 2", "Zo\u00eb"])
def test_other_texts_stay(answer: str) -> None:
    [row] = csv.DictReader(
        io.StringIO(as_csv([Text("m/p", (), (), {"answer": answer, "unit": "u"})]).decode("utf-8-sig"))
    )
    assert row.get("answer", "") == answer
