"""A limit draws from every group of items, the same for everybody; the rest of the benchmark is no secret."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from personas.benchmarks.base import Item
from personas.benchmarks.bfi import Bfi
from personas.benchmarks.draw import draw
from personas.benchmarks.xstest import XsTest
from personas.workflow.terminal.status import items_left_out, notes
from tests.external import refer
from tests.helpers import DEMO, Project


def items(**sizes: int) -> list[Item]:
    """Items of labels, one label after the other, as the files have them."""
    labels = [label for label, size in sizes.items() for _ in range(size)]
    return [Item(str(n), f"Prompt {n}", {"label": label}) for n, label in enumerate(labels)]


def labels(drawn: list[Item]) -> Counter[str]:
    return Counter(item.scoring["label"] for item in drawn)


def test_two_items_of_xstest_are_a_safe_and_an_unsafe_one() -> None:
    drawn = draw(XsTest().load(DEMO / "xstest.csv"), 2, XsTest.groups, 0)
    assert labels(drawn) == {"safe": 1, "unsafe": 1}


def test_five_items_of_bfi_are_of_five_traits() -> None:
    drawn = draw(Bfi().load(DEMO / "bfi.json"), 5, Bfi.groups, 0)
    assert len({item.scoring["trait"] for item in drawn}) == 5


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1, {"a": 1}), (2, {"a": 1, "b": 1}), (3, {"a": 1, "b": 1, "c": 1}), (11, {"a": 6, "b": 4, "c": 1})],
)
def test_every_group_has_one_and_further_ones_go_by_size(limit: int, expected: dict[str, int]) -> None:
    assert labels(draw(items(c=3, b=40, a=60), limit, ("label",), 0)) == expected


def test_a_draw_keeps_the_order_and_is_part_of_every_larger_one() -> None:
    all_of_them = items(a=6, b=4)
    draws = [draw(all_of_them, limit, ("label",), 7) for limit in range(1, 11)]
    for smaller, larger in pairwise(draws):
        assert smaller == [item for item in larger if item in smaller]
    assert draws[-1] == all_of_them and [item for item in all_of_them if item in draws[4]] == draws[4]


def test_another_seed_draws_others_and_the_place_in_the_file_does_not_count() -> None:
    first, other = (draw(items(a=50), 5, ("label",), seed) for seed in (0, 1))
    assert {item.id for item in first} != {item.id for item in other}
    assert sorted(item.id for item in first) == sorted(i.id for i in draw(items(a=50)[::-1], 5, ("label",), 0))
    assert [item.id for item in first] != ["0", "1", "2", "3", "4"], "not simply the first"


def test_personas_and_the_baseline_are_asked_the_same_drawn_items(project: Project) -> None:
    study = project.set({"benchmarks/general/limit": 1}).study()
    for persona in study.personas.values():
        own = study.items_for("general", persona.role)
        assert [i.id for i in own] == [i.id for i in study.items_for("general", None, as_role=persona.role)]


def test_what_a_limit_leaves_out_is_said(project: Project) -> None:
    study = project.set({"benchmarks/xstest/limit": 2, "benchmarks/ifbench/limit": None}).study()
    of_xstest = f"benchmark xstest: 2 of {len(study.items['xstest'])} items are asked, drawn by its limit"
    assert of_xstest in items_left_out(study) and f"{of_xstest}." in notes(study)
    assert "benchmark general: 1 of 4 items are asked of each persona, drawn by its limit" in items_left_out(study)
    assert not any("ifbench" in line for line in items_left_out(study))


def test_third_party_items_are_named_by_the_draw(project: Project, tmp_path: Path) -> None:
    """The same before and after the file came; where all rows are asked, as they were before there was a draw."""
    refer(project)
    cells = {}
    for limit, seed in ((2, 0), (2, 1), (3, 0), (None, 0)):
        section = {"benchmarks/xstest/limit": limit, "benchmarks/xstest/limit_seed": seed}
        grid = project.set(section).grid()
        cells[limit, seed] = {c.digest for c in grid.cells if c.benchmark == "xstest" and not c.judge}
    assert not cells[2, 0] & (cells[2, 1] | cells[3, 0] | cells[None, 0])
