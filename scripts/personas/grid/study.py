"""The study: the config with everything it refers to read in, ready to be frozen and sent to jobs.

A job that waits in a queue for hours must see what was planned, not what the files say by then; so personas,
user turns and items travel inside the frozen plan. Third-party texts do not: they are pinned, so a job reads the same
from the folder that they are fetched to, whenever it reads them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.base import Item
from personas.benchmarks.draw import draw
from personas.benchmarks.human import Completion, Label
from personas.benchmarks.labels import Labels
from personas.config import Config
from personas.config.conditions import Order
from personas.config.judges import Judge
from personas.config.personas import Persona
from personas.config.reading.loader import validate
from personas.config.users import Brief
from personas.core.errors import UserError
from personas.external.catalogue import Catalogue
from personas.external.store import Store, open_store
from personas.grid.comparisons import comparison_hashes
from personas.grid.pins import Pins
from personas.grid.reading.cast import require_fields
from personas.grid.reading.frozen_parts import FrozenParts, own_texts
from personas.grid.reading.parts import Parts
from personas.grid.reading.templates import with_template
from personas.grid.release.release import Release, open_release
from personas.prompts.judge.texts import JudgeTexts, load_texts

T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True)
class Study:
    """Everything that shapes results.

    `weights` maps model slugs, and judges by `judge_weights_key`, to fingerprints; `judge_texts` maps slugs of judges
    to what they read. `pins` identify third-party texts. Where a third-party file is `absent` (source, path),
    stand-ins of the right number take the place of its texts: enough to plan with, and never sent to a model. `store`
    has the others. `labels` (role -> trait -> score) and folders of `nltk` data are by benchmark; `human` are labels
    that people gave, by slug, and `completions` the published answers beside them that judges rate. `release` is
    there if a model is imported from released files. `compared` are hashes of what a comparison is with, by its slug,
    where that is a file. `answers` and `briefs` are by condition: what was answered elsewhere, and who the user is
    whose turns a model writes.
    """

    config: Config
    personas: Mapping[str, Persona]
    turns: Mapping[str, Mapping[Order, Sequence[str]]]
    items: Mapping[str, Sequence[Item]]
    weights: Mapping[str, str]
    judge_texts: Mapping[str, JudgeTexts] = field(default_factory=dict)
    pins: Pins = field(default_factory=Pins)
    root: Path = Path()
    store: Store = field(default_factory=lambda: Store(Path(), Catalogue({})))
    absent: Sequence[tuple[str, str]] = ()
    labels: Mapping[str, Labels] = field(default_factory=dict)
    nltk: Mapping[str, str] = field(default_factory=dict)
    human: Mapping[str, Sequence[Label]] = field(default_factory=dict)
    completions: Mapping[str, Sequence[Completion]] = field(default_factory=dict)
    release: Release | None = None
    compared: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    briefs: Mapping[str, Brief] = field(default_factory=dict)

    def require_texts(self) -> None:
        """Raise UserError, with one sentence for each, where third-party files are not here."""
        if self.absent:
            paths = (self.store.path(source, path) for source, path in self.absent)
            raise UserError(
                "\n".join(f"{path}: not here, expected it; fetch it: personas fetch --data." for path in paths)
            )

    def persona_identity(self, slug: str) -> Mapping[str, Any]:
        """Return what identifies a persona: its role, and its description or the pin of it."""
        return self.pins.personas.get(slug) or self.personas[slug].identity()

    @cached_property
    def question_sets(self) -> dict[tuple[str, str], Any]:
        """What `asked_items` found, kept because large benchmarks are asked of many personas."""
        return {}

    def persona_bound(self, benchmark: str) -> bool:
        """Tell whether a benchmark has items of its own for each role."""
        return any(item.role is not None for item in self.items[benchmark])

    def items_for(self, benchmark: str, role: str | None, as_role: str | None = None) -> list[Item]:
        """Return the items of a benchmark as asked of a role, or of the baseline (None), within its limit.

        In a persona-bound benchmark the baseline is asked what the persona `as_role` is asked.
        """
        groups, section = BENCHMARKS[self.config.kind_of(benchmark)].groups, self.config.benchmarks[benchmark]
        items = draw(self.all_items_for(benchmark, as_role or role), section.limit, groups, section.limit_seed)
        if as_role is None:
            return items
        ids = {item.id for item in items}
        return [item for item in self.all_items_for(benchmark, None) if item.id in ids]

    def all_items_for(self, benchmark: str, role: str | None) -> list[Item]:
        """Return the items of a benchmark for a role, or for the baseline (None), whatever the limit."""
        return BENCHMARKS[self.config.kind_of(benchmark)].items_for(self.items[benchmark], role)

    def yes_no(self) -> dict[str, list[str]]:
        """Return the rubrics of utterances and of open questions that are answered with yes or no, by judge."""
        by_judge = {
            slug: [*judge.utterances, *self._named_rubrics(slug)] for slug, judge in self.config.judges.items()
        }
        return {
            slug: [metric for metric in dict.fromkeys(metrics) if self.judge_texts[slug].scale(metric) == "yes-no"]
            for slug, metrics in by_judge.items()
        }

    def _named_rubrics(self, judge: str) -> list[str]:
        """Return the rubrics that benchmarks name for a judge."""
        rubrics = [self.config.benchmarks[name].rubric for name in self.config.judged_benchmarks(judge)]
        return [rubric for rubric in rubrics if rubric]

    def to_json(self) -> dict[str, Any]:
        """Return the study as plain JSON types, third-party texts by reference."""
        return {
            **own_texts(self),
            "config": self.config.model_dump(mode="json"),
            "weights": self.weights,
            "judge_texts": {slug: texts.to_json() for slug, texts in self.judge_texts.items()},
            "release": self.release.to_json() if self.release else None,
            "compared": self.compared,
            "external": {
                "root": str(self.root),
                "folder": str(self.store.folder),
                "catalogue": self.store.catalogue.to_json(),
            },
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Study":
        """Restore what `to_json` gave; third-party texts are read, and checked, where they lie."""
        config = validate(Config, raw["config"], "frozen plan")
        external = raw["external"]
        store = Store(Path(external["folder"]), Catalogue.from_json(external["catalogue"], "frozen plan"))
        texts = {slug: JudgeTexts.from_json(raw_texts) for slug, raw_texts in raw["judge_texts"].items()}
        release = Release.from_json(raw["release"]) if raw["release"] else None
        parts = FrozenParts(Path(external["root"]), store, raw)
        return _study(config, parts, raw["weights"], texts, lambda _: release, raw["compared"])


def resolve(config: Config, root: Path = Path()) -> Study:
    """Read everything the config refers to, relative to `root`; UserError for the first thing that is wrong.

    Third-party files that are not here are stood in for.
    """
    texts = {slug: _texts(judge, root) for slug, judge in config.judges.items()}
    parts = Parts(root, open_store(config, root))
    release = partial(_release, config, root)
    return _study(config, parts, _weights(config), texts, release, comparison_hashes(config, root))


def _study(
    config: Config,
    parts: Parts,
    weights: Mapping[str, str],
    judge_texts: Mapping[str, JudgeTexts],
    released: Callable[[Sequence[str]], Release | None],
    compared: Mapping[str, str],
) -> Study:
    personas, persona_pins = parts.personas(config.personas)
    require_fields(personas, config.interventions)
    roles = [persona.role for persona in personas.values()]
    benchmarks = config.benchmarks.items()
    conditions = config.conditions.items()
    turns, turn_pins = _split({slug: parts.turns(slug, section) for slug, section in conditions})
    items, item_pins = _split({s: parts.items(s, config.kind_of(s), section, roles) for s, section in benchmarks})
    labels, label_pins = _split({s: parts.labels(s, section, roles) for s, section in benchmarks if section.labels})
    nltk, nltk_pins = _split({slug: parts.nltk(slug, section.nltk) for slug, section in benchmarks if section.nltk})
    human, human_pins = _split(
        {slug: parts.human(slug, section, roles, config.conversations) for slug, section in config.human.items()}
    )
    published = {slug: parts.template(slug, judge) for slug, judge in config.judges.items()}
    return Study(
        config=config,
        personas=personas,
        turns=turns,
        items=items,
        weights=weights,
        judge_texts={s: with_template(config, s, texts, published[s]) for s, texts in judge_texts.items()},
        pins=Pins(persona_pins, turn_pins, item_pins, label_pins, nltk_pins, human_pins),
        root=parts.root,
        store=parts.store,
        absent=parts.absent,
        labels=labels,
        nltk=nltk,
        human=human,
        completions={s: parts.completions(s, section) for s, section in config.human.items() if section.judges},
        release=released(roles),
        compared=compared,
        answers={slug: answers for slug, section in conditions if (answers := parts.answers(slug, section))},
        briefs={slug: brief for slug, section in conditions if (brief := parts.brief(slug, section))},
    )


def _release(config: Config, root: Path, roles: Sequence[str]) -> Release | None:
    """Look at the released files; None where no model is imported from them."""
    imported = {f"models.{s}": m.released_as for s, m in config.models.items() if m.released_as}
    judges = any(judge.model.is_imported for judge in config.judges.values())
    if config.release is None or not (imported or judges):
        return None
    return open_release(root / Path(config.release.folder).expanduser(), roles, imported, root / config.results)


def _split(pairs: Mapping[str, tuple[T, P]]) -> tuple[dict[str, T], dict[str, Any]]:
    """Part what was read from its pins, which there are only for what comes from elsewhere."""
    return {slug: part for slug, (part, _) in pairs.items()}, {slug: pin for slug, (_, pin) in pairs.items() if pin}


def _texts(judge: Judge, root: Path) -> JudgeTexts:
    texts = load_texts(root / judge.texts)
    if judge.cannot_tell:
        texts = texts.with_cannot_tell(judge.texts)
    return texts if judge.reasoning else texts.without_reasoning()


def judge_weights_key(slug: str) -> str:
    """Return the key of a judge's weights; a colon stands in no slug, so no model has the same."""
    return f"judge:{slug}"


def user_weights_key(slug: str) -> str:
    """Return the key of the weights of a model that writes user turns."""
    return f"user:{slug}"


def _weights(config: Config) -> dict[str, str]:
    models = {slug: (model, f"models.{slug}") for slug, model in config.models.items()}
    judges = {judge_weights_key(s): (judge.model, f"judges.{s}.model") for s, judge in config.judges.items()}
    users = {user_weights_key(slug): (model, f"users.{slug}") for slug, model in config.users.items()}
    fingerprints = {key: model.fingerprint(where) for key, (model, where) in (models | judges | users).items()}
    return {key: value for key, value in fingerprints.items() if value is not None}
