"""Progress of a download: a line on a terminal, nothing elsewhere."""

import sys
from threading import Event

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


class Stopped(Exception):
    """The download was told to stop."""


class Bytes:
    """Counts bytes of several files at once; once `stop` is set, whoever counts stops."""

    def __init__(self, name: str, total: int) -> None:
        self.stop = Event()
        self._bar = Progress(
            TextColumn("{task.description}"),
            *(BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()),
            console=Console(file=sys.stderr),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._task = self._bar.add_task(name, total=total)

    def __enter__(self) -> "Bytes":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, count: int) -> None:
        """Count bytes that came, or were lost."""
        if self.stop.is_set():
            raise Stopped
        self._bar.advance(self._task, count)
