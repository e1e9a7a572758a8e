"""Cut missing cells into batches: one model, a bounded number of cells and engine minutes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from personas.config import Config
from personas.config.models import ModelSection
from personas.config.root import COMPLETIONS
from personas.config.sampling import Limits
from personas.config.users import SAME
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.costs.loads import Loads
from personas.plan.costs.rates import Rates, least_seconds
from personas.plan.costs.tokens import Tokens
from personas.plan.models import asked_model

Stage = Literal["generate", "judge", "import"]
GENERATE: Final = "generate"
JUDGE: Final = "judge"
IMPORT: Final = "import"
STAGES: tuple[Stage, ...] = (GENERATE, JUDGE, IMPORT)


@dataclass(frozen=True)
class Batch:
    """The cells one job makes with one engine. Paths are relative to the results folder.

    `model` is the model that is measured (`completions` where published answers are judged), `judge` the one that
    rates it, None while generating. `inputs` are the cells that the missing ones stand behind or rate. `requests`
    counts every request of the cells, journaled or not; `minutes` is the estimate for all of them and the start of
    the engine. `imported`: the cells are made from released files, without an engine. `users` are the models of that
    section of the config that write user turns of its dialogues, with engines of their own.
    """

    name: str
    model: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    requests: int
    minutes: float
    judge: str | None = None
    imported: bool = False
    users: tuple[str, ...] = ()

    @property
    def stage(self) -> Stage:
        """The stage that the batch belongs to."""
        if self.imported:
            return IMPORT
        return JUDGE if self.judge else GENERATE

    @property
    def asked_slug(self) -> str:
        """The slug of the model that is asked."""
        return self.judge or self.model

    @property
    def where(self) -> str:
        """The place in the config of the model that is asked."""
        return f"judges.{self.judge}.model" if self.judge else f"models.{self.model}"

    def model_section(self, config: Config) -> ModelSection:
        """Return the model that is asked."""
        return asked_model(config, self.model, self.judge)

    def model_sections(self, config: Config) -> list[ModelSection]:
        """Return all models whose engines the job runs side by side."""
        return [self.model_section(config), *(config.users[slug] for slug in self.users)]


@dataclass
class _Family:
    """Missing cells that may share requests, and the finished cells they need; never cut apart.

    While generating: those of one persona and replicate, whose tracks share a system prompt and a seed. While
    judging: also of one persona to judge by. Two batches side by side would send what they share twice.
    """

    cells: list[Cell] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    requests: int = 0
    minutes: float = 0.0


def cut(grid: Grid, missing: Sequence[Cell], rates: Rates, loads: Loads) -> list[Batch]:
    """Cut missing cells into batches in grid order; a cell of another model never moves a cut."""
    groups: dict[tuple[str | None, str], list[Cell]] = {}
    for judge in (None, *grid.study.config.judges):
        for model in (*grid.study.config.models, *([COMPLETIONS] if judge else [])):
            groups[judge, model] = []
    for cell in missing:
        groups[cell.judge, cell.track.model].append(cell)
    sizes, paths = _Sizes(grid, rates, loads), {cell.path for cell in missing}
    batches: list[Batch] = []
    for (judge, model), cells in groups.items():
        section = asked_model(grid.study.config, model, judge)
        imported = section.is_imported
        stage = IMPORT if imported else JUDGE if judge else GENERATE
        stem = "_".join([stage, *([judge] if judge else []), model])
        for number, families in enumerate(_groups(_families(grid, cells, sizes, paths), grid), start=1):
            start = 0.0 if imported else sizes.start_minutes(judge or model, section)
            batch = _batch(f"{stem}_{number:02d}", model, judge, families, start)
            batches.append(replace(batch, imported=imported, users=_users(grid, families)))
    return batches


def _users(grid: Grid, families: Iterable[_Family]) -> tuple[str, ...]:
    conditions = grid.study.config.conditions
    dialogues = [cell for family in families for cell in family.cells if cell.stage == "dialogues"]
    condition_slugs = [cell.track.condition for cell in dialogues if not cell.track.replays]
    models = [user.model for condition in condition_slugs if (user := conditions[condition].user)]
    return tuple(dict.fromkeys(slug for slug in models if slug != SAME))


def _families(grid: Grid, missing: Sequence[Cell], sizes: "_Sizes", paths: set[str]) -> list[_Family]:
    families: dict[tuple[str, str | None, int], _Family] = {}
    for cell in missing:
        judged_as = cell.as_persona if cell.judge else None
        family = families.setdefault((cell.track.persona, judged_as, cell.track.replicate), _Family())
        family.cells.append(cell)
        family.requests += sizes.rows(cell)
        family.minutes += sizes.minutes(cell)
        if cell.completions:
            continue  # published answers are no cell
        source = (cell.judged or grid.dialogues[cell.track]).path
        # A dialogue made in this very batch is no input; what a judge rates always is, wherever it is made.
        if cell.judge or source not in paths:
            family.needs.add(source)
        if cell.stage == "dialogues" and cell.behind:
            family.needs.add(cell.behind.path)
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


def _batch(name: str, model: str, judge: str | None, families: Sequence[_Family], start: float) -> Batch:
    outputs = tuple(cell.path for family in families for cell in family.cells)
    needs = [path for family in families for path in sorted(family.needs)]
    return Batch(
        name=name,
        model=model,
        outputs=outputs,
        inputs=tuple(path for path in needs if path not in set(outputs)),
        requests=sum(family.requests for family in families),
        minutes=round(start + sum(family.minutes for family in families), 3),
        judge=judge,
    )


class _Sizes:
    """How many requests a cell takes and how long they last, none of them answered by the journal."""

    def __init__(self, grid: Grid, rates: Rates, loads: Loads) -> None:
        self._study = grid.study
        self._loads = loads
        self._tokens = Tokens(grid, rates, self._loads.simulations)
        self._rates = rates

    def rows(self, cell: Cell) -> int:
        return 0 if cell.is_imported else self._loads.rows(cell)

    def start_minutes(self, slug: str, model: ModelSection) -> float:
        return self._rates.start_seconds(slug, model).value / 60

    def minutes(self, cell: Cell) -> float:
        if cell.is_imported:
            return 0.0
        section = asked_model(self._study.config, cell.track.model, cell.judge)
        answer = self._tokens.answer(cell).value
        loads = self._loads.of(cell)
        rows = sum(load.rows for load in loads)
        seconds = sum(
            load.rows * answer / self._rates.tokens_per_second(cell.asked_slug, section, load.before).value
            for load in loads
        )
        if section.limited_by != Limits():
            tokens = rows * answer + sum(self._tokens.prompts(cell, load) for load in loads)
            seconds = max(seconds, least_seconds(section, rows, tokens))
        return seconds / 60
