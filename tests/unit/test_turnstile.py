"""Turns: never more than there is room for, the earliest work first, and none is lost when somebody leaves."""

import asyncio

from personas.batch.turnstile import Turnstile


async def _pass(turnstile: Turnstile, rank: int, order: list[int], seconds: float = 0.0) -> None:
    async with turnstile.turn(rank):
        order.append(rank)
        await asyncio.sleep(seconds)


async def test_of_those_that_wait_the_lowest_rank_goes_first() -> None:
    turnstile, order = Turnstile(1), list[int]()
    tasks = [asyncio.create_task(_pass(turnstile, rank, order)) for rank in (9, 3, 1, 2, 3)]
    await asyncio.gather(*tasks)
    assert order == [9, 1, 2, 3, 3], "the first came when there was room"


async def test_there_are_never_more_than_there_is_room_for() -> None:
    turnstile, here, most = Turnstile(3), 0, 0

    async def visit(rank: int) -> None:
        nonlocal here, most
        async with turnstile.turn(rank):
            here += 1
            most = max(most, here)
            await asyncio.sleep(0.001)
            here -= 1

    await asyncio.gather(*(visit(rank % 5) for rank in range(100)))
    assert most == 3 and here == 0


async def test_a_turn_of_somebody_who_left_goes_to_the_next() -> None:
    turnstile, order = Turnstile(1), list[int]()
    first = asyncio.create_task(_pass(turnstile, 0, order, 0.05))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(_pass(turnstile, rank, order)) for rank in (1, 2, 3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await first  # its turn was handed to rank 2, as rank 1 had left
    waiting[1].cancel()
    await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    await asyncio.wait_for(_pass(turnstile, 4, order), 5)
    assert order[0] == 0 and {3, 4} <= set(order)
