"""What a batch process can be made to see: pauses that pass fast, a clock that jumps, a file that may not grow."""

import importlib
import itertools
import resource
import selectors
import sys
import time
from collections.abc import Mapping
from typing import Any

from personas.engines.command import Command
from tests.faults.server import KEY_VARIABLE, RULES_VARIABLE


def apply(patches: Mapping[str, Any]) -> None:
    """Apply patches by name; each name is a function of this module."""
    for name, value in patches.items():
        globals()[name](value)


def values(wanted: Mapping[str, Any]) -> None:
    """Set attributes by their full names; AttributeError for one that does not exist."""
    for place, value in wanted.items():
        module, _, name = place.rpartition(".")
        home = importlib.import_module(module)
        getattr(home, name)
        setattr(home, name, value)


def speed(factor: float) -> None:
    """Let pauses and time-outs pass `factor` times faster, whatever library they belong to."""
    real_time, real_sleep, real_select = time.monotonic, time.sleep, selectors.DefaultSelector.select
    began = real_time()

    def select(self: Any, timeout: float | None = None) -> Any:
        return real_select(self, timeout / factor if timeout else timeout)

    values(
        {
            "time.monotonic": lambda: began + (real_time() - began) * factor,
            "time.sleep": lambda seconds: real_sleep(seconds / factor),
            "selectors.DefaultSelector": type("Fast", (selectors.DefaultSelector,), {"select": select}),
        }
    )


def clock(jump: float) -> None:
    """Let the wall clock jump at every look: now `jump` seconds ahead, now as many behind, now right."""
    real_time, real_ns, offsets = time.time, time.time_ns, itertools.cycle([jump, -jump, 0.0])
    real_local, real_utc, real_format = time.localtime, time.gmtime, time.strftime
    values(
        {
            "time.time": lambda: real_time() + next(offsets),
            "time.time_ns": lambda: real_ns() + int(next(offsets) * 1e9),
            "time.localtime": lambda seconds=None: real_local(time.time() if seconds is None else seconds),
            "time.gmtime": lambda seconds=None: real_utc(time.time() if seconds is None else seconds),
            "time.strftime": lambda form, at=None: real_format(form, time.localtime() if at is None else at),
        }
    )


def file_size(limit: int) -> None:
    """Let no file grow beyond `limit` bytes: the disk refuses the write that would (EFBIG)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def engine(rules: Mapping[str, Any]) -> None:
    """Supervise a fake engine, `tests.faults.server` with these rules, instead of llama.cpp."""
    import json

    from personas.engines.kinds import llama_cpp as llamacpp

    told = dict(rules)
    deadline = told.pop("deadline", 240.0)

    def command(model: Any, place: Any, port: int, key: str) -> Command:
        arguments = [sys.executable, "-m", "tests.faults.server", "--as-engine", "--port", str(port)]
        return Command(arguments, {KEY_VARIABLE: key, RULES_VARIABLE: json.dumps(told)}, deadline)

    values({f"{llamacpp.__name__}.command": command})
