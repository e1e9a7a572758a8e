"""The work of a judging batch: one cell at a time, every row of it one request."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from personas.config.judges import Judge
from personas.config.personas import Persona
from personas.core.errors import UserError
from personas.core.parquet import read_table
from personas.engines.request import Ask, Reply, Request, request_identity
from personas.grid.cells import Cell
from personas.grid.completions import rubric_of
from personas.grid.grid import Grid
from personas.prompts.judge import JudgeTexts, json_fields, judge_prompt
from personas.prompts.judge.cut import cut, cut_all
from personas.prompts.recipe import join_messages, opening, system_prompt
from personas.requests.rows import JudgedRow, judged_rows
from personas.requests.transcript import ANSWER, answer_columns, require_texts

logger = logging.getLogger(__name__)

JUDGEMENT_SCHEMA = pa.schema(
    [
        ("round", pa.int32()),
        ("checkpoint", pa.int32()),
        ("item_id", pa.string()),
        ("judged_sha256", pa.string()),
        ("reference_sha256", pa.string()),
        ("reference_is_a", pa.bool_()),
        ("cut", pa.bool_()),
        *ANSWER,
    ]
)


@dataclass
class JudgeWork:
    """A judgement cell to make: its rows, and what the judge reads besides them."""

    cell: Cell
    judge: Judge
    texts: JudgeTexts
    rubric: str
    persona: Persona | None
    rows: Sequence[JudgedRow]
    replies: dict[int, tuple[Reply, str]] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """Requests at most."""
        return sum(row.not_judged is None for row in self.rows)

    def requests(self) -> Iterator[tuple[int, Request]]:
        """Yield the number of each row that can be judged, and its request."""
        for number, row in enumerate(self.rows):
            if row.not_judged is None:
                yield number, self._request(row)

    async def run(self, ask: Ask) -> None:
        """Judge every row; the first one alone, since all share task, rubric and persona."""
        pending = list(self.requests())
        for number, request in pending[:1]:
            await self.judge_row(number, request, ask)
        async with asyncio.TaskGroup() as group:
            for number, request in pending[1:]:
                group.create_task(self.judge_row(number, request, ask))

    async def judge_row(self, number: int, request: Request, ask: Ask) -> None:
        """Judge one of the rows that `requests` yields."""
        self.replies[number] = (await ask(request), request.key)

    def _request(self, row: JudgedRow) -> Request:
        model, form = self.judge.model, self.judge.form
        turn = judge_prompt(
            self.texts,
            self.rubric,
            form,
            persona=self.persona,
            user_turn=row.user_turn,
            answers=self._read(row)[0],
            trait=row.trait if getattr(self.texts.rubric(self.rubric), "traits", None) else None,
            earlier=[cut(text, self.judge.cut_answers)[0] for text in row.earlier],
        )
        return Request(
            model=request_identity(self.cell.spec["judge"]),
            messages=join_messages([*opening(model, system_prompt(model, None)), *turn]),
            temperature=model.sampling.temperature,
            top_p=model.sampling.top_p,
            max_tokens=model.sampling.max_tokens,
            seed=self.cell.spec["seed"],
            template_arguments=model.thinking.template_arguments,
            effort=model.thinking.effort,
            enforced=json_fields(self.texts, self.rubric, form, model.json_on_one_line),
            what=self.cell.what,
        )

    def _read(self, row: JudgedRow) -> tuple[list[str], str | None]:
        """Return what the judge reads of the answers, and what was cut of them."""
        return cut_all(list(row.answers), self.judge.cut_answers)

    def cells(self) -> Iterator[tuple[Cell, pa.Table]]:
        """Yield the cell with its content, one row for each row that was to be judged."""
        rows = [self._row(number, row) for number, row in enumerate(self.rows)]
        if many := sum(row["cut"] for row in rows):
            logger.warning("%s: of %d of %d rows an answer was cut", self.cell.path, many, len(rows))
        yield self.cell, pa.Table.from_pylist(rows, schema=JUDGEMENT_SCHEMA)

    def _row(self, number: int, row: JudgedRow) -> Mapping[str, Any]:
        reply, key = self.replies.get(number, (None, None))
        if reply is None:
            reply = Reply(row.not_judged or "api_error", detail=row.why)
        _, was_cut = self._read(row) if row.not_judged is None else ([], None)
        columns = answer_columns(reply, key)
        columns["detail"] = "; ".join(filter(None, [was_cut, reply.detail])) or None
        return {
            "round": row.before if row.item is None else None,
            "checkpoint": row.before if row.item is not None else None,
            "item_id": row.item,
            "judged_sha256": row.judged_sha256,
            "reference_sha256": row.reference_sha256,
            "reference_is_a": row.reference_is_a,
            "cut": was_cut is not None,
            **columns,
        }


def cell_works(grid: Grid, paths: Iterable[str], results: Path) -> list[JudgeWork]:
    """Return the work on each cell to make; UserError where the cell to judge is not there."""
    works = []
    for path in paths:
        cell = grid.by_path[path]
        if cell.judged is not None and not (results / cell.judged.path).exists():
            raise UserError(f"{path}: what it judges is not on disk, expected it; run the same command again.")
        works.append(judge_work(grid, cell, results))
    return works


def judge_work(grid: Grid, cell: Cell, results: Path) -> JudgeWork:
    """Return the work on one judgement cell, whose judged cell is on disk."""
    return work_on(grid, cell, lambda judged: _read_rows(results / judged.path))


def _read_rows(path: Path) -> list[dict[str, Any]]:
    table = read_table(path)
    require_texts(table, "user" if "user" in table.schema.names else "prompt")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def work_on(grid: Grid, cell: Cell, read: Callable[[Cell], Sequence[Mapping[str, Any]]]) -> JudgeWork:
    """Return the work on one judgement cell; `read` gives the rows of the cell that it judges."""
    study, slug = grid.study, cell.judge or ""
    is_described = cell.spec["persona"] is not None
    return JudgeWork(
        cell=cell,
        judge=study.config.judges[slug],
        texts=study.judge_texts[slug],
        rubric=rubric_of(study.config, cell),
        persona=study.personas[cell.as_persona or cell.track.persona] if is_described else None,
        rows=judged_rows(grid, cell, read),
    )
