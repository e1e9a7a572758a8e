"""Patterns that are mined in one half of the items and counted in the other: what a rate that is known looks like."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from personas.config.analysis.patterns import Patterns
from personas.scoring.patterns.answer_sets import AnswerSet
from personas.scoring.patterns.count import Documents
from personas.scoring.patterns.halves import HALVES, WHOLE, held_out, second_half
from personas.scoring.patterns.mine import MiningResult, Pattern, mine_documents
from personas.scoring.patterns.mining import count

WORDS = [f"w{number}" for number in range(60)]
CHECKPOINTS = (0, 10)
ITEMS = {1: 60, 2: 120}
"""By number of halves: so each mining reads as many answers."""
Rate = Callable[[int], float]


def spoken(draw: np.random.Generator, speaker: str, rate: Rate, halves: int) -> AnswerSet:
    """Answers to all items at each checkpoint; each word stands in one with the rate of the checkpoint."""
    tokens: list[dict[int, list[list[str]]]] = [{} for _ in range(halves)]
    for checkpoint in CHECKPOINTS:
        said = draw.random((ITEMS[halves], len(WORDS))) < rate(checkpoint)
        answers = [[word for word, here in zip(WORDS, row, strict=True) if here] for row in said]
        for half in range(halves):
            tokens[half][checkpoint] = answers[half::halves]
    return AnswerSet("c", speaker, tokens, [Documents(list(half.values())) for half in tokens])


def rates(seed: int, persona: Rate, halves: int) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return how often the persona's patterns are in its answers at each checkpoint, and the rows of patterns."""
    draw = np.random.default_rng(seed)
    cells = [spoken(draw, "persona", persona, halves), spoken(draw, "baseline", lambda _: 0.1, halves)]
    hits, pairs, patterns = np.zeros(2), np.zeros(2), []
    for half, name in enumerate(HALVES if halves == 2 else [WHOLE]):
        mined = mine_documents(*(cell.tokens[half][0] for cell in cells), fisher_p=0.01)
        assert mined.status == "ok"
        rows, counts = count(mined, cells, CHECKPOINTS, {"mined_at": 0, "half": name}, (half + 1) % halves)
        patterns += list(rows)
        for row in counts:
            if (row["pattern_group"], row["speaker"]) == ("persona", "persona"):
                hits[CHECKPOINTS.index(row["checkpoint"])] += row["n_hits"]
                pairs[CHECKPOINTS.index(row["checkpoint"])] += row["n_patterns"] * row["n_documents"]
    return hits / pairs, patterns


def changes(persona: Rate, halves: int, seeds: int) -> float:
    """Return the mean change of the rate from the first to the last checkpoint."""
    return float(np.mean([np.subtract(*rates(seed, persona, halves)[0][::-1]) for seed in range(seeds)]))


def test_a_constant_rate_seems_to_fall_where_it_is_mined_and_counted_in_the_same_answers() -> None:
    assert changes(lambda _: 0.35, halves=1, seeds=10) < -0.03


def test_a_constant_rate_does_not_fall_across_halves() -> None:
    assert abs(changes(lambda _: 0.35, halves=2, seeds=8)) < 0.03


def test_a_planted_decline_is_seen_across_halves() -> None:
    assert changes(lambda checkpoint: 0.5 if checkpoint == 0 else 0.3, halves=2, seeds=1) == pytest.approx(
        -0.2, abs=0.04
    )


def test_patterns_that_are_there_are_found_held_out() -> None:
    _, rows = rates(1, lambda _: 0.5, halves=2)
    found = [row["q_held_out"] < 0.05 for row in rows if row["pattern_group"] == "persona"]
    assert np.mean(found) > 0.9
    assert all(row["p_held_out"] <= row["q_held_out"] for row in rows)
    assert {row["half"] for row in rows} == set(HALVES)


def test_held_out_p_is_fisher_s() -> None:
    pattern = Pattern((("tide",),), "persona", 9, 1, 3.0, 0.001)
    mined = MiningResult("ok", (pattern,), 10, 10, 0, 0, "")
    held = {(0, "persona"): [3], (0, "baseline"): [0]}
    [row] = held_out(mined, held, {(0, "persona"): 3, (0, "baseline"): 3}, 0)
    assert row == pytest.approx({"p_held_out": 1 / 20, "q_held_out": 1 / 20})  # one of 20 ways to choose 3 of 6
    both = MiningResult("ok", (pattern, pattern), 10, 10, 0, 0, "")
    two = held_out(
        both, {(0, "persona"): [3, 1], (0, "baseline"): [0, 1]}, {(0, "persona"): 3, (0, "baseline"): 3}, 0
    )
    assert two[0]["q_held_out"] == pytest.approx(2 / 20)  # of two tested
    [none] = held_out(mined, {key: [0] for key in held}, dict.fromkeys(held, 0), 0)
    assert none == {"p_held_out": 1.0, "q_held_out": 1.0}


def test_halves_are_of_one_size_and_do_not_depend_on_order() -> None:
    items = [f"i{number}" for number in range(9)]
    second = second_half(items)
    assert len(second) == 4 and second == second_half(items[::-1])
    assert second_half(["alone"]) == frozenset()


def test_halves_are_the_default_but_for_the_study_s_form() -> None:
    assert Patterns().in_halves and not Patterns(cross_fit=False).in_halves
    assert not Patterns(as_published=True).in_halves
    with pytest.raises(ValidationError, match="expected false with as_published"):
        Patterns(as_published=True, cross_fit=True)
