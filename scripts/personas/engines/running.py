"""The engine of a batch: started when first needed, watched while used, ended with the batch."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from personas.config.models import ModelSection
from personas.engines.command import Command
from personas.engines.health import healthy
from personas.engines.http.client import Client
from personas.engines.kinds import ENGINES
from personas.engines.place import Place
from personas.engines.supervisor import Supervisor, free_port


@dataclass(frozen=True)
class RunningEngine:
    """A model that answers. `failure` raises once the engine is gone (it never returns)."""

    client: Client
    watcher: Supervisor | None = None
    port: int = 0
    devices: str | None = None

    async def failure(self) -> None:
        """Wait until the engine dies, and raise why; for ever if there is no process to watch."""
        if self.watcher is None:
            await asyncio.Event().wait()
        else:
            await self.watcher.watch(lambda: healthy(self.port))


def serve(model: ModelSection, place: Place) -> AbstractAsyncContextManager[RunningEngine]:
    """Serve a model for as long as the context lasts."""
    return ENGINES[model.engine].serve(model, place)


def lane_hints(model: ModelSection, lane: int | None) -> Mapping[str, Any]:
    """Return what tells an engine that keeps lanes which of them a request belongs to; nothing for others."""
    return {} if lane is None else ENGINES[model.engine].lane(model, lane)


@asynccontextmanager
async def supervise(
    command: Callable[[int, str], Command], place: Place, devices: str | None = None
) -> AsyncIterator[RunningEngine]:
    """Serve with a process of our own, on a free port of 127.0.0.1 and with a random key, on `devices` (GPUs)."""
    key, port = secrets.token_urlsafe(32), free_port()
    engine = command(port, key)
    supervisor = Supervisor(engine.arguments, engine.environment, place.log, place.machine.engine_variables)
    client = Client(f"http://127.0.0.1:{port}/v1", key, place.slug)
    try:
        await supervisor.start(client.answers, engine.deadline)
        yield RunningEngine(client, supervisor, port, devices)
    finally:
        await client.close()
        await supervisor.stop()
