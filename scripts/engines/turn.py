"""Batches of one limited endpoint take turns, so that together they do not ask for more than one of them may."""

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


@asynccontextmanager
async def turn(leases: Path, slug: str) -> AsyncIterator[bool]:
    """Be the only batch that asks the model `slug`, waiting for as long as another is; gives whether it waited.

    A locked file, so a turn ends with its holder, however that ends. The file stays: removed, it could be locked
    twice under one name.
    """
    leases.mkdir(parents=True, exist_ok=True)
    handle = os.open(leases / f".endpoint-{slug}", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        waited = False
        while not _locked(handle):
            if not waited:
                logger.info("%s: another batch asks this model, whose limits are for all together; waiting.", slug)
            waited = True
            await asyncio.sleep(LOOK_SECONDS)
        yield waited
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
