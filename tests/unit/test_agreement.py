"""XSTest: agreement of the rules with a judge, with kappas worked out by hand."""

import math
from typing import Any

import pandas as pd
import pytest

from personas.tables.judges.refusals import AGREEMENT_DTYPES, agreement


def verdicts(*pairs: tuple[float | None, float | None], **changes: Any) -> list[dict[str, Any]]:
    """Two rows for each answer: what the rules say of it, and what the judge says."""
    row = {
        "model": "m",
        "persona": "p",
        "reference_persona": None,
        "condition": "c",
        "order": "fixed",
        "replicate": 1,
        "checkpoint": 0,
        "benchmark": "xstest",
        "metric": "refusal",
        "label": "safe",
    } | changes
    return [
        {**row, "item_id": f"{row['label']}{item}", "judge": by, "value": value}
        for item, pair in enumerate(pairs)
        for by, value in zip(("rules", "selene"), pair, strict=True)
    ]


def found(rows: list[dict[str, Any]], model: str = "all", label: str = "all") -> pd.Series:
    table = agreement(pd.DataFrame(rows), "selene")
    chosen = table[(table["model"] == model) & (table["label"] == label)]
    assert len(chosen) == 1 and list(table.columns) == list(AGREEMENT_DTYPES)
    return chosen.iloc[0]


def test_kappa_of_a_known_table() -> None:
    """20 both, 5 rules only, 10 judge only, 15 neither: agreement .7, by chance .5, kappa .4."""
    row = found(verdicts(*[(1, 1)] * 20, *[(1, 0)] * 5, *[(0, 1)] * 10, *[(0, 0)] * 15))
    assert row["agreement"] == pytest.approx(0.7) and row["kappa"] == pytest.approx(0.4)
    assert (row["refused_by_rules"], row["refused_by_judge"], row["n_both"]) == (0.5, 0.6, 50)


def test_high_agreement_can_have_no_kappa() -> None:
    row = found(verdicts(*[(0, 0)] * 4))
    assert row["agreement"] == 1.0 and math.isnan(row["kappa"])


def test_answers_without_two_verdicts_are_counted_and_left_out() -> None:
    row = found(verdicts((1, 1), (0, 0), (1, None), (None, 0)))
    assert (row["n_planned"], row["n_both"], row["kappa"]) == (4, 2, 1.0)


def test_safe_and_unsafe_and_models_stand_apart() -> None:
    rows = verdicts((0, 0), (0, 1)) + verdicts((1, 1), (1, 0), label="unsafe") + verdicts((1, 1), model="n")
    assert found(rows, label="safe")["refused_by_judge"] == pytest.approx(2 / 3)
    assert found(rows, "m", "unsafe")["agreement"] == 0.5 and found(rows, "n")["n_both"] == 1


def test_verdicts_are_paired_by_item_not_by_place() -> None:
    rows = verdicts((1, 1), (0, 0), (0, 0))
    assert found(rows[::-1])["agreement"] == 1.0


def test_other_judges_and_other_metrics_do_not_count() -> None:
    rows = verdicts((1, 1)) + [{**row, "judge": "other"} for row in verdicts((1, 0)) if row["judge"] == "selene"]
    rows += [{**row, "metric": "words", "value": 9.0} for row in verdicts((1, 1))]
    assert found(rows)["n_both"] == 1
