"""Batches of one limited endpoint take turns, so that together they do not ask for more than one of them may."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from personas.core.locks import Waiting, open_lock, try_lock

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


@asynccontextmanager
async def turn(leases: Path, slug: str) -> AsyncIterator[int]:
    """Be the only batch that asks the model `slug`, waiting for as long as another is; gives the locked file, open.

    A locked file, so a turn ends with its holder, however that ends. The file stays: removed, it could be locked
    twice under one name.
    """
    leases.resolve().mkdir(parents=True, exist_ok=True)  # it may be a link to a folder that is gone
    path = leases / f".endpoint-{slug}"
    handle, waiting = open_lock(path), Waiting(path)
    try:
        waited = False
        while not try_lock(handle, path):
            if not waited:
                logger.info("%s: another batch asks this model, whose limits are for all together; waiting.", slug)
            waited = True
            waiting.look()
            await asyncio.sleep(LOOK_SECONDS)
        yield handle
    finally:
        os.close(handle)
