"""Limits of an endpoint: a sliding window, money that is reserved, and turns of batches that share them."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from personas.batch.endpoint_turn import endpoint_turn
from personas.config.sampling import Limits, Price, Sampling
from personas.engines.errors import EngineOverBudget
from personas.engines.http.trouble import Failing, Overloaded, Trouble
from personas.engines.kinds.endpoint import EndpointModel
from personas.engines.limits import handover
from personas.engines.limits.budget import Budget, cost
from personas.engines.limits.gate import Gate, Window
from personas.engines.limits.turn import turn
from personas.engines.request import Reply, Request
from personas.requests.journal import Journal
from personas.requests.spending import spent_so_far
from tests.virtual_time import in_virtual_time

PRICE = Price(prompt_per_million=1.0, completion_per_million=10.0)
REQUEST = Request({}, [{"role": "user", "content": "x" * 384}], 0.0, 1.0, 100, 0, {})  # 400 characters: 100 tokens
OK = Reply("ok", text="a", prompt_tokens=50, completion_tokens=7)


async def passed(window: Window, amounts: list[float]) -> list[float]:
    """Take the amounts side by side; return the seconds after which each passed."""
    started, times = time.monotonic(), []

    async def one(amount: float) -> None:
        await window.take(amount)
        times.append(time.monotonic() - started)

    await asyncio.gather(*(one(amount) for amount in amounts))
    return times


@in_virtual_time
async def test_never_more_than_the_limit_in_any_stretch_of_time() -> None:
    times = await passed(Window(5, seconds=10), [1] * 17)
    assert times == pytest.approx([0] * 5 + [10] * 5 + [20] * 5 + [30] * 2), "a token bucket would fail here"


@in_virtual_time
async def test_what_is_settled_below_the_estimate_makes_room_at_once() -> None:
    window = Window(100, seconds=60)
    first = await window.take(90)
    waiting = asyncio.create_task(window.take(50))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    window.settle(first, 10)
    await asyncio.wait_for(waiting, 1)


@in_virtual_time
async def test_what_is_settled_above_the_estimate_counts() -> None:
    window = Window(100, seconds=10)
    window.settle(await window.take(10), 95)
    started = time.monotonic()
    await window.take(10)
    assert time.monotonic() - started == pytest.approx(10)


@in_virtual_time
async def test_what_left_the_window_can_still_be_settled() -> None:
    window = Window(100, seconds=10)
    old = await window.take(100)
    await asyncio.sleep(11)
    await window.take(100)
    window.settle(old, 0)
    waiting = asyncio.create_task(window.take(100))
    await asyncio.sleep(9)
    assert not waiting.done(), "settling what is gone gives nothing back"
    await asyncio.wait_for(waiting, 2)


@in_virtual_time
async def test_what_alone_exceeds_the_limit_goes_alone() -> None:
    assert await passed(Window(10, seconds=10), [1, 50, 1]) == pytest.approx([0, 10, 20])


@in_virtual_time
async def test_first_come_first_served() -> None:
    window, order = Window(10, seconds=10), []

    async def one(name: str, amount: float) -> None:
        await window.take(amount)
        order.append(name)

    await window.take(8)
    await asyncio.gather(one("large", 9), one("small", 1))
    assert order == ["large", "small"], "a small one never starves a large one"


@in_virtual_time
async def test_a_set_clock_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert await passed(Window(2, seconds=10), [1] * 4) == pytest.approx([0, 0, 10, 10])


# The gate: what a try reserves, and what is counted after it.


@pytest.mark.parametrize(
    ("result", "tokens", "money"),
    [
        pytest.param(OK, 57, cost(PRICE, 50, 7), id="usage as told"),
        pytest.param(Reply("empty", prompt_tokens=50, completion_tokens=100), 150, cost(PRICE, 50, 100), id="empty"),
        pytest.param(Reply("ok", text="a"), 200, cost(PRICE, 100, 100), id="usage untold: the estimate"),
        pytest.param(Reply("api_error", detail="HTTP 400"), 0, 0.0, id="refused: nothing"),
        pytest.param(
            Reply("api_error", prompt_tokens=50, completion_tokens=1), 51, cost(PRICE, 50, 1), id="api_error"
        ),
        pytest.param(Overloaded("HTTP 429"), 0, 0.0, id="429: nothing"),
        pytest.param(Failing("timed out"), 200, cost(PRICE, 100, 100), id="no answer came: it may have cost"),
    ],
)
async def test_what_a_try_takes(result: Reply | Trouble, tokens: float, money: float) -> None:
    budget = Budget(PRICE, 1.0, 0.0, "models.m", lambda: 0)
    gate = Gate(Limits(tokens_per_minute=1000), budget)
    async with gate.admit(REQUEST) as ticket:
        assert gate.tokens is not None and gate.tokens._sum == 200, "100 of the prompt, 100 at most of the answer"
        assert ticket.settle(result) is result
    assert gate.tokens._sum == pytest.approx(tokens) and budget.spent == pytest.approx(money)


async def test_estimates_learn_from_usage() -> None:
    """A language with many tokens a character must not slip through at the rate of English."""
    gate = Gate(Limits(tokens_per_minute=10_000))
    async with gate.admit(REQUEST) as ticket:
        ticket.settle(Reply("ok", text="a", prompt_tokens=400, completion_tokens=1))
    async with gate.admit(REQUEST) as ticket:
        assert ticket.prompt == 400
        ticket.settle(OK)
    async with gate.admit(REQUEST) as ticket:
        assert ticket.prompt == 400


# Money


async def test_what_is_under_way_is_reserved() -> None:
    budget = Budget(PRICE, cost(PRICE, 0, 250), 0.0, "models.m", lambda: 3)
    await budget.reserve(0, 100)
    await budget.reserve(0, 100)
    third = asyncio.create_task(budget.reserve(0, 100))
    await asyncio.sleep(0.01)
    assert not third.done(), "it waits for the real price of those under way"
    budget.settle(0, 100, 0, 20)
    await asyncio.wait_for(third, 1)
    assert budget.spent == pytest.approx(cost(PRICE, 0, 20))


async def test_the_cap_ends_it_once_nothing_is_under_way() -> None:
    budget = Budget(PRICE, cost(PRICE, 0, 250), cost(PRICE, 0, 60), "models.m", lambda: 1234)
    await budget.reserve(0, 100)
    second = asyncio.create_task(budget.reserve(0, 100))
    await asyncio.sleep(0.01)
    assert not second.done()
    budget.settle(0, 100, 0, 100)
    with pytest.raises(EngineOverBudget) as told:
        await second
    assert str(told.value) == (
        "models.m.limits.spending: 0.0016 of 0.0025 USD is spent, and the next request could exceed that; "
        "at most 1,234 requests are left. Raise it and start again: the run goes on from the journal."
    )
    assert (EngineOverBudget.name, EngineOverBudget.exit_code) == ("engine-over-budget", 79)


async def test_once_over_nothing_cheaper_is_let_through() -> None:
    """The batch is ending then: an answer could be paid for and lost."""
    budget = Budget(PRICE, cost(PRICE, 0, 250), cost(PRICE, 0, 200), "models.m", lambda: 2)
    results = await asyncio.gather(budget.reserve(0, 100), budget.reserve(0, 10), return_exceptions=True)
    assert [type(result) for result in results] == [EngineOverBudget] * 2


async def test_a_cap_that_is_met_exactly_is_not_exceeded() -> None:
    budget = Budget(PRICE, 3 * cost(PRICE, 1, 1), 0.0, "models.m", lambda: 0)
    for _ in range(3):
        await budget.reserve(1, 1)
        budget.settle(1, 1, 1, 1)
    with pytest.raises(EngineOverBudget):
        await budget.reserve(1, 1)


async def test_all_journals_of_a_model_count_as_spent(tmp_path: Path) -> None:
    for number in range(2):
        async with Journal(tmp_path / "journal/m", f"b{number}") as journal:
            await journal.append(f"{number:064x}", OK)
            await journal.append(f"{number + 5:064x}", Reply("blocked"))
    (tmp_path / "journal/m/torn.jsonl").write_bytes(b'{"key":"')
    assert spent_so_far(tmp_path, "m", PRICE) == pytest.approx(2 * cost(PRICE, 50, 7))
    assert spent_so_far(tmp_path, "other", PRICE) == 0


# Turns


async def test_batches_take_turns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    inside = 0

    async def batch() -> None:
        nonlocal inside
        async with turn(tmp_path / "leases", "m"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.02)
            inside -= 1

    await asyncio.gather(batch(), batch())
    assert len(caplog.records) == 1, "the one that waits says so once"


async def test_models_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async with turn(tmp_path, "m"), asyncio.timeout(5), turn(tmp_path, "n"):
        pass


async def test_a_turn_ends_with_its_holder(tmp_path: Path) -> None:
    program = "import asyncio, pathlib, sys\nfrom personas.engines.limits.turn import turn\n" + (
        "async def main():\n async with turn(pathlib.Path(sys.argv[1]), 'm'):\n"
        "  print('held', flush=True)\n  await asyncio.sleep(60)\nasyncio.run(main())"
    )
    holder = await asyncio.create_subprocess_exec(
        *_python(program, tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert holder.stdout is not None and await holder.stdout.readline() == b"held\n"
    waiting = asyncio.create_task(_take(tmp_path))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    holder.kill()
    await holder.wait()
    await asyncio.wait_for(waiting, 5)


def _python(program: str, *arguments: Any) -> list[str]:
    import sys

    return [sys.executable, "-c", program, *map(str, arguments)]


async def _take(folder: Path) -> None:
    async with turn(folder, "m"):
        pass


# What one batch hands on to the next. The clock is moved by hand, and nobody waits.


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@asynccontextmanager
async def batch(results: Path, **limits: float) -> AsyncIterator[Gate]:
    model = EndpointModel(
        engine="endpoint",
        id="m",
        revision="r",
        base_url="http://127.0.0.1:1/v1",
        sampling=Sampling(temperature=0.0, max_tokens=100),
        limits=Limits(**limits),
    )
    async with endpoint_turn(model, results, "m", "models.m", lambda: 0) as gate:
        assert gate is not None
        yield gate


async def ask(gate: Gate, times: int = 1) -> None:
    for _ in range(times):
        async with gate.admit(REQUEST) as ticket:
            ticket.settle(OK)  # 57 tokens


def wait(gate: Gate, requests: int = 1, tokens: float = 0.0) -> float:
    """The seconds until that fits."""
    return max(window._wait({"requests": requests, "tokens": tokens}[name]) for name, window in gate.windows.items())


async def test_a_batch_does_not_wait_where_the_limit_leaves_room(tmp_path: Path, clock: list[float]) -> None:
    for _ in range(3):
        async with batch(tmp_path, requests_per_minute=100_000, tokens_per_minute=100_000) as gate:
            assert wait(gate, 6, 600) == 0
            await ask(gate, 6)
        clock[0] += 1


async def test_what_the_batches_before_took_counts_for_a_minute(tmp_path: Path, clock: list[float]) -> None:
    async with batch(tmp_path, requests_per_minute=10, tokens_per_minute=1000) as gate:
        await ask(gate, 4)
        clock[0] += 10
    async with batch(tmp_path, requests_per_minute=10, tokens_per_minute=1000) as gate:
        await ask(gate, 4)
        clock[0] += 20
    async with batch(tmp_path, requests_per_minute=10, tokens_per_minute=1000) as gate:
        assert wait(gate, 2) == 0 and wait(gate, 3) == 30, "the first four leave 60 s after they came"
        assert wait(gate, 0, 1000 - 8 * 57) == 0 and wait(gate, 0, 1001 - 8 * 57) == 30
        clock[0] += 30
        assert wait(gate, 6) == 0 and wait(gate, 7) == 10
    clock[0] += 61
    async with batch(tmp_path, requests_per_minute=10) as gate:
        assert wait(gate, 10) == 0


@pytest.mark.parametrize("text", [b"{}", b'{"boot": "x", "at', b'{}oot": "x"}'])
async def test_after_a_kill_the_minute_is_used_up(tmp_path: Path, clock: list[float], text: bytes) -> None:
    async with batch(tmp_path, requests_per_minute=10) as gate:
        assert (tmp_path / "leases/.endpoint-m").read_bytes() == b"{}", "what a kill leaves"
    (tmp_path / "leases/.endpoint-m").write_bytes(text)
    async with batch(tmp_path, requests_per_minute=10) as gate:
        assert wait(gate) == 60


async def test_a_limit_that_the_batch_before_did_not_know(tmp_path: Path, clock: list[float]) -> None:
    async with batch(tmp_path, requests_per_minute=10) as gate:
        await ask(gate)
    clock[0] += 15
    async with batch(tmp_path, requests_per_minute=10, tokens_per_minute=1000) as gate:
        assert wait(gate, 9) == 0 and wait(gate, 0, 1) == 45


async def test_what_another_machine_took_counts_as_if_just_now(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with batch(tmp_path, requests_per_minute=10) as gate:
        await ask(gate, 10)
        clock[0] += 20
    monkeypatch.setattr(handover, "_boot", lambda: "another")
    clock[0] += 5000  # its clock has another zero
    async with batch(tmp_path, requests_per_minute=10) as gate:
        assert wait(gate) == 40


async def test_limits_hold_where_the_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    async with batch(tmp_path, requests_per_minute=10) as gate:
        await ask(gate)
    assert "m: its limits cannot be handed on to the next batch (No space left on device)" in caplog.text


async def test_a_gate_tells_how_long_it_holds_requests_back() -> None:
    gate = Gate(Limits(requests_per_minute=1))
    assert gate.wait_left() == 0.0
    async with gate.admit(REQUEST):
        second = asyncio.create_task(gate.admit(REQUEST).__aenter__())
        await asyncio.sleep(0.01)
        assert 50 < gate.wait_left() <= 60
        second.cancel()
