"""How many tokens the requests of a cell and their answers will have."""

from personas.engines.request import CHARACTERS_PER_MESSAGE, TOKENS_PER_CHARACTER
from personas.grid.cells import Cell, Track
from personas.grid.grid import Grid
from personas.plan.costs.loads import Load
from personas.plan.costs.rates import COMPLETION_TOKENS, Rate, Rates
from personas.plan.costs.simulation import Prompt, Simulations, Size
from personas.prompts.recipe import opening, system_prompt


class Tokens:
    """Tokens by the rates of earlier runs; what many cells share is worked out once."""

    def __init__(self, grid: Grid, rates: Rates, simulations: Simulations) -> None:
        self._study, self._rates, self._simulations = grid.study, rates, simulations
        self._prefixes: dict[Track, list[float]] = {}
        self._answers: dict[tuple[str, str], Rate] = {}

    def prompts(self, cell: Cell, load: Load) -> float:
        """Return the tokens of all prompts of a load, each with all that stands before it."""
        return self.own_tokens(cell, load) + load.rows * self.before(cell, load)

    def own_tokens(self, cell: Cell, load: Load) -> float:
        """Return the tokens of the last messages of a load, and of the answers that are judged in them."""
        per_character = self._rates.tokens_per_character(cell.asked_slug).value
        characters = load.characters + CHARACTERS_PER_MESSAGE * load.rows
        return per_character * (characters + load.rows * load.answers * self._judged_characters(cell))

    def before(self, cell: Cell, load: Load) -> float:
        """Return the tokens that stand before the last message of each request of a load."""
        if cell.judge:
            return 0.0
        if prompts := self.shaped_prompts(cell, load):
            return sum(self.of_size(cell.track, prompt.before) for prompt in prompts) / len(prompts)
        return self.prefix(cell.track)[load.before]

    def shaped_prompts(self, cell: Cell, load: Load) -> list[Prompt]:
        """Return the prompts of a load where an intervention or a played user shapes them; none elsewhere."""
        simulation = self._simulations.of(cell.track)
        if simulation is None:
            return []
        return [simulation.items[load.before]] if cell.benchmark else simulation.of_dialogue(load.before, load.by)

    def of_size(self, track: Track, size: Size) -> float:
        """Return the tokens of texts with answers of a dialogue among them."""
        per_character = self._rates.tokens_per_character(track.model).value
        return size.characters * per_character + size.answers * self._round(track)

    def prefix(self, track: Track) -> list[float]:
        """Return the tokens of the opening and the first t rounds, for t from 0 to all rounds."""
        if track not in self._prefixes:
            self._prefixes[track] = self._measure_prefix(track)
        return self._prefixes[track]

    def answer(self, cell: Cell) -> Rate:
        """Return the tokens of one answer."""
        key = (cell.asked_slug, cell.what)
        if key not in self._answers:
            self._answers[key] = self._answer(cell)
        return self._answers[key]

    def _answer(self, cell: Cell) -> Rate:
        """Work out the tokens of one answer; a verdict in JSON is no longer than its form allows."""
        config = self._study.config
        if not cell.judge:
            longest = config.longest_answer(cell.track.model, cell.benchmark)
            return self._rates.completion_tokens(cell.asked_slug, cell.what, longest)
        judge = config.judges[cell.judge]
        characters = self._study.judge_texts[cell.judge].verdict_characters(judge.form)
        most = COMPLETION_TOKENS if characters is None else TOKENS_PER_CHARACTER * characters
        return self._rates.completion_tokens(cell.asked_slug, cell.what, judge.model.sampling.max_tokens, most)

    def _judged_characters(self, cell: Cell) -> float:
        if cell.judged is None:
            return 0.0
        return self.answer(cell.judged).value / self._rates.tokens_per_character(cell.track.model).value

    def _measure_prefix(self, track: Track) -> list[float]:
        study = self._study
        model, persona = study.config.models[track.model], study.personas.get(track.persona)
        per_character = self._rates.tokens_per_character(track.model).value
        answer = self._round(track)
        before = opening(model, system_prompt(model, persona))
        characters = sum(len(message["content"]) + CHARACTERS_PER_MESSAGE for message in before)
        path = [per_character * characters]
        answer_tokens = [per_character * len(text) for text in study.answers.get(track.condition, ())]
        for n, turn in enumerate(study.turns[track.condition][track.order]):
            tokens = answer_tokens[n] if answer_tokens else answer
            path.append(path[-1] + per_character * (len(turn) + 2 * CHARACTERS_PER_MESSAGE) + tokens)
        return path

    def _round(self, track: Track) -> float:
        """Return the tokens of the answer to a round."""
        longest = self._study.config.longest_answer(track.model, None)
        return self._rates.completion_tokens(track.model, "dialogues", longest).value
