"""What every engine declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from personas.config.models import ModelSection

if TYPE_CHECKING:  # who plans serves nothing, and clients take a while to load; so it is in all modules of engines
    from personas.engines.place import Place
    from personas.engines.running import RunningEngine


@dataclass(frozen=True)
class Engine:
    """An engine: its section of the config, and how a model of it is served for as long as a context lasts.

    `section` names the engine in its field `engine`, and tells what it takes, keeps and counts. `lane` returns what
    tells an engine that keeps lanes which of them a request belongs to: further fields of the request.
    """

    section: type[ModelSection]
    serve: Callable[[Any, Place], AbstractAsyncContextManager[RunningEngine]]
    lane: Callable[[Any, int], Mapping[str, Any]] = lambda model, lane: {}

    @property
    def name(self) -> str:
        """The name in the config."""
        [name] = get_args(self.section.model_fields["engine"].annotation)
        return str(name)
