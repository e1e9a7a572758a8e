"""Cut missing cells into batches: one model, a bounded number of cells and engine minutes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scripts.config.models import ModelSection
from scripts.grid.cells import Cell
from scripts.grid.grid import Grid, asked_items

SECONDS_PER_TOKEN = {"llama.cpp": 0.1, "endpoint": 0.02}
"""Stated defaults: seconds from one completion token of an answer to the next, while eight answers are under way."""


@dataclass(frozen=True)
class Batch:
    """The cells one job makes with one engine. Paths are relative to the results folder.

    `inputs` are the finished dialogues that missing responses stand behind. `requests` counts every request of
    the cells, journaled or not; `minutes` is the estimate for all of them.
    """

    name: str
    model: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    requests: int
    minutes: float


@dataclass
class _Family:
    """The missing cells of one persona and replicate, and the finished dialogues they need; never cut apart.

    Its tracks share a system prompt and a seed, and so requests; two batches side by side would send those twice.
    """

    cells: list[Cell] = field(default_factory=list)
    dialogues: set[str] = field(default_factory=set)
    requests: int = 0
    minutes: float = 0.0


def cut(grid: Grid, missing: Sequence[Cell]) -> list[Batch]:
    """Cut missing cells into batches in grid order; a cell of another model never moves a cut."""
    batches: list[Batch] = []
    for model in grid.study.config.models:
        families = _families(grid, [cell for cell in missing if cell.track.model == model])
        for number, group in enumerate(_groups(families, grid), start=1):
            batches.append(_batch(f"generate_{model}_{number:02d}", model, group))
    return batches


def _families(grid: Grid, missing: Sequence[Cell]) -> list[_Family]:
    families: dict[tuple[str, int], _Family] = {}
    sizes, paths = _Sizes(grid), {cell.path for cell in missing}
    for cell in missing:
        family = families.setdefault((cell.track.persona, cell.track.replicate), _Family())
        family.cells.append(cell)
        requests = sizes.requests(cell)
        family.requests += requests
        family.minutes += requests * sizes.seconds_per_request(cell.track.model) / 60
        dialogue = grid.dialogues[cell.track].path
        if dialogue not in paths:
            family.dialogues.add(dialogue)
    return list(families.values())


def _groups(families: Iterable[_Family], grid: Grid) -> Iterator[list[_Family]]:
    limits = grid.study.config.batches
    group: list[_Family] = []
    cells, minutes = 0, 0.0
    for family in families:
        full = cells + len(family.cells) > limits.max_cells or minutes + family.minutes > limits.max_minutes
        if group and full:
            yield group
            group, cells, minutes = [], 0, 0.0
        group.append(family)
        cells += len(family.cells)
        minutes += family.minutes
    if group:
        yield group


def _batch(name: str, model: str, families: Sequence[_Family]) -> Batch:
    return Batch(
        name=name,
        model=model,
        outputs=tuple(cell.path for family in families for cell in family.cells),
        inputs=tuple(path for family in families for path in sorted(family.dialogues)),
        requests=sum(family.requests for family in families),
        minutes=round(sum(family.minutes for family in families), 3),
    )


class _Sizes:
    """How many requests a cell takes and how long one lasts; item counts are looked up once per persona."""

    def __init__(self, grid: Grid) -> None:
        self._study = grid.study
        self._counts: dict[tuple[str, str], dict[str | None, int]] = {}

    def requests(self, cell: Cell) -> int:
        config = self._study.config
        if cell.benchmark is None:
            return config.conditions[cell.track.condition].rounds
        key = (cell.benchmark, cell.track.persona)
        if key not in self._counts:
            self._counts[key] = {who: len(items) for who, items in asked_items(self._study, *key)}
        return len(config.checkpoints) * self._counts[key][cell.as_persona]

    def seconds_per_request(self, model: str) -> float:
        section: ModelSection = self._study.config.models[model]
        engine = self._study.config.models[model].engine
        return section.sampling.max_tokens * SECONDS_PER_TOKEN[engine] / min(section.concurrency, 8)
