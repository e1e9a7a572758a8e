"""Which requests of missing cells are equal to others, so that they are sent once."""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator

from personas.benchmarks.base import Item
from personas.config.kinds import is_pairwise
from personas.config.root import COMPLETIONS_RUBRIC
from personas.grid.cells import Cell, Track
from personas.grid.completions import rubric_of
from personas.grid.grid import Grid, user_turns
from personas.grid.judgements import read_of_item
from personas.grid.question_sets import items_of
from personas.plan.costs.loads import Load, Loads
from personas.plan.costs.simulation import Prompt
from personas.prompts.judge.order import orders_of

Questions = frozenset[Hashable]
_ONE: Questions = frozenset({None})


class Distinct:
    """Counts, for one cell after the other, the requests that no cell before it has already.

    Requests are equal when the same speaker with the same seed is asked the same behind the same user turns. So all
    conditions share checkpoint 0, and dialogues that begin alike share their first rounds. Judgements are equal when
    the same answers are rated by the same rubric as the same persona.
    """

    def __init__(self, grid: Grid, loads: Loads) -> None:
        self._grid = grid
        self._config = grid.study.config
        self._loads = loads
        self._children: dict[tuple[object, str], int] = {}
        self._nodes: dict[Track, list[int]] = {}
        self._behind: dict[tuple[Track, bool], list[int]] = {}
        self._asked = _AskedPlaces()
        self._sets: dict[Hashable, Questions] = {}
        self._prompts = {item.prompt for items in grid.study.items.values() for item in items}
        self._also_items: dict[int, str] = {}  # rounds whose user turn is the prompt of an item too

    def of(self, cell: Cell) -> list[tuple[Load, int]]:
        """Return the loads of a cell, each with the number of its requests that are new."""
        return [(load, self._new(cell, load)) for load in self._loads.of(cell)]

    def _new(self, cell: Cell, load: Load) -> int:
        if cell.completions:
            texts = self._grid.study.completions[cell.completions]
            # A blank answer is not judged.
            return self._asked.new(
                (cell.judge, COMPLETIONS_RUBRIC), frozenset((c.prompt, c.text) for c in texts if c.text.strip())
            )
        if cell.judged is not None:
            owner, pairs = self._rating_places(cell)
            if cell.judged.benchmark is None:
                return self._asked.places(owner, pairs)
            questions = self._judged_questions(cell, cell.judged)
            return sum(self._asked.new((owner, pair), questions) for pair in pairs)
        if cell.benchmark is not None:
            return self._asked.new(self.behind(cell.track, load.before), self._questions(cell))
        is_given = cell.track.condition in self._grid.study.answers
        simulated = self._loads.simulations.of(cell.track)
        if simulated is None:
            return 0 if is_given else self._round(cell, load.before)
        return sum(self._prompt(cell, load.before, p) for p in simulated.of_dialogue(load.before, load.by))

    def _prompt(self, cell: Cell, before: int, prompt: Prompt) -> int:
        """Return 1 for what the dialogue of an intervention asks, 0 where that was asked already."""
        if prompt.place is None and not prompt.is_aside:
            return self._round(cell, before)
        longest = prompt.max_tokens or self._config.longest_answer(cell.track.model, None)
        return self._asked.new(self.place(cell.track, before, prompt), frozenset({(prompt.turn, longest)}))

    def _round(self, cell: Cell, before: int) -> int:
        nodes = self.nodes(cell.track)
        node = nodes[before + 1]
        if node not in self._also_items:
            return self._asked.new(("round", node), _ONE)
        longest = self._config.longest_answer(cell.track.model, None)
        return self._asked.new(nodes[before], frozenset({(self._also_items[node], longest)}))

    def _questions(self, cell: Cell) -> Questions:
        """What a response cell asks: prompts with the longest answer allowed."""
        longest = self._config.longest_answer(cell.track.model, cell.benchmark)
        return self._once(
            (cell.benchmark, cell.track.persona, cell.as_persona, longest),
            lambda: ((item.prompt, longest) for item in self._items(cell)),
        )

    def _rating_places(self, cell: Cell) -> tuple[Hashable, list[Hashable]]:
        """The places of a judgement cell: who rates how; and what stands where, and what it is compared with."""
        behind = self._places_of(cell.track, is_round=bool(cell.metric))
        pairs: list[Hashable] = [*behind]
        study = self._grid.study
        if study.judge_texts[cell.judge or ""].reads_earlier(rubric_of(study.config, cell)):
            pairs = [(node, None if cell.metric else behind[0]) for node in behind[1:]]
        elif cell.reference == "zero":
            pairs = [(node, behind[0]) for node in behind[1:]]
        elif cell.reference == "previous":
            pairs = list(zip(behind[1:], behind, strict=False))
        return (cell.judge, self._config.rubric(cell.kind), self._loads.persona_seen(cell), cell.second), pairs

    def _places_of(self, track: Track, *, is_round: bool) -> list[int]:
        """Return what stands behind each round of a dialogue, or at each of its checkpoints."""
        if (track, is_round) not in self._behind:
            rounds = range(1, self._config.conditions[track.condition].rounds + 1)
            places = rounds if is_round else self._config.checkpoints
            self._behind[track, is_round] = [self.behind(track, t, is_round) for t in places]
        return self._behind[track, is_round]

    def _judged_questions(self, cell: Cell, judged: Cell) -> Questions:
        """What tells the requests of one place apart: the question answered, and what is read of its item besides."""
        study, itself = self._grid.study, cell.reference in ("zero", "previous")
        longest = self._config.longest_answer(cell.track.model, judged.benchmark)
        pairwise = is_pairwise(self._config.kind_of(judged.benchmark or ""))

        judge = self._config.judges[cell.judge or ""]

        def questions(number: int, item: Item) -> Iterator[Hashable]:
            item_text = None if itself else read_of_item(study, judged, item)
            for first in orders_of(judge, number, item.id) if pairwise else (False,):
                yield item.prompt, longest, item_text, first

        return self._once(
            (cell.judge, judged.benchmark, cell.track.persona, judged.as_persona, longest, itself),
            lambda: (question for n, item in enumerate(self._items(judged)) for question in questions(n, item)),
        )

    def _once(self, key: Hashable, make: Callable[[], Iterable[Hashable]]) -> Questions:
        if key not in self._sets:
            self._sets[key] = frozenset(make())
        return self._sets[key]

    def _items(self, cell: Cell) -> list[Item]:
        return items_of(self._grid.study, cell)

    def behind(self, track: Track, before: int, is_round: bool = False) -> int:
        """Return a number for what stands before an item behind `before` rounds; the same for the same requests.

        `is_round`: for the answer to round `before`.
        """
        simulation = self._loads.simulations.of(track)
        if simulation is None:
            return self.nodes(track)[before]
        if not is_round:
            return self.place(track, before, simulation.items[before])
        prompt = simulation.rounds[before - 1]
        if prompt.place is None:
            return self.nodes(track)[before]
        return self._child(self.place(track, before - 1, prompt), prompt.turn)

    def place(self, track: Track, before: int, prompt: Prompt) -> int:
        """Return a number for what stands before the last turn of a prompt behind `before` rounds."""
        if prompt.place is None:
            return self.nodes(track)[before]
        return self._child((track.model, track.persona, track.replicate, prompt.place), "")

    def nodes(self, track: Track) -> list[int]:
        """Return a number for each beginning of a dialogue without an intervention, from 0 to all rounds.

        Equal beginnings have equal numbers.
        """
        if track not in self._nodes:
            path = [self._child((track.model, track.persona, track.replicate), "")]
            for turn in self._turns(track):
                path.append(self._child(path[-1], turn))
                if turn in self._prompts:
                    self._also_items[path[-1]] = turn
            self._nodes[track] = path
        return self._nodes[track]

    def _turns(self, track: Track) -> list[str]:
        turns = user_turns(self._grid.study, track)
        answers = self._grid.study.answers.get(track.condition)
        return [json.dumps(pair) for pair in zip(turns, answers, strict=True)] if answers else turns

    def _child(self, parent: object, turn: str) -> int:
        return self._children.setdefault((parent, turn), len(self._children))


class _AskedPlaces:
    """The sets of questions asked so far at each place. Few sets recur at many places, so differences are kept."""

    def __init__(self) -> None:
        self._at: dict[Hashable, frozenset[Questions]] = {}
        self._sizes: dict[tuple[Questions, frozenset[Questions]], int] = {}
        self._places: dict[Hashable, set[Hashable]] = {}

    def places(self, owner: Hashable, places: Iterable[Hashable]) -> int:
        """Return at how many places of an owner nothing was asked before; one thing is asked at each."""
        earlier = self._places.setdefault(owner, set())
        before = len(earlier)
        earlier.update(places)
        return len(earlier) - before

    def new(self, place: Hashable, questions: Questions) -> int:
        """Return how many of the questions were not asked at the place before; from now on they were."""
        before = self._at.get(place, frozenset())
        if questions in before:
            return 0
        self._at[place] = before | {questions}
        key = (questions, before)
        if key not in self._sizes:
            self._sizes[key] = len(questions.difference(*before))
        return self._sizes[key]
