"""Judgement cells whose prompts begin alike: same rubric, same persona. One lane of an engine judges them in turn."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from scripts.engines.request import Ask
from scripts.grid.cells import Cell
from scripts.judge.work import JudgeWork


@dataclass
class SamePrefix:
    """Cells to judge, by the same rubric and as the same persona."""

    members: Sequence[JudgeWork]

    @property
    def planned(self) -> int:
        """Requests at most."""
        return sum(work.planned for work in self.members)

    async def run(self, ask: Ask, in_order: bool) -> None:
        """Judge the cells one after the other where a lane keeps the prefix; else the first, then the rest at once."""
        ahead = len(self.members) if in_order else 1
        for work in self.members[:ahead]:
            await work.run(ask, in_order)
        async with asyncio.TaskGroup() as group:
            for work in self.members[ahead:]:
                group.create_task(work.run(ask, in_order))

    def cells(self) -> Iterator[tuple[Cell, pa.Table]]:
        """Yield every cell with its content."""
        for work in self.members:
            yield from work.cells()


def by_prefix(works: Sequence[JudgeWork]) -> list[SamePrefix]:
    """Group works whose prompts begin alike, in the order in which such a group first comes."""
    groups: dict[tuple[str, str], list[JudgeWork]] = defaultdict(list)
    for work in works:
        groups[work.rubric, work.persona.role if work.persona else ""].append(work)
    return [SamePrefix(members) for members in groups.values()]
