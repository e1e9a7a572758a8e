"""A batch stops before its job ends, and starts nothing that could not finish."""

import asyncio
from dataclasses import dataclass

import pytest

from personas.batch.deadline import MARGIN, VARIABLE, Deadline, job_end
from personas.core.errors import UserError


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def _waits(what: asyncio.Future[None]) -> bool:
    """Tell whether something still waits after everything else had its turn."""
    await asyncio.sleep(0.5)
    return not what.done()


async def _ask(deadline: Deadline, clock: Clock, seconds: float) -> None:
    async with deadline.request():
        clock.now += seconds


async def test_without_an_end_everything_passes_and_nothing_is_due() -> None:
    clock = Clock()
    deadline = Deadline(None, clock)
    await _ask(deadline, clock, 1e9)
    due = asyncio.ensure_future(deadline.until_due())
    assert await _waits(due)
    due.cancel()


async def test_a_request_that_would_end_too_late_does_not_begin() -> None:
    clock = Clock()
    deadline = Deadline(1000.0, clock)
    await _ask(deadline, clock, 300)
    await _ask(deadline, clock, 300)
    await _ask(deadline, clock, 300)  # at 900; another 300 would end at 1200
    late = asyncio.ensure_future(_ask(deadline, clock, 1))
    assert await _waits(late)
    await asyncio.wait_for(deadline.until_due(), 5)
    assert clock.now < 1000 - MARGIN, "nothing is under way, so there is nothing to wait for"
    late.cancel()


async def test_requests_under_way_are_waited_for() -> None:
    clock = Clock(900.0)
    deadline = Deadline(1000.0, clock)
    over = asyncio.Event()

    async def under_way() -> None:
        async with deadline.request():
            await over.wait()

    request = asyncio.ensure_future(under_way())
    await asyncio.sleep(0)
    await _ask(deadline, clock, 60)  # at 960, and now the longest
    due = asyncio.ensure_future(deadline.until_due())
    assert await _waits(due), "one is under way, and there are 20 s left"
    over.set()
    await request
    await asyncio.wait_for(due, 5)


async def test_the_margin_ends_the_wait() -> None:
    clock = Clock(900.0)
    deadline = Deadline(1000.0, clock)
    request = asyncio.ensure_future(_ask_for_ever(deadline))
    await asyncio.sleep(0)
    clock.now = 1000 - MARGIN + 1
    await asyncio.wait_for(deadline.until_due(), 5)
    request.cancel()


async def _ask_for_ever(deadline: Deadline) -> None:
    async with deadline.request():
        await asyncio.Event().wait()


async def test_a_short_job_is_not_all_margin() -> None:
    clock = Clock()
    deadline = Deadline(40.0, clock)
    clock.now = 29.0
    due = asyncio.ensure_future(deadline.until_due())
    assert await _waits(due)
    clock.now = 31.0
    await asyncio.wait_for(due, 5)


@pytest.mark.parametrize(("told", "end"), [("1800000000", 1.8e9), ("", None)], ids=["given", "empty"])
def test_the_end_comes_from_the_environment(told: str, end: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, told)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert job_end() == end


def test_a_bad_end_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "soon")
    with pytest.raises(UserError, match="PERSONAS_DEADLINE: found 'soon', expected seconds since 1970"):
        job_end()
