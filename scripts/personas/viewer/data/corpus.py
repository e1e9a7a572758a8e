"""What the pages read: the cells of a study that are on disk, by the dialogue they belong to, and the tables."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock

from personas.config.kinds import UTTERANCES
from personas.config.personas import NONE
from personas.config.root import COMPLETIONS
from personas.grid.cells import Cell, Track
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.disk import existing_files
from personas.stats.measures import Measure
from personas.tables.measures import measures_of
from personas.viewer.data.database import Database
from personas.viewer.data.memory import TablesInMemory

LABELS = Path("labels")
FRESH = 2.0
"""Seconds for which what was seen of the disk is believed."""


class Corpus:
    """The texts and ratings of a study as its files are now. Cells are read while a run makes more of them.

    Tables are those of `current/`, which a run makes at its end.
    """

    def __init__(
        self, grid: Grid, labels: Path = LABELS, artefacts: Callable[[Grid], Sequence[Artefact]] = lambda _: ()
    ) -> None:
        """Read what a grid names; `labels` is where people's labels are written.

        `artefacts` tells what follows from the cells of a grid, so that pages know what a figure shows.
        """
        self.grid, self.study = grid, grid.study
        self.results, self.labels = Path(grid.study.config.results), labels
        self.database = Database()
        self._kept = TablesInMemory(self.database)
        self._artefacts_of = artefacts
        self._lock, self._seen, self._on_disk = RLock(), -FRESH, frozenset[str]()

    @cached_property
    def dialogues(self) -> Mapping[str, Cell]:
        """Every dialogue of the grid by its name, such as `gemma/pirate/interview-fixed`."""
        return {name_of(cell): cell for cell in self.grid.cells if cell.stage == "dialogues"}

    @cached_property
    def artefacts(self) -> Sequence[Artefact]:
        """What follows from the cells."""
        return self._artefacts_of(self.grid)

    @cached_property
    def by_plain_path(self) -> Mapping[str, Cell]:
        """Every cell of the grid by its plain name."""
        return {cell.plain_path: cell for cell in self.grid.cells}

    @cached_property
    def behind(self) -> Mapping[str, list[Cell]]:
        """The responses and judgements that belong to a dialogue, by its name."""
        by_name: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.grid.cells:
            if cell.stage != "dialogues" and not (cell.completions or cell.second):
                by_name[name_of(cell)].append(cell)
        return by_name

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """What the study measures, by name."""
        return {measure["measure"]: measure for measure in measures_of(self.grid)}

    def on_disk(self) -> frozenset[str]:
        """Return the paths of the cells that are there, below the results folder."""
        with self._lock:
            if time.monotonic() - self._seen > FRESH:
                self._on_disk = existing_files(self.results)
                self._seen = time.monotonic()
            return self._on_disk

    def path(self, cell: Cell) -> Path:
        """Return where a cell lies, or would."""
        return self.results / cell.path

    def has(self, cell: Cell) -> bool:
        """Tell whether a cell is on disk."""
        return cell.path in self.on_disk()

    def cells(self, name: str, stage: str) -> list[Cell]:
        """Return the responses or judgements of a dialogue that are on disk."""
        return [cell for cell in self.behind.get(name, ()) if cell.stage == stage and self.has(cell)]

    def table(self, name: str) -> Path | None:
        """Return a table of the last run by its plain name; None where there is none."""
        path = self.results / "current/tables" / f"{name}.parquet"
        return path if path.exists() else None

    def values(self) -> list[Path]:
        """Return the tables of values of the last run: without an intervention, and with one."""
        return [table for name in ("values", "intervention-values") if (table := self.table(name))]

    def ratings(self, source: str | None = None, track: Track | None = None) -> list[Path]:
        """Return the tables of ratings of a benchmark, or of `UTTERANCES`; None: of every benchmark.

        `track`: only those of its model and intervention.
        """
        names = track and [track.model, "" if track.intervention == NONE else f"with-{track.intervention}"]
        paths = []
        for path in sorted((self.results / "current/tables").glob("ratings-*--*.parquet")):
            model, name, *intervention = path.stem.removeprefix("ratings-").split("--")
            of_source = name == source if source else name != UTTERANCES and model != COMPLETIONS
            if of_source and names in (None, [model, "".join(intervention)]):
                paths.append(path)
        return paths

    def samples(self) -> Mapping[str, Path]:
        """Return the samples that a run drew for people to label, by name."""
        return {path.stem: path for path in sorted((self.results / "current/annotation").glob("*.csv"))}

    def query(self) -> Database:
        """Return the database, its tables in memory brought up to what is on disk."""
        with self._lock:
            there = {name: cell for name, cell in self.dialogues.items() if self.has(cell)}
            self._kept.dialogues({name: (cell.track, self.path(cell)) for name, cell in there.items()})
            self._kept.values(self.values())
        return self.database


def name_of(cell: Cell) -> str:
    """Return the name of the dialogue that a cell is of, or belongs to: its place below `dialogues/`."""
    track = cell.track
    return f"{track.model}/{track.persona}/{track.stem}"
