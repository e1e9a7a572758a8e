"""GPU slots: batches side by side on one machine, of whatever run or checkout, get disjoint GPUs.

A slot is a locked file per GPU and user, so it dies with the batch that holds it. Who needs several gathers them
under one more lock, so two that gather never wait for each other.
"""

import asyncio
import logging
import os
import re
import socket
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.core.locks import Waiting, open_lock, try_lock
from personas.engines import gpus
from personas.engines.errors import EngineOutOfMemory
from personas.engines.gpus import Gpu

logger = logging.getLogger(__name__)

MEMORY_PATIENCE = 120.0
"""Seconds that an engine before us, or a driver, gets to give its memory back."""

_PAUSE = 0.5


@asynccontextmanager
async def gpu_slots(count: int, machine: Machine, where: str, share: float) -> AsyncIterator[list[str]]:
    """Hold `count` GPUs, each with `share` of its memory free; yields their names for CUDA_VISIBLE_DEVICES.

    Waits while other batches hold them. UserError, which names the config field `where`, when the machine has fewer;
    EngineOutOfMemory when somebody else keeps the memory.
    """
    available = gpus.usable(machine)
    if not available:
        raise UserError(
            f"{where}.engine: found vllm, but this machine shows no GPU, expected one; the embedded engine "
            "(engine: llama.cpp) needs none."
        )
    if count > len(available):
        raise UserError(f"{where}.tensor_parallel: found {count}, expected at most {len(available)}, the GPUs here.")
    async with AsyncExitStack() as stack:
        slots = await _gather(count, available, _folder(machine), stack)
        await _until_free(slots, share)
        logger.info("GPU %s", ", ".join(gpu.name for gpu in slots))
        yield [gpu.name for gpu in slots]


async def _gather(count: int, candidates: Sequence[Gpu], folder: Path, stack: AsyncExitStack) -> list[Gpu]:
    waiting = [Waiting(folder / name) for name in ("queue.lock", *map(_file_name, candidates))]
    async with AsyncExitStack() as queue:
        while not _lock(folder / "queue.lock", queue):
            waiting[0].look()
            await asyncio.sleep(_PAUSE)
        slots: list[Gpu] = []
        is_logged = False
        while True:
            for gpu in candidates:
                if len(slots) < count and gpu not in slots and _lock(folder / _file_name(gpu), stack):
                    slots.append(gpu)
            if len(slots) == count:
                return slots
            if not is_logged:
                logger.info("waiting for a GPU: %d of %d wanted are free", len(slots), count)
                is_logged = True
            for gpu, one in zip(candidates, waiting[1:], strict=True):
                if gpu not in slots:
                    one.look()
            await asyncio.sleep(_PAUSE)


async def _until_free(slots: Sequence[Gpu], share: float) -> None:
    started = time.monotonic()
    while True:
        short = [shortage for gpu in gpus.now(slots) if (shortage := gpu.short_of(share))]
        if not short:
            return
        if time.monotonic() - started > MEMORY_PATIENCE:
            raise EngineOutOfMemory(f"{'; '.join(short)}. Somebody else uses it (see nvidia-smi).")
        await asyncio.sleep(_PAUSE)


def _lock(path: Path, stack: AsyncExitStack) -> bool:
    """Lock a file until `stack` ends; False if somebody else holds it."""
    handle = open_lock(path)
    is_ours = False
    try:
        is_ours = try_lock(handle, path)
    finally:
        if not is_ours:
            os.close(handle)
    if is_ours:
        stack.callback(os.close, handle)
    return is_ours


def _file_name(gpu: Gpu) -> str:
    return f"gpu-{re.sub(r'[^A-Za-z0-9.-]', '_', gpu.identity)}.lock"


def _folder(machine: Machine) -> Path:
    """Return the folder of our locks: of this user and machine, whatever the checkout."""
    above = Path(tempfile.gettempdir())
    if machine.locks is not None:
        above = Path(machine.locks).expanduser() / socket.gethostname()
        above.mkdir(parents=True, exist_ok=True)
    folder = above / f"personas-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise UserError(f"{folder}: found what is not a folder of ours, expected one for locks on GPUs; remove it.")
    return folder
