"""Answers requests from the journal, or through the engine, which starts when it is first needed."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from typing import Any

from personas.batch.deadline import Deadline
from personas.batch.progress import Progress
from personas.batch.refusals import Refusals
from personas.batch.turnstile import Turnstile
from personas.engines.errors import EngineUnavailable
from personas.engines.limits.gate import Gate
from personas.engines.request import Reply, Request
from personas.engines.running import RunningEngine
from personas.plan.outcome import ITS_TURN
from personas.requests.journal import Journal


class Asker:
    """One per batch. A request that is under way or finished is never sent a second time.

    `limited` is held while the engine is; waiting for it is not the engine's time. `is_main`: whether it is the
    engine that the batch is about; what starts beside it is counted, but says nothing of its time.
    """

    def __init__(
        self,
        journal: Journal,
        start: Callable[[], AbstractAsyncContextManager[RunningEngine]],
        concurrency: int,
        progress: Progress,
        limited: Callable[[], AbstractAsyncContextManager[Gate | None]] = nullcontext,
        deadline: Deadline | None = None,
        is_main: bool = True,
    ) -> None:
        self._journal = journal
        self._start = start
        self._limited = limited
        self._turnstile = Turnstile(concurrency)
        self._progress = progress
        self._deadline = deadline or Deadline(None)
        self._is_main = is_main
        self.refusals = Refusals()
        self._under_way: dict[str, asyncio.Future[Reply]] = {}
        self._served: RunningEngine | None = None
        self._starting = asyncio.Lock()
        self._start_failure: BaseException | None = None
        self._stack = AsyncExitStack()
        self._watcher: asyncio.Task[None] | None = None
        self._owner: asyncio.Task[Any] | None = None
        self.failure: BaseException | None = None

    async def __aenter__(self) -> "Asker":
        self._owner = asyncio.current_task()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watcher:
            self._watcher.cancel()
        await self._stack.aclose()

    async def ask(self, request: Request, hints: Mapping[str, Any], rank: int = 0) -> Reply:
        """Return the reply to a request; `hints` go to the engine and not into the key. Lower ranks go first."""
        reply = self._journal.get(request.key)
        if reply is not None:
            self._progress.count_reused()
            self.refusals.note(request, reply)
            return reply
        if request.key in self._under_way:
            reply = await asyncio.shield(self._under_way[request.key])
            self._progress.count_reused()
            return reply
        mine: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._under_way[request.key] = mine
        try:
            reply = await self._send(request, hints, rank)
        except BaseException:
            mine.cancel()
            raise
        finally:
            del self._under_way[request.key]
        mine.set_result(reply)
        self.refusals.note(request, reply)
        return reply

    async def _send(self, request: Request, hints: Mapping[str, Any], rank: int) -> Reply:
        served = await self._engine()
        async with self._turnstile.turn(rank), self._deadline.request():
            began = self._progress.pace.now()
            try:
                reply = await served.client.send(request, hints)
            except EngineUnavailable:
                await asyncio.sleep(1.0)  # an engine that died shows here first; let the watcher say why
                raise
            took = self._progress.pace.now() - began
        if reply.status != "api_error":  # it stands in the cell; asked again, it may well succeed
            await self._journal.append(request.key, reply)
        self._progress.count_answer(request, reply, took)
        return reply

    async def _engine(self) -> RunningEngine:
        async with self._starting:
            if self._start_failure is not None:
                raise self._start_failure  # whoever waited for the first start must not try a second
            if self._served is None:
                try:
                    self._wait_for(ITS_TURN)
                    gate = await self._stack.enter_async_context(self._limited())
                    self._wait_for("its engine to start")
                    if self._is_main:
                        self._progress.engine_starts()
                    self._served = await self._stack.enter_async_context(self._start())
                except BaseException as error:
                    self._start_failure = error
                    raise
                if gate is not None:
                    self._served.client.limit(gate)
                if self._is_main:
                    self._progress.engine_answers(self._served.devices)
                    self._progress.waiting = self._served.client.waiting
                self._watcher = asyncio.create_task(self._watch(self._served))
        return self._served

    def _wait_for(self, what: str) -> None:
        if self._is_main:
            self._progress.waiting = lambda: (what, 0.0)

    async def _watch(self, served: RunningEngine) -> None:
        """Cancel the whole batch when the engine dies: no request then waits for its time-out."""
        try:
            await served.failure()
        except Exception as error:
            self.failure = error
            if self._owner:
                self._owner.cancel()
