"""One dialogue: rounds in order, items behind exactly the rounds of their checkpoint."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from personas.benchmarks.base import Item
from personas.config.reading.loader import validate
from personas.engines.kinds.endpoint import EndpointModel
from personas.engines.request import WITH_TEXT, Reply, Request
from personas.grid.cells import Cell, Track
from personas.prompts.recipe import opening
from personas.requests.steps import CellItems
from personas.requests.track import TrackWork
from personas.requests.transcript import Round

MODEL = validate(
    EndpointModel,
    {
        "engine": "endpoint",
        "id": "org/a",
        "revision": "1",
        "base_url": "http://h/v1",
        "sampling": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 24, "seed": 3},
    },
    "test",
)
TRACK = Track("a", "keeper", "talk", "fixed", 1)
CELLS = {name: Cell(TRACK, {"benchmark": name}, name) for name in ("bfi", "general")}
DIALOGUE = Cell(TRACK, {"kind": "dialogue"})
ITEMS = {"bfi": [Item("1", "item-1"), Item("2", "item-2")], "general": [Item("q1", "item-q1")]}


def work(checkpoints: Sequence[int] = (0, 2), system: str | None = "SYSTEM", **changes: Any) -> TrackWork:
    asked = [CellItems(CELLS[name], items, {"bfi": 16, "general": 24}[name]) for name, items in ITEMS.items()]
    given: dict[str, Any] = {
        "model": MODEL,
        "identity": {"id": "org/a"},
        "opening": opening(MODEL, system),
        "turns": ["turn-1", "turn-2", "turn-3"],
        "seed": 3,
        "dialogue": DIALOGUE,
        "cell_items": asked,
        "checkpoints": checkpoints,
    }
    return TrackWork(**{**given, **changes})


class Fake:
    """Answers `<turn>!`, or by `special`; remembers requests, and how many were under way with each."""

    def __init__(self, special: Callable[[str], Reply | None] = lambda turn: None) -> None:
        self.special = special
        self.requests: list[Request] = []
        self.ended: list[str] = []
        self.beside: dict[tuple[int, str], int] = {}
        self.under_way = 0

    async def ask(self, request: Request) -> Reply:
        turn = request.messages[-1]["content"]
        self.requests.append(request)
        self.beside[len(request.messages) // 2, turn] = self.under_way
        self.under_way += 1
        for _ in range(5):
            await asyncio.sleep(0)
        self.under_way -= 1
        self.ended.append(turn)
        return self.special(turn) or Reply("ok", text=f"{turn}!")

    def turns(self) -> list[str]:
        return [request.messages[-1]["content"] for request in self.requests]

    def find(self, turn: str) -> list[Request]:
        return [request for request in self.requests if request.messages[-1]["content"] == turn]


def contents(request: Request) -> list[str]:
    return [message["content"] for message in request.messages]


async def held(in_order: bool, special: Any = lambda turn: None, **changes: Any) -> tuple[TrackWork, Fake]:
    one, fake = work(**changes), Fake(special)
    await one.run(fake.ask, in_order)
    return one, fake


both_ways = pytest.mark.parametrize("in_order", [True, False], ids=["in order", "side by side"])


@both_ways
async def test_rounds_are_held_in_order_behind_all_before(in_order: bool) -> None:
    one, fake = await held(in_order)
    assert [r.number for r in one.rounds] == [1, 2, 3] and [r.user for r in one.rounds] == [
        "turn-1",
        "turn-2",
        "turn-3",
    ]
    assert [turn for turn in fake.turns() if turn.startswith("turn")] == ["turn-1", "turn-2", "turn-3"]
    assert contents(fake.find("turn-1")[0]) == ["SYSTEM", "turn-1"]
    assert contents(fake.find("turn-3")[0]) == ["SYSTEM", "turn-1", "turn-1!", "turn-2", "turn-2!", "turn-3"]
    roles = [message["role"] for message in fake.find("turn-3")[0].messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


@both_ways
async def test_items_see_exactly_the_rounds_of_their_checkpoint(in_order: bool) -> None:
    _, fake = await held(in_order)
    for turn in ("item-1", "item-2", "item-q1"):
        assert sorted(map(contents, fake.find(turn)), key=len) == [
            ["SYSTEM", turn],
            ["SYSTEM", "turn-1", "turn-1!", "turn-2", "turn-2!", turn],
        ]


@both_ways
@pytest.mark.parametrize("checkpoints", [(0,), (3,), (0, 1, 2, 3), (1, 3)], ids=str)
async def test_responses_by_checkpoint_and_item(in_order: bool, checkpoints: tuple[int, ...]) -> None:
    one, fake = await held(in_order, checkpoints=checkpoints)
    for name, items in ITEMS.items():
        rows = [(r.checkpoint, r.item, r.prompt) for r in one.responses[CELLS[name].path]]
        assert rows == [(t, item.id, item.prompt) for t in checkpoints for item in items]
    assert len(fake.requests) == work(checkpoints).planned == 3 + 3 * len(checkpoints)


async def test_in_order_nothing_is_side_by_side() -> None:
    _, fake = await held(in_order=True)
    items = ["item-1", "item-2", "item-q1"]
    assert set(fake.beside.values()) == {0}
    assert fake.turns() == [*items, "turn-1", "turn-2", *items, "turn-3"]


async def test_side_by_side_the_first_item_warms_the_prefix() -> None:
    _, fake = await held(in_order=False, checkpoints=(3,))
    assert fake.turns()[:4] == ["turn-1", "turn-2", "turn-3", "item-1"]
    assert {turn: beside for (_, turn), beside in fake.beside.items() if turn.startswith("item")} == {
        "item-1": 0,
        "item-2": 0,
        "item-q1": 1,
    }


async def test_side_by_side_the_dialogue_goes_on_meanwhile() -> None:
    _, fake = await held(in_order=False, checkpoints=(0,))
    assert fake.ended.index("turn-1") < fake.ended.index("item-2")
    assert fake.turns().index("item-1") < 2


@both_ways
async def test_the_baseline_has_no_system_prompt(in_order: bool) -> None:
    _, fake = await held(in_order, system=None)
    assert all(request.messages[0]["role"] == "user" for request in fake.requests)


async def test_what_a_request_carries() -> None:
    _, fake = await held(in_order=True)
    [turn], item, general = fake.find("turn-1"), fake.find("item-1")[0], fake.find("item-q1")[0]
    assert (turn.temperature, turn.top_p, turn.seed, turn.model) == (0.5, 0.9, 3, {"id": "org/a"})
    assert [turn.max_tokens, item.max_tokens, general.max_tokens] == [24, 16, 24]


@both_ways
async def test_keys_of_what_was_asked_are_kept(in_order: bool) -> None:
    one, fake = await held(in_order)
    kept = [r.key for r in one.rounds] + [r.key for cell in one.responses.values() for r in cell]
    assert sorted(map(str, kept)) == sorted(request.key for request in fake.requests)


@both_ways
@pytest.mark.parametrize("status", ["context_overflow", "blocked", "api_error"])
async def test_nothing_is_asked_behind_a_broken_round(in_order: bool, status: Any) -> None:
    def broken(turn: str) -> Reply | None:
        return Reply(status, detail="why") if turn == "turn-2" else None

    one, fake = await held(in_order, broken)
    assert [r.reply.status for r in one.rounds] == ["ok", status, status]
    assert [r.reply.detail for r in one.rounds[1:]] == [
        "why",
        f"not asked: round 2 of the dialogue ended as {status}",
    ]
    assert [r.key is None for r in one.rounds] == [False, False, True]
    for rows in one.responses.values():
        assert {(r.checkpoint, r.reply.status, r.key is None) for r in rows} == {(0, "ok", False), (2, status, True)}
        assert all("round 2" in str(r.reply.detail) and r.reply.text is None for r in rows if r.checkpoint == 2)
    assert "turn-3" not in fake.turns() and len(fake.requests) == 2 + 3


@both_ways
async def test_an_item_that_breaks_breaks_nothing_else(in_order: bool) -> None:
    one, _ = await held(in_order, lambda turn: Reply("blocked") if turn == "item-1" else None)
    assert [r.reply.status for r in one.rounds] == ["ok"] * 3
    assert [r.reply.status for r in one.responses[CELLS["bfi"].path]] == ["blocked", "ok"] * 2


@both_ways
@pytest.mark.parametrize(
    ("reply", "stands"),
    [
        pytest.param(Reply("empty", text=""), "", id="empty"),
        pytest.param(Reply("empty", text=None), "", id="null"),
        pytest.param(Reply("truncated", text="Hal"), "Hal", id="truncated"),
        pytest.param(Reply("refused", text="No."), "No.", id="refused"),
    ],
)
async def test_the_dialogue_goes_on_after(in_order: bool, reply: Reply, stands: str) -> None:
    assert reply.status in WITH_TEXT
    one, fake = await held(in_order, lambda turn: reply if turn == "turn-1" else None)
    assert contents(fake.find("turn-2")[0]) == ["SYSTEM", "turn-1", stands, "turn-2"]
    assert [r.reply.status for r in one.rounds] == [reply.status, "ok", "ok"]


@both_ways
async def test_a_finished_dialogue_is_not_held_again(in_order: bool) -> None:
    rounds = [Round(n, f"turn-{n}", Reply("ok", text=f"before-{n}"), "k") for n in (1, 2, 3)]
    one = work(rounds=rounds, dialogue=None)
    fake = Fake()
    assert one.planned == 6
    await one.run(fake.ask, in_order)
    assert {turn[:4] for turn in fake.turns()} == {"item"} and len(fake.requests) == 6
    assert max(map(contents, fake.find("item-2")), key=len) == [
        "SYSTEM", "turn-1", "before-1", "turn-2", "before-2", "item-2",
    ]  # fmt: skip


@both_ways
async def test_without_items_only_the_dialogue_is_held(in_order: bool) -> None:
    one, fake = await held(in_order, cell_items=[])
    assert fake.turns() == ["turn-1", "turn-2", "turn-3"] and one.responses == {}
    assert work(cell_items=[]).planned == 3


@both_ways
async def test_a_failure_of_the_infrastructure_is_no_answer(in_order: bool) -> None:
    one = work()

    async def ask(request: Request) -> Reply:
        raise ConnectionError("gone")

    with pytest.raises(ExceptionGroup):
        await one.run(ask, in_order)
    assert one.rounds == [] and one.responses == {}
