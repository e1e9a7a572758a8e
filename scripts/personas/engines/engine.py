"""The engine of a batch: started when first needed, watched while used, ended with the batch."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from personas.config.models import EndpointModel, LlamaCppModel, Model, ReleasedModel, VllmModel
from personas.core.errors import UserError
from personas.engines import llamacpp, vllm
from personas.engines.builds import vllm_build
from personas.engines.command import Command
from personas.engines.health import healthy
from personas.engines.http.client import Client
from personas.engines.http.patience import HOSTED
from personas.engines.place import Place
from personas.engines.slots import gpu_slots
from personas.engines.supervisor import Supervisor, free_port
from personas.engines.weights.local_weights import local_weights


@dataclass(frozen=True)
class Served:
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


@asynccontextmanager
async def serve(model: Model, place: Place) -> AsyncIterator[Served]:
    """Serve a model for as long as the context lasts."""
    match model:
        case EndpointModel():
            client = _endpoint(model, place)
            try:
                yield Served(client)
            finally:
                await client.close()
        case LlamaCppModel():
            async with _supervised(partial(llamacpp.command, model, place), place) as served:
                yield served
        case VllmModel():
            async with _vllm(model, place) as served:
                yield served
        case ReleasedModel():
            raise UserError(
                f"{place.where}.engine: found released, expected an engine: released answers are imported."
            )


def lane_hints(model: Model, lane: int | None) -> dict[str, Any]:
    """Return what tells an engine that keeps lanes which of them a request belongs to; nothing for others."""
    return llamacpp.hints(model, lane) if isinstance(model, LlamaCppModel) and lane is not None else {}


def _endpoint(model: EndpointModel, place: Place) -> Client:
    key = "none"
    if model.key_variable:
        key = os.environ.get(model.key_variable, "")
        if not key:
            raise UserError(
                f"{place.where}.key_variable: the environment has no {model.key_variable}, "
                "expected the key of the endpoint in it."
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UserError(
                f"{place.where}.key_variable: found blanks, a line break or foreign letters in {model.key_variable}, "
                "expected nothing but the key."
            )
    name, unknown = model.served_name or model.id, frozenset(model.leave_out)
    return Client(model.base_url, key, name, HOSTED, unknown, model.max_tokens_as)


@asynccontextmanager
async def _vllm(model: VllmModel, place: Place) -> AsyncIterator[Served]:
    weights = local_weights(model, place.where, place.machine)

    def command(devices: list[str] | None) -> Callable[[int, str], Command]:
        return lambda port, key: vllm.command(model, place.slug, place.machine, weights, devices, port, key)

    if vllm_build(place.machine).on_cpu:
        async with _supervised(command(None), place) as served:
            yield served
    else:
        slots = gpu_slots(model.tensor_parallel, place.machine, place.where, model.gpu_memory)
        async with slots as devices, _supervised(command(devices), place, ",".join(devices)) as served:
            yield served


@asynccontextmanager
async def _supervised(
    command: Callable[[int, str], Command], place: Place, devices: str | None = None
) -> AsyncIterator[Served]:
    key, port = secrets.token_urlsafe(32), free_port()
    engine = command(port, key)
    supervisor = Supervisor(engine.arguments, engine.environment, place.log, place.machine.engine_variables)
    client = Client(f"http://127.0.0.1:{port}/v1", key, place.slug)
    try:
        await supervisor.start(client.answers, engine.deadline)
        yield Served(client, supervisor, port, devices)
    finally:
        await client.close()
        await supervisor.stop()
