"""Judgement cells whose prompts begin alike: same rubric, same persona. One lane of an engine judges them in turn."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from personas.engines.request import Ask, Request
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.requests.judging import JudgeWork, cell_works


@dataclass
class SamePrefix:
    """Cells to judge, by the same rubric and as the same persona."""

    members: Sequence[JudgeWork]

    @property
    def planned(self) -> int:
        """Requests at most."""
        return sum(work.planned for work in self.members)

    def in_a_row(self, in_order: bool) -> int:
        """Return how many of the requests that are left wait for each other: all `in_order`, else first rows."""
        left = [(work.planned - len(work.replies), bool(work.replies)) for work in self.members]
        if in_order:
            return sum(rows for rows, _ in left)
        first, *others = [min(rows, 1 if begun else 2) for rows, begun in left]
        return first + max(others, default=0)

    async def run(self, ask: Ask, in_order: bool) -> None:
        """Judge one row after the other where a lane keeps the prefix; else the first cell, then the rest at once."""
        if in_order:
            for work, number, request in self._by_prompt():
                await work.judge_row(number, request, ask)
            return
        for work in self.members[:1]:
            await work.run(ask)
        async with asyncio.TaskGroup() as group:
            for work in self.members[1:]:
                group.create_task(work.run(ask))

    def _by_prompt(self) -> list[tuple[JudgeWork, int, Request]]:
        """Order the rows of all cells by their prompts: a lane keeps what a prompt shares with the one before."""
        rows = [(work, number, request) for work in self.members for number, request in work.requests()]
        return sorted(rows, key=lambda row: [message["content"] for message in row[2].messages])

    def cells(self) -> Iterator[tuple[Cell, pa.Table]]:
        """Yield every cell with its content."""
        for work in self.members:
            yield from work.cells()


def works(grid: Grid, paths: Iterable[str], results: Path) -> list[SamePrefix]:
    """Return the works on the cells to make, those whose prompts begin alike together."""
    groups: dict[tuple[str, str], list[JudgeWork]] = defaultdict(list)
    for work in cell_works(grid, paths, results):
        groups[work.rubric, work.persona.role if work.persona else ""].append(work)
    return [SamePrefix(members) for members in groups.values()]
