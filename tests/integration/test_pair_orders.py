"""Which of two answers stands first: by parity, by a seed, or both; what that does to names, requests and ratings."""

from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from personas.config.judges import Judge
from personas.grid.cells import Cell
from personas.plan.frozen import FrozenPlan
from personas.prompts.judge.order import orders_of, reference_first, win
from personas.tables.series.by_checkpoint import series_by_checkpoint
from tests.helpers import FakeServer, Outcome, Project, answer, by_plain_path, changed, make
from tests.panels import benchmark_panels

COMPARED = {"judges/j/utterances": [], "judges/j/benchmarks": ["role-specific", "general"]}
LIMITS = {"benchmarks/role-specific/limit": 3, "benchmarks/general/limit": 3}


@pytest.fixture
def comparing(judged: Project) -> Project:
    """The tiny study with a judge that only compares, three items each."""
    return judged.set({**COMPARED, **LIMITS, "benchmarks/bfi": None, "benchmarks/xstest": None})


def judge_says(server: FakeServer, verdict: Any) -> None:
    """Let the judge answer by a function of its prompt."""

    def decide(body: dict[str, Any]) -> Outcome | None:
        if body["model"] != "org/judge-1b":
            return None
        found = verdict(body["messages"][-1]["content"])
        return answer(f'{{"reasoning": "So.", "verdict": "{found}"}}' if found else "I cannot say.")

    server.decide = decide


def prefers_the_model(prompt: str) -> str:
    """Say the letter of the answer that the fake model wrote, wherever it stands."""
    return "A" if "nique answer" in prompt.split("<answer-a>")[1].split("</answer-a>")[0] else "B"


def compared(frozen: FrozenPlan) -> list[Cell]:
    return [cell for cell in frozen.grid.cells if cell.judge]


def rated(frozen: FrozenPlan, benchmark: str = "general") -> pd.DataFrame:
    """Return the judged ratings of a benchmark, made as the rule makes them."""
    rated = (a for a in frozen.artefacts if a.declared_family == "ratings")
    [made] = [a for a in rated if a.spec["benchmark"] == benchmark]
    table = pd.read_parquet(make(frozen, made))
    return table[table["judge"] == "j"]


def test_both_is_the_default_and_parity_has_no_mark(comparing: Project) -> None:
    assert all("pairs" not in cell.spec for cell in comparing.set({"judges/j/pairs": "parity"}).grid().cells)
    both = by_plain_path(comparing.set({"judges/j/pairs": "both"}).grid())
    judge = {name: value for name, value in comparing.raw()["judges"]["j"].items() if name != "pairs"}
    assert by_plain_path(comparing.set({"judges/j": judge}).grid()) == both


@pytest.mark.parametrize("pairs", [None, "both", "seeded"])
def test_imported_judgements_have_the_order_of_the_study(pairs: str | None) -> None:
    model = {
        "engine": "released",
        "id": "org/j",
        "revision": "r1",
        "directory": "j",
        "sampling": {"temperature": 0.0, "max_tokens": 8},
    }
    judge = {"model": model, **({"pairs": pairs} if pairs else {})}
    if pairs is None:
        assert Judge.model_validate(judge).pairs == "parity"
    else:
        with pytest.raises(ValidationError, match="expected parity where judgements are imported"):
            Judge.model_validate(judge)


@pytest.mark.parametrize("pairs", ["both", "seeded"])
def test_another_order_renames_comparisons_and_nothing_else(judged: Project, pairs: str) -> None:
    before = judged.grid()
    touched = changed(before, judged.set({"judges/j/pairs": pairs}).grid())
    assert touched == {cell.plain_path for cell in before.cells if cell.reference}


def test_a_seed_counts_only_where_it_is_used(comparing: Project) -> None:
    for pairs, moves in (("parity", False), ("both", False), ("seeded", True)):
        before = comparing.set({"judges/j/pairs": pairs, "judges/j/pair_seed": 1}).grid()
        assert bool(changed(before, comparing.set({"judges/j/pair_seed": 2}).grid())) == moves


def test_a_seeded_order_is_no_function_of_the_number(comparing: Project) -> None:
    judge = comparing.set({"judges/j/pairs": "seeded"}).study().config.judges["j"]
    items = [f"q{n}" for n in range(200)]
    orders = [orders_of(judge, n, item) for n, item in enumerate(items)]
    assert orders == [orders_of(judge, 0, item) for item in items]
    assert 70 < sum(first for [first] in orders) < 130
    assert 70 < sum(first == reference_first(n) for n, [first] in enumerate(orders)) < 130
    other = comparing.set({"judges/j/pair_seed": 43}).study().config.judges["j"]
    assert orders != [orders_of(other, n, item) for n, item in enumerate(items)]


@pytest.mark.parametrize("references", [["dataset"], ["dataset", "zero", "previous"]], ids=len)
@pytest.mark.parametrize("pairs", ["parity", "seeded", "both"])
def test_as_many_requests_as_estimated(
    comparing: Project, server: FakeServer, pairs: str, references: list[str]
) -> None:
    comparing.set({"judges/j/pairs": pairs, "judges/j/references": references, "checkpoints": [0, 1, 2]})
    plan_report = comparing.plan_report()
    expected = sum(plan_report.estimates[cell.path].requests for cell in plan_report.plan.missing if cell.judge)
    frozen = comparing.run()
    assert sum(body["model"] == "org/judge-1b" for body in server.bodies) == expected
    for cell in compared(frozen):
        firsts = [row["reference_is_a"] for row in pq.read_table(frozen.results / cell.path).to_pylist()]
        assert len(firsts) == plan_report.estimates[cell.path].rows
        if pairs == "both":
            assert firsts == [True, False] * (len(firsts) // 2)


def test_a_second_plan_finds_everything_in_the_journal(comparing: Project) -> None:
    frozen = comparing.set({"judges/j/pairs": "both"}).run()
    for cell in compared(frozen):
        (frozen.results / cell.path).unlink()
    estimates = comparing.plan_report().estimates.values()
    assert sum(e.to_send for e in estimates) == 0 < sum(e.journaled for e in estimates)


def test_a_judge_that_likes_the_first_answer_wins_half_and_follows_the_order(
    comparing: Project, server: FakeServer
) -> None:
    judge_says(server, lambda prompt: "A")
    ratings = rated(comparing.set({"judges/j/pairs": "both"}).run())
    assert set(ratings.loc[ratings["metric"] == "win", "value"]) == {0.5}
    assert set(ratings.loc[ratings["metric"] == "follows-order", "value"]) == {1.0}


def test_a_judge_that_looks_at_the_answers_does_not(comparing: Project, server: FakeServer) -> None:
    judge_says(server, prefers_the_model)
    ratings = rated(comparing.set({"judges/j/pairs": "both"}).run())
    assert set(ratings.loc[ratings["metric"] == "win", "value"]) == {1.0}
    assert set(ratings.loc[ratings["metric"] == "follows-order", "value"]) == {0.0}


@pytest.mark.parametrize("pairs", ["parity", "seeded"])
def test_one_order_has_one_rating_an_answer(comparing: Project, server: FakeServer, pairs: str) -> None:
    judge_says(server, prefers_the_model)
    ratings = rated(comparing.set({"judges/j/pairs": pairs}).run(), "role-specific")
    assert set(ratings["metric"]) == {"win"} and set(ratings["value"]) == {1.0}


def test_parity_turns_a_love_of_the_first_answer_into_a_pattern_of_items(
    comparing: Project, server: FakeServer
) -> None:
    """Even items are lost and odd ones won: what one pass cannot tell from a difference between items."""
    judge_says(server, lambda prompt: "A")
    ratings = rated(comparing.run())
    by_item = ratings.groupby("item_id")["value"].unique()
    assert {item: list(values) for item, values in by_item.items()} == {"q1": [0.0], "q2": [1.0], "q4": [0.0]}
    assert [win("A", reference_first(n)) for n in range(3)] == [0.0, 1.0, 0.0]


def test_an_answer_with_one_verdict_of_two_has_none(comparing: Project, server: FakeServer) -> None:
    judge_says(server, lambda prompt: "A" if prefers_the_model(prompt) == "A" else None)
    ratings = rated(comparing.set({"judges/j/pairs": "both"}).run())
    assert set(ratings["status"]) == {"judge_unparsed"} and ratings["value"].isna().all()
    assert set(ratings["metric"]) == {"win", "follows-order"}


def test_the_figure_shows_how_often_the_verdict_follows_the_order(comparing: Project, server: FakeServer) -> None:
    judge_says(server, lambda prompt: "A")
    ratings = rated(comparing.set({"judges/j/pairs": "both"}).run())
    panels = benchmark_panels("general", "general", "j", ("dataset",), both_orders=True)
    series = series_by_checkpoint(ratings, panels)
    assert set(series.loc[series["panel"] == "general-follows-order-by-j", "mean"]) == {1.0}
    assert set(series.loc[series["panel"] == "general-win-dataset-by-j", "mean"]) == {0.5}
    alone = benchmark_panels("general", "general", "j", ("dataset",))
    assert "general-follows-order-by-j" not in {panel.slug for panel in alone}
