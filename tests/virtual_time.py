"""An event loop whose clock jumps to the next event: hours of waiting pass at once, and nothing else does."""

import asyncio
import functools
import selectors
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Waits for nothing, and tells how long it was asked to wait."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.waited += max(timeout or 0.0, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Everything that is awaited must be a timer, or ready: a socket or a thread takes no time here."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.waited


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; `asyncio.get_running_loop().time` is its clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def in_virtual_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test with the loop's clock as the monotonic one: nothing comes late, however busy the machine is."""

    @functools.wraps(test)
    def run_it(*arguments: Any, **named: Any) -> None:
        async def with_its_clock() -> None:
            with mock.patch.object(time, "monotonic", asyncio.get_running_loop().time):
                await test(*arguments, **named)

        run(with_its_clock())

    return run_it
