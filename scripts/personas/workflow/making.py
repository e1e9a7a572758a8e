"""Make one artefact of a frozen plan, and fail in one sentence.

What takes long to import is imported only where an artefact is made: a job that has it made elsewhere never does.
"""

import importlib
import logging
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from personas.core.errors import UserError

if TYPE_CHECKING:
    from personas.plan.frozen import FrozenPlan


class Making(NamedTuple):
    """One artefact to make: `maker` is `module:function`, the others are paths, of plan, output and log."""

    maker: str
    plan: str
    output: str
    log: str


def make(making: Making) -> int:
    """Make an artefact in this process and return the exit code of its job; what went wrong is told and logged."""
    logging.basicConfig(
        filename=making.log,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph
    try:
        from personas.plan import frozen as frozen_plans

        frozen = frozen_plans.read(making.plan)
        _maker(making.maker)(frozen, Path(making.output).relative_to(frozen.results).as_posix())
    except UserError as error:
        logging.error("%s", error)
        print(error, file=sys.stderr, flush=True)
        return 1
    except Exception:
        logging.exception("failed")
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


@cache
def warm_up(maker: str) -> None:
    """Import what a maker needs, and do what its module says every fork would else do anew: nothing of any plan."""
    module = importlib.import_module(maker.partition(":")[0])
    getattr(module, "warm_up", lambda: None)()


def _maker(name: str) -> "Callable[[FrozenPlan, str], None]":
    module, _, function = name.partition(":")
    found: Callable[[FrozenPlan, str], None] = getattr(importlib.import_module(module), function)
    return found
