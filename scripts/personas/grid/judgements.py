"""Judgement cells: what each judge rates of the dialogues and responses of a grid."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from personas.benchmarks.base import Item
from personas.config.judges import Judge, Reference
from personas.config.kinds import is_pairwise
from personas.config.personas import BASELINE
from personas.config.root import COMPLETIONS_RUBRIC
from personas.core.canonical import sha256
from personas.grid.cells import Cell, Second, Track
from personas.grid.completions import completions_identity, rated_completions, track_of
from personas.grid.question_sets import asked_identity, items_of
from personas.grid.release.cells import judge_is_released, judged_with_files
from personas.grid.repeats import rank
from personas.grid.study import Study, judge_weights_key
from personas.prompts.judge.prompts import JUDGE_RECIPE_VERSION


def judgements(study: Study, cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield the judgement cells of every judge over the cells of a grid, then those over published answers."""
    for slug, judge in study.config.judges.items():
        specs = _Specs(study, slug, judge)
        benchmarks = set(study.config.judged_benchmarks(slug))
        for cell in cells:
            if _is_rated(cell, judge):
                of_cell = _of_cell(study, cell, specs, judge, benchmarks)
                yield from (
                    _released_cells(study, of_cell)
                    if judge_is_released(study, slug)
                    else _with_second(study, judge, of_cell)
                )
        yield from (specs.of_completions(labels) for labels in rated_completions(study, slug))


def _of_cell(study: Study, cell: Cell, specs: "_Specs", judge: Judge, benchmarks: AbstractSet[str]) -> Iterator[Cell]:
    if cell.benchmark is None:
        yield from _of_dialogue(study, cell, specs, judge)
    elif cell.benchmark in benchmarks:
        yield from _of_response(study, cell, specs, judge)


def _released_cells(study: Study, cells: Iterator[Cell]) -> Iterator[Cell]:
    """Yield those that the release has a file of: a released judge can rate nothing else."""
    for cell in cells:
        with_files = judged_with_files(study, cell)
        if with_files is not None:
            yield with_files


def _with_second(study: Study, judge: Judge, cells: Iterator[Cell]) -> Iterator[Cell]:
    """Yield judgements, and shares of them a second time: those whose names hash below a share."""
    for cell in cells:
        yield cell
        if cell.has_intervention:
            continue
        if rank(cell.plain_path) < judge.retest:
            spec = {**cell.spec, "seed": cell.spec["seed"] + 1, "again": True}
            yield replace(cell, spec=spec, second="again")
        if _may_be_described(study, cell) and rank(cell.plain_path, "description") < judge.described_both_ways:
            persona = None if judge.described else study.persona_identity(cell.track.persona)
            second: Second = "undescribed" if judge.described else "described"
            yield replace(cell, spec={**cell.spec, "persona": persona}, second=second)


def _may_be_described(study: Study, cell: Cell) -> bool:
    """Tell whether a judge of responses can do with the persona's description and without."""
    if cell.benchmark is None or cell.reference or cell.track.persona == BASELINE:
        return False
    return not study.judge_texts[cell.judge or ""].rubric(study.config.rubric(cell.kind)).needs_persona


def _is_rated(cell: Cell, judge: Judge) -> bool:
    return cell.track.order in judge.orders and (judge.models is None or cell.track.model in judge.models)


def judged_as(study: Study, track: Track) -> Sequence[str | None]:
    """Return as whom the rounds of a dialogue are judged: the baseline's as each persona, or whose turns it answers.

    None: as who speaks.
    """
    if track.persona != BASELINE:
        return [None]
    return [track.replays] if track.replays else [*study.personas]


def _of_dialogue(study: Study, cell: Cell, specs: "_Specs", judge: Judge) -> Iterator[Cell]:
    """Rate every round for every metric; the baseline's as if it were each persona in turn."""
    stands_for = judged_as(study, cell.track)
    is_short = study.config.conditions[cell.track.condition].rounds < 2
    for metric in judge.utterances:
        if is_short and study.judge_texts[specs.slug].reads_earlier(metric):
            continue
        for as_persona in stands_for:
            yield specs.cell(cell, metric, as_persona or cell.track.persona, as_persona=as_persona, metric=metric)


def _of_response(study: Study, cell: Cell, specs: "_Specs", judge: Judge) -> Iterator[Cell]:
    benchmark = cell.benchmark or ""
    kind, rubric = study.config.kind_of(benchmark), study.config.rubric(benchmark)
    persona = cell.as_persona or cell.track.persona
    shared: dict[str, Any] = {"benchmark": benchmark, "as_persona": cell.as_persona}
    if not is_pairwise(kind):
        if len(study.config.checkpoints) < 2 and study.judge_texts[specs.slug].reads_earlier(rubric):
            return
        needs_persona = study.judge_texts[specs.slug].rubric(rubric).needs_persona
        if persona == BASELINE and needs_persona:
            # Of a rubric that was named, as each persona in turn, like rounds; else nobody can be rated by it.
            stands_for = study.personas if kind != rubric else ()
            yield from (specs.cell(cell, rubric, slug, **shared | {"as_persona": slug}) for slug in stands_for)
            return
        is_read = persona != BASELINE and (needs_persona or judge.described)
        yield specs.cell(cell, rubric, persona if is_read else None, **shared)
        return
    for reference in _references(study, cell, judge):
        yield specs.cell(cell, kind, persona, **shared, reference=reference)


def _references(study: Study, cell: Cell, judge: Judge) -> list[Reference]:
    """Return what a response is compared with; with itself earlier on only for personas, as in the study."""
    alone = cell.track.persona == BASELINE or len(study.config.checkpoints) < 2
    return [reference for reference in judge.references if reference == "dataset" or not alone]


class _Specs:
    """Builds the judgement cells of one judge; the parts that many share are hashed once."""

    def __init__(self, study: Study, slug: str, judge: Judge) -> None:
        self._study, self.slug = study, slug
        self._texts = study.judge_texts[slug]
        self._form, self._order = judge.form, _order(judge)
        model = {**judge.model.identity(), "weights": study.weights.get(judge_weights_key(slug))}
        self._shared = {
            "kind": "judgement",
            "judge_recipe": JUDGE_RECIPE_VERSION,
            "judge": model,
            "form": judge.form,
            "seed": judge.model.sampling.seed,
            # Without a limit there is no mark: that is how all judgements were made before there was one.
            **({} if judge.cut_answers is None else {"cut_answers": judge.cut_answers}),
            **({"addressee": "masked"} if judge.mask else {}),
            **({"json": "on one line"} if judge.form == "json" and judge.model.json_on_one_line else {}),
        }
        self._rubrics: dict[str, dict[str, str]] = {}
        self._scoring: dict[tuple[str, str, str | None], str] = {}

    def cell(self, judged: Cell, rubric: str, persona: str | None, **place: Any) -> Cell:
        """Return the judgement of `judged` by a rubric, as the persona of that slug (None: nobody)."""
        study = self._study
        spec = {
            **self._shared,
            "judged": judged.digest,
            "texts": self._rubric(rubric),
            "persona": study.persona_identity(persona) if persona else None,
            "reference": place.get("reference"),
            "scoring": self._read_of_items(judged) if judged.benchmark else None,
            **(self._order if place.get("reference") else {}),
        }
        return Cell(judged.track, spec, judge=self.slug, judged=judged, **place)

    def of_completions(self, labels: str) -> Cell:
        """Return the judgement of the published answers beside some labels."""
        spec = {
            **self._shared,
            "judged": completions_identity(self._study, labels),
            "texts": self._rubric(COMPLETIONS_RUBRIC),
            "persona": None,
            "reference": None,
            "scoring": None,
        }
        return Cell(track_of(labels), spec, judge=self.slug, metric=COMPLETIONS_RUBRIC, completions=labels)

    def _rubric(self, rubric: str) -> dict[str, str]:
        if rubric not in self._rubrics:
            identity = self._texts.identity(rubric, self._form)
            self._rubrics[rubric] = {part: sha256(text) for part, text in identity.items()}
        return self._rubrics[rubric]

    def _read_of_items(self, judged: Cell) -> str:
        """Hash what a judge reads of the items besides their prompts: the trait, or the reference answer."""
        key = (judged.benchmark or "", judged.track.persona, judged.as_persona)
        if key not in self._scoring:
            self._scoring[key] = sha256(self._scoring_of(judged))
        return self._scoring[key]

    def _scoring_of(self, judged: Cell) -> Any:
        items, benchmark = items_of(self._study, judged), judged.benchmark or ""
        if benchmark in self._study.pins.items:
            as_persona = judged.as_persona if self._study.persona_bound(benchmark) else None
            return asked_identity(self._study, benchmark, judged.track.persona, as_persona, items)
        return [[item.id, read_of_item(self._study, judged, item)] for item in items]


def _order(judge: Judge) -> dict[str, Any]:
    """What identifies the order of two answers; the study's own, once the only one, has no mark."""
    if judge.pairs == "parity":
        return {}
    return {"pairs": judge.pairs, **({"pair_seed": judge.pair_seed} if judge.pairs == "seeded" else {})}


def read_of_item(study: Study, judged: Cell, item: Item) -> str | None:
    """Return what the judge of a response reads of its item besides the prompt; None if nothing."""
    if not is_pairwise(study.config.kind_of(judged.benchmark or "")):
        trait: str | None = item.scoring.get("trait")
        return trait
    if "reference" in item.scoring:
        return str(item.scoring["reference"])
    return str(item.scoring["references"][study.personas[judged.as_persona or judged.track.persona].role])
