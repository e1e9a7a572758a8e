"""The least that has to be computed: a beginning counts once, whoever asks behind it."""

import pytest

from personas.engines.request import CHARACTERS_PER_MESSAGE as MORE
from personas.engines.request import Request
from personas.requests.prefixes import Prefixes


def request(*turns: str, what: str = "bfi") -> Request:
    roles = ("system", *("user", "assistant") * len(turns))
    messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
    return Request({}, messages, 0.0, 1.0, 8, 0, {}, what=what)


def test_a_first_prompt_is_all_new() -> None:
    assert Prefixes().share_new(request("S", "one")) == 1.0


def test_items_behind_one_dialogue_are_new_by_themselves_only() -> None:
    prefixes = Prefixes()
    prefixes.share_new(request("S" * 84, "first"))
    assert prefixes.share_new(request("S" * 84, "second")) == pytest.approx((6 + MORE) / (84 + 6 + 2 * MORE))


def test_a_round_goes_on_after_the_round_before() -> None:
    prefixes = Prefixes()
    prefixes.share_new(request("S", "one", what="dialogues"))
    share = prefixes.share_new(request("S", "one", "answer", "two", what="dialogues"))
    assert share == pytest.approx((6 + 3 + 2 * MORE) / (1 + 3 + 6 + 3 + 4 * MORE))


def test_judgements_share_the_rubric_that_their_message_begins_with() -> None:
    prefixes = Prefixes()
    prefixes.share_new(request("T", "R" * 100 + "one", what="judged style"))
    prefixes.share_new(request("T", "Q" * 100 + "one", what="judged knowledge"))
    share = prefixes.share_new(request("T", "R" * 100 + "two", what="judged style"))
    assert share == pytest.approx((3 + MORE) / (1 + 103 + 2 * MORE))


def test_a_single_message_shares_its_beginning_too() -> None:
    prefixes = Prefixes()
    first = Request({}, [{"role": "user", "content": "R" * 50 + "one"}], 0.0, 1.0, 8, 0, {}, what="judged style")
    second = Request({}, [{"role": "user", "content": "R" * 50 + "two"}], 0.0, 1.0, 8, 0, {}, what="judged style")
    assert prefixes.share_new(first) == 1.0
    assert prefixes.share_new(second) == pytest.approx((3 + MORE) / (53 + MORE))


def test_it_grows_with_dialogues_and_not_with_items() -> None:
    prefixes = Prefixes()
    for number in range(1000):
        prefixes.share_new(request("S", f"item {number}"))
    assert len(prefixes._seen) == 1 and sum(map(len, prefixes._behind.values())) <= 8


def test_a_role_is_part_of_a_beginning() -> None:
    prefixes = Prefixes()
    prefixes.share_new(request("S", "one", what="dialogues"))
    other = Request({}, [{"role": "developer", "content": "S"}, {"role": "user", "content": "one"}], 0, 1, 8, 0, {})
    assert prefixes.share_new(other) == 1.0
