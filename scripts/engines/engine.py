"""The engine of a batch: started when first needed, watched while used, ended with the batch."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.config.models import EndpointModel, LlamaCppModel, Model
from scripts.engines.client import Client
from scripts.engines.llamacpp import command
from scripts.engines.patience import HOSTED
from scripts.engines.supervisor import Supervisor, free_port
from scripts.errors import UserError


@dataclass(frozen=True)
class Served:
    """A model that answers. `failure` raises once the engine is gone (it never returns)."""

    client: Client
    watcher: Supervisor | None

    async def failure(self) -> None:
        """Wait until the engine dies, and raise why; for ever if there is no process to watch."""
        if self.watcher is None:
            await asyncio.Event().wait()
        else:
            await self.watcher.watch()


@asynccontextmanager
async def serve(model: Model, slug: str, lanes: int, threads: int, log: Path) -> AsyncIterator[Served]:
    """Serve a model for as long as the context lasts."""
    if isinstance(model, EndpointModel):
        client = _endpoint(model, slug)
        try:
            yield Served(client, None)
        finally:
            await client.close()
    else:
        async with _supervised(model, slug, lanes, threads, log) as served:
            yield served


def _endpoint(model: EndpointModel, slug: str) -> Client:
    key = "none"
    if model.key_variable:
        key = os.environ.get(model.key_variable, "")
        if not key:
            raise UserError(
                f"models.{slug}.key_variable: the environment has no {model.key_variable}, "
                "expected the key of the endpoint in it."
            )
    name, unknown = model.served_name or model.id, frozenset(model.leave_out)
    return Client(model.base_url, key, name, HOSTED, unknown)


@asynccontextmanager
async def _supervised(model: LlamaCppModel, slug: str, lanes: int, threads: int, log: Path) -> AsyncIterator[Served]:
    key, port = secrets.token_urlsafe(32), free_port()
    engine = command(model, slug, lanes, model.threads or threads, port, key)
    supervisor = Supervisor(engine.arguments, engine.environment, log)
    client = Client(f"http://127.0.0.1:{port}/v1", key, slug)
    try:
        await supervisor.start(client.answers, engine.deadline)
        yield Served(client, supervisor)
    finally:
        await client.close()
        await supervisor.stop()
