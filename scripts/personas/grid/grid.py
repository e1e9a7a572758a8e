"""Build the grid of a study: a pure function from what was resolved to cells with identities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from personas.config.conditions import Order
from personas.config.models import ModelSection
from personas.config.personas import BASELINE, NONE
from personas.config.users import SAME, Brief
from personas.core.canonical import digest, sha256
from personas.core.errors import UserError
from personas.grid.cells import Cell, Track
from personas.grid.judgements import judgements
from personas.grid.question_sets import asked_identity, asked_items
from personas.grid.release.cells import has_dataset, is_in_release, is_released, with_files
from personas.grid.repeats import replicates_of
from personas.grid.study import Study, user_weights_key
from personas.prompts.recipe import RECIPE_VERSION, user_turn
from personas.prompts.user import USER_RECIPE_VERSION


@dataclass(frozen=True)
class Grid:
    """All cells of a study in a stable order: model, persona, condition, order, intervention, replicate,
    benchmark.

    Judgements come last, by judge, in the order of what they rate, published completions after all else.
    """

    study: Study
    cells: Sequence[Cell]

    @cached_property
    def by_path(self) -> Mapping[str, Cell]:
        """Cells by their path below the results folder."""
        return {cell.path: cell for cell in self.cells}

    @cached_property
    def plain_cells(self) -> Sequence[Cell]:
        """Cells without an intervention, and no second judgements: what tables, figures and pages show unless their
        names say otherwise.
        """
        return [cell for cell in self.cells if not (cell.has_intervention or cell.second)]

    @cached_property
    def dialogues(self) -> Mapping[Track, Cell]:
        """The dialogue cell of every track."""
        return {cell.track: cell for cell in self.cells if cell.stage == "dialogues"}


def build_grid(study: Study) -> Grid:
    """Return every cell of the study; UserError when two different cells share a digest."""
    cells = list(_cells(study))
    cells = [*cells, *judgements(study, cells)]
    specs: dict[str, Mapping[str, Any]] = {}
    for cell in cells:
        if specs.setdefault(cell.digest, cell.spec) != cell.spec:
            raise UserError(
                f"{cell.plain_path}: its digest {cell.digest} is also that of another cell (a hash collision), "
                "expected a distinct one; raise the seed of one of them."
            )
    return Grid(study, cells)


def user_turns(study: Study, track: Track) -> list[str]:
    """Return the user turns of a dialogue as they are sent."""
    said_to = track.source or track
    section, role = study.config.models[track.model], study.personas.get(said_to.persona)
    return [user_turn(template, section, role) for template in study.turns[track.condition][track.order]]


def turn_identities(study: Study, track: Track) -> list[Any]:
    """Return what identifies the user turns of a dialogue: the texts as they are sent, or the pins of theirs.

    With each its answer where that was given elsewhere; who writes them where a model does; and how the dialogue is
    held that they are taken from.
    """
    if source := track.source:
        source_digest, turns = digest(_held_with(study, source)), turn_identities(study, source)
        return [[source_digest, turn] for turn in turns]
    pins, turns = study.pins.turns.get(track.condition), user_turns(study, track)
    if answers := study.answers.get(track.condition):
        return [list(pair) for pair in zip(turns, answers, strict=True)]
    if brief := brief_for(study, track):
        return [turns[0], *[_writing(study, track.condition, brief)] * (len(turns) - 1)]
    if pins is None:
        return list(turns)
    template = user_turn("{role}", study.config.models[track.model], study.personas.get(track.persona))
    return [[pin.place, template if pin.names_role else None] for pin in pins[track.order]]


def brief_for(study: Study, track: Track) -> Brief | None:
    """Return who the user is that a persona talks with, its name filled in; None where no model writes the turns."""
    brief = study.briefs.get(track.condition)
    if brief is None or track.source:
        return None
    section, role = study.config.models[track.model], study.personas.get(track.persona)
    return brief.model_copy(update={"brief": user_turn(brief.brief, section, role)})


def user_identity(study: Study, slug: str) -> dict[str, Any]:
    """Return what identifies a model of the section `users`, as that of a measured model stands in a spec."""
    return {**study.config.users[slug].identity(), "weights": study.weights.get(user_weights_key(slug))}


def _writing(study: Study, condition: str, brief: Brief) -> dict[str, Any]:
    """Return what identifies a user turn that a model writes."""
    user = study.config.conditions[condition].user
    slug = user.model if user and user.model != SAME else None
    return {
        "recipe": USER_RECIPE_VERSION,
        **brief.identity(),
        "by": user_identity(study, slug) if slug else None,
        "max_tokens": user.max_tokens if user else None,
    }


def _cells(study: Study) -> Iterator[Cell]:
    config = study.config
    personas = [*study.personas, *([BASELINE] if config.personas.baseline else [])]
    questions, dialogues = _Questions(study), dict[Track, Cell]()
    for model, section in config.models.items():
        for persona in personas:
            speaker = _speaker(study, model, section, persona)
            for condition, settings in config.conditions.items():
                for order in settings.orders:
                    to_ask = questions if order in settings.ask_in else None
                    for track in _tracks(study, model, persona, condition, order):
                        spec = speaker | _intervention(study, track)
                        source = dialogues.get(track.source) if track.source else None
                        cells = _track_cells(study, track, spec, turn_identities(study, track), to_ask, source)
                        for cell in _released_cells(study, track, cells) if is_released(study, model) else cells:
                            if cell.benchmark is None:
                                dialogues[track] = cell
                            yield cell


def _tracks(study: Study, model: str, persona: str, condition: str, order: Order) -> Iterator[Track]:
    """Yield the dialogues of a persona in a condition: with each intervention, first none, as often as it is held.

    An intervention that speaks of the persona leaves the baseline alone. Imported dialogues were held without any.
    """
    config, slugs = study.config, [NONE]
    if not is_released(study, model):
        slugs += [
            slug
            for slug, intervention in config.interventions.items()
            if intervention.for_baseline or persona != BASELINE
        ]
    user = config.conditions[condition].user
    for replays in study.personas if user and user.replay and persona == BASELINE else [None]:
        often = replicates_of(config, model, replays or persona, condition, order)
        for slug, replicate in product(slugs, range(1, often + 1)):
            if slug == NONE or replicate <= config.replicates:  # what shows noise needs no intervention
                yield Track(model, persona, condition, order, replicate, slug, replays)


def _intervention(study: Study, track: Track) -> dict[str, Any]:
    """The part of a spec that an intervention is."""
    if track.intervention == NONE:
        return {}
    intervention = study.config.interventions[track.intervention]
    return {"intervention": intervention.identity_with(study.personas.get(track.persona))}


def _released_cells(study: Study, track: Track, cells: Iterator[Cell]) -> Iterator[Cell]:
    """Yield the cells of a released model: no replicates, items behind the fixed order, of kinds that it has."""
    if is_in_release(study, track):
        for cell in cells:
            if cell.benchmark is None or (track.order == "fixed" and has_dataset(study, cell.benchmark)):
                yield with_files(study, cell)


def _speaker(study: Study, slug: str, model: ModelSection, persona: str) -> dict[str, Any]:
    """The part of a spec that all cells of a model and persona share."""
    return {
        "recipe": RECIPE_VERSION,
        "model": {**model.identity(), "weights": study.weights.get(slug)},
        "persona": study.persona_identity(persona) if persona in study.personas else None,
    }


def _seed(study: Study, track: Track) -> int:
    return study.config.models[track.model].sampling.seed + track.replicate - 1


def _held_with(study: Study, track: Track) -> dict[str, Any]:
    """What shapes a dialogue besides its user turns."""
    speaker = _speaker(study, track.model, study.config.models[track.model], track.persona)
    return {**speaker, **_intervention(study, track), "seed": _seed(study, track)}


def _track_cells(
    study: Study,
    track: Track,
    speaker: Mapping[str, Any],
    turns: list[Any],
    questions: "_Questions | None",
    source: Cell | None,
) -> Iterator[Cell]:
    shared = {**speaker, "seed": _seed(study, track)}
    spec = {**shared, "kind": "dialogue", "user_turns": sha256(turns)}
    dialogue = Cell(track, spec, as_persona=track.replays, behind=source)
    yield dialogue
    if questions is None:
        return
    checkpoints = list(study.config.checkpoints)
    # Turns after the last checkpoint cannot shape a response, so editing them leaves responses alone.
    shared |= {"kind": "response", "checkpoints": checkpoints, "user_turns": sha256(turns[: checkpoints[-1]])}
    for benchmark, section in study.config.benchmarks.items():
        for as_persona, items in questions.of(benchmark, track):
            spec = {
                **shared,
                "benchmark": study.config.kind_of(benchmark),
                "items": items,
                "max_tokens": section.max_tokens,
            }
            yield Cell(track, spec, benchmark, as_persona, behind=dialogue)


class _Questions:
    """Hashes of what each persona is asked, computed once per benchmark and persona."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._asked: dict[tuple[str, str], list[tuple[str | None, str]]] = {}

    def of(self, benchmark: str, track: Track) -> list[tuple[str | None, str]]:
        """Return (persona that a baseline stands in for, hash of ids and prompts); no items, no entry."""
        key = (benchmark, track.persona)
        if key not in self._asked:
            self._asked[key] = [
                (as_persona, sha256(asked_identity(self._study, *key, as_persona, items)))
                for as_persona, items in asked_items(self._study, *key)
            ]
        if track.replays is None:
            return self._asked[key]
        return [(track.replays, items) for who, items in self._asked[key] if who in (None, track.replays)]
