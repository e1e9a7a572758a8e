"""What a cell asks: its requests, by the number of rounds that stand before them."""

from collections.abc import Iterator
from dataclasses import dataclass

from personas.grid.cells import Cell
from personas.grid.completions import rubric_of
from personas.grid.grid import Grid
from personas.grid.judgements import read_of_item
from personas.grid.question_sets import items_of
from personas.plan.costs.simulation import SimulatedDialogue, Simulations
from personas.prompts.judge.prompts import judge_prompt
from personas.requests.earlier import NEAREST
from personas.requests.prefixes import common

Place = int | tuple[int, str]
"""Rounds before; and who plays the user, where user turns are asked for."""


@dataclass(frozen=True)
class Load:
    """`rows` requests behind `before` rounds. `characters`: their last messages together, without any answer judged
    but those whose lengths are known: published ones, and those that the items bring.

    `answers`: answers of the judged model that stand in each request (0 unless it is a judgement). `by`: who plays
    the user, where user turns are asked for; None for what the cell's own model is asked.
    """

    before: int
    rows: int
    characters: int
    answers: int = 0
    by: str | None = None

    @property
    def place(self) -> Place:
        """Where its requests stand in a cell."""
        return self.before if self.by is None else (self.before, self.by)


class Loads:
    """The loads of every cell of a grid; what many cells share is counted once."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self.simulations = Simulations(grid)
        self._rounds: dict[tuple[str, str], list[Load]] = {}
        self._dialogues: dict[tuple[str, int], list[Load]] = {}
        self._items: dict[tuple[str, str, str | None], tuple[int, int]] = {}
        self._reference_sizes: dict[tuple[str, str, str | None], int] = {}
        self._rubrics: dict[tuple[str, str, str | None], tuple[int, int]] = {}

    def rows(self, cell: Cell) -> int:
        """Return how many rows the file of a cell has."""
        return sum(load.rows for load in self.of(cell))

    def of(self, cell: Cell) -> list[Load]:
        """Return the loads of a cell, ascending by rounds before."""
        if cell.judge:
            return self._judgement(cell)
        if cell.benchmark is None:
            return self._of_dialogue(cell)
        count, characters = self.items(cell)
        return [Load(t, count, characters) for t in self._grid.study.config.checkpoints]

    def _of_dialogue(self, cell: Cell) -> list[Load]:
        """Return the loads of a dialogue; those with the same texts have the same ones."""
        simulated, track = self.simulations.of(cell.track), cell.track
        if simulated is None:
            return self.rounds(cell)
        key = (track.condition, id(simulated))
        if key not in self._dialogues:
            self._dialogues[key] = [*self._simulated_loads(cell, simulated)]
        return self._dialogues[key]

    def rounds(self, cell: Cell) -> list[Load]:
        """Return the rounds of a cell's dialogue."""
        key = (cell.track.condition, cell.track.order)
        if key not in self._rounds:
            self._rounds[key] = [Load(before, 1, len(turn)) for before, turn in enumerate(self.turns(cell))]
        return self._rounds[key]

    def _simulated_loads(self, cell: Cell, simulation: SimulatedDialogue) -> Iterator[Load]:
        """Yield the rounds, user turns that are written, and what an intervention asks."""
        user = self._grid.study.config.conditions[cell.track.condition].user
        for before in range(len(self.turns(cell)) + 1):
            for by in (None, user.model) if user else (None,):
                if prompts := simulation.of_dialogue(before, by):
                    yield Load(before, len(prompts), sum(len(prompt.turn) for prompt in prompts), by=by)

    def turns(self, cell: Cell) -> list[str]:
        """Return the user turns of a cell's dialogue, `{role}` not filled in: close enough to count characters."""
        track = cell.track
        return list(self._grid.study.turns[track.condition][track.order])

    def items(self, cell: Cell) -> tuple[int, int]:
        """Return the number of items of a response cell, and the characters of their prompts together."""
        key = (cell.benchmark or "", cell.track.persona, cell.as_persona)
        if key not in self._items:
            items = items_of(self._grid.study, cell)
            self._items[key] = len(items), sum(len(item.prompt) for item in items)
        return self._items[key]

    def _judgement(self, cell: Cell) -> list[Load]:
        """Every row of the judged cell is one request; where a cell is compared with itself, not its first rows."""
        if cell.completions:  # each of them is a row
            completions = self._grid.study.completions[cell.completions]
            texts = sum(len(completion.prompt) + len(completion.text) for completion in completions)
            return [Load(0, len(completions), texts + len(completions) * self.rubric(cell))]
        loads = [] if cell.judged is None else self.rounds(cell.judged) if cell.metric else self.of(cell.judged)
        reads_earlier = self._reads_earlier(cell)
        rows = loads if cell.reference in (None, "dataset") and not reads_earlier else loads[1:]
        twice = 2 if cell.reference and self._grid.study.config.judges[cell.judge or ""].pairs == "both" else 1
        count = twice * sum(load.rows for load in rows)
        characters = twice * sum(load.characters for load in rows) + count * self.rubric(cell)
        if cell.reference == "dataset" and cell.judged:
            characters += twice * len(rows) * self._references(cell.judged)
        answers = 2 if cell.reference in ("zero", "previous") or reads_earlier else 1
        answers += NEAREST - 1 if reads_earlier and cell.metric else 0
        return [Load(0, count, characters, answers)] if count else []

    def _reads_earlier(self, cell: Cell) -> bool:
        study = self._grid.study
        return study.judge_texts[cell.judge or ""].reads_earlier(rubric_of(study.config, cell))

    def _references(self, judged: Cell) -> int:
        """Return the characters of the answers that the items of a response cell bring."""
        key = (judged.benchmark or "", judged.track.persona, judged.as_persona)
        if key not in self._reference_sizes:
            items = items_of(self._grid.study, judged)
            self._reference_sizes[key] = sum(
                len(read_of_item(self._grid.study, judged, item) or "") for item in items
            )
        return self._reference_sizes[key]

    def rubric(self, cell: Cell) -> int:
        """Return the characters of a judgement cell's prompts besides turn and answers: task, rubric, persona."""
        return self._common_beginning(cell)[0]

    def beginning(self, cell: Cell) -> int:
        """Return how many of them stand before the user turn, so that all prompts of the cell begin alike."""
        return self._common_beginning(cell)[1]

    def _common_beginning(self, cell: Cell) -> tuple[int, int]:
        key = (cell.judge or "", rubric_of(self._grid.study.config, cell), self.persona_seen(cell))
        if key not in self._rubrics:
            bare, other = (self._prompt(cell, turn) for turn in ("", "."))
            self._rubrics[key] = len(bare), common(bare, other)
        return self._rubrics[key]

    def _prompt(self, cell: Cell, user_turn: str) -> str:
        study, as_persona = self._grid.study, self.persona_seen(cell)
        texts, metric = study.judge_texts[cell.judge or ""], rubric_of(study.config, cell)
        traits = getattr(texts.rubric(metric), "traits", None)
        [message] = judge_prompt(
            texts,
            metric,
            study.config.judges[cell.judge or ""].form,
            persona=study.personas[as_persona] if as_persona else None,
            user_turn=user_turn,
            answers=["."] * (2 if cell.reference else 1),  # a blank one is refused
            trait=next(iter(traits)) if traits else None,
            earlier=["."] if self._reads_earlier(cell) else (),
        )
        return message["content"]

    def persona_seen(self, cell: Cell) -> str | None:
        """Return the persona whose description a judge reads; None where it reads none."""
        return None if cell.spec["persona"] is None else cell.as_persona or cell.track.persona
