"""Upkeep changes what runs rely on, so it works alone in a results folder."""

import os
import socket
from contextlib import AbstractContextManager
from pathlib import Path

from personas.core.errors import UserError
from personas.core.lease import EVERYTHING, conflict_sentence, lease, live_holders


def refuse_beside_others(results: Path) -> None:
    """Stop with one sentence while anybody works in the results folder; even looking would tell what is half done."""
    others = sorted(live_holders(results / "leases"), key=lambda holder: not holder.is_run)
    if others:
        raise UserError(conflict_sentence(others))


def alone(results: Path, command: str) -> AbstractContextManager[None]:
    """Hold a lease on the whole results folder: UserError where anybody holds one, and no run starts beside it."""
    run = f"upkeep-{socket.gethostname()}-{os.getpid()}"  # read again by `lease` where a full disk keeps the rest out
    return lease(results / "leases", f"personas-{command}", run, [EVERYTHING], patience=0)
