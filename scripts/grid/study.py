"""The study: the config with everything it refers to read in, ready to be frozen and sent to jobs.

A job that waits in a queue for hours must see what was planned, not what the files say by then; so personas,
user turns and items travel inside the frozen plan.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from scripts.benchmarks import BENCHMARKS
from scripts.benchmarks.base import Item
from scripts.config import Config
from scripts.config.base import SLUG_PATTERN
from scripts.config.conditions import Order
from scripts.config.judges import Judge
from scripts.config.loader import read_yaml, validate
from scripts.config.models import LlamaCppModel, Model, VllmModel
from scripts.config.personas import BASELINE, Persona, PersonasSection
from scripts.errors import UserError
from scripts.grid.turns import read_turns
from scripts.grid.weights import fingerprint, fingerprint_folder, locate, locate_folder
from scripts.judge.texts import JudgeTexts, load_texts


@dataclass(frozen=True)
class Study:
    """Everything that shapes results.

    `weights` maps model slugs, and judges by `judge_weights_key`, to fingerprints; `judge_texts` maps slugs of judges
    to what they read.
    """

    config: Config
    personas: Mapping[str, Persona]
    turns: Mapping[str, Mapping[Order, Sequence[str]]]
    items: Mapping[str, Sequence[Item]]
    weights: Mapping[str, str]
    judge_texts: Mapping[str, JudgeTexts] = field(default_factory=dict)

    @cached_property
    def asked(self) -> dict[tuple[str, str], Any]:
        """What `asked_items` found, kept because large benchmarks are asked of many personas."""
        return {}

    def persona_bound(self, benchmark: str) -> bool:
        """Tell whether a benchmark has items of its own for each role."""
        return any(item.role is not None for item in self.items[benchmark])

    def items_for(self, benchmark: str, role: str | None, as_role: str | None = None) -> list[Item]:
        """Return the items of a benchmark as asked of a role, or of the baseline (None), within its limit.

        In a persona-bound benchmark the baseline is asked what the persona `as_role` is asked.
        """
        kind = BENCHMARKS[self.config.kind_of(benchmark)]
        items, limit = self.items[benchmark], self.config.benchmarks[benchmark].limit
        if as_role is None:
            return kind.items_for(items, role)[:limit]
        wanted = {item.id for item in kind.items_for(items, as_role)[:limit]}
        return [item for item in kind.items_for(items, None) if item.id in wanted]

    def to_json(self) -> dict[str, Any]:
        """Return the study as plain JSON types."""
        return {
            "config": self.config.model_dump(mode="json"),
            "personas": {slug: persona.model_dump(mode="json") for slug, persona in self.personas.items()},
            "turns": self.turns,
            "items": {slug: [asdict(item) for item in items] for slug, items in self.items.items()},
            "weights": self.weights,
            "judge_texts": {slug: texts.to_json() for slug, texts in self.judge_texts.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Study":
        """Restore what `to_json` gave."""
        return cls(
            config=validate(Config, raw["config"], "frozen plan"),
            personas={slug: validate(Persona, persona, "frozen plan") for slug, persona in raw["personas"].items()},
            turns=raw["turns"],
            items={slug: [Item(**item) for item in items] for slug, items in raw["items"].items()},
            weights=raw["weights"],
            judge_texts={slug: JudgeTexts.from_json(texts) for slug, texts in raw["judge_texts"].items()},
        )


def resolve(config: Config, root: Path = Path()) -> Study:
    """Read everything the config refers to, relative to `root`; UserError for the first thing that is wrong."""
    return Study(
        config=config,
        personas=_personas(config.personas, root),
        turns={
            slug: read_turns(root / condition.turns, condition, slug) for slug, condition in config.conditions.items()
        },
        items={
            slug: BENCHMARKS[config.kind_of(slug)].load(root / section.items)
            for slug, section in config.benchmarks.items()
        },
        weights=_weights(config),
        judge_texts={slug: _texts(judge, root) for slug, judge in config.judges.items()},
    )


def _texts(judge: Judge, root: Path) -> JudgeTexts:
    texts = load_texts(root / judge.texts)
    return texts if judge.reasoning else texts.without_reasoning()


def judge_weights_key(slug: str) -> str:
    """Return the key of a judge's weights; a colon stands in no slug, so no model has the same."""
    return f"judge:{slug}"


def _weights(config: Config) -> dict[str, str]:
    models = {slug: (model, f"models.{slug}") for slug, model in config.models.items()}
    judges = {judge_weights_key(s): (judge.model, f"judges.{s}.model") for s, judge in config.judges.items()}
    found = {key: _fingerprint(model, f"{where}.weights") for key, (model, where) in (models | judges).items()}
    return {key: value for key, value in found.items() if value is not None}


def _fingerprint(model: Model, where: str) -> str | None:
    """Fingerprint the weights that a model has on disk; None where a hub or an endpoint holds them."""
    if isinstance(model, LlamaCppModel):
        return fingerprint(locate(model.weights, where))
    if isinstance(model, VllmModel) and model.weights:
        return fingerprint_folder(locate_folder(model.weights, where))
    return None


def _personas(section: PersonasSection, root: Path) -> dict[str, Persona]:
    folder = root / section.folder
    if not folder.is_dir():
        raise UserError(f"personas.folder: found {section.folder!r}, which is no folder, expected one.")
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    wanted = list(files) if section.include is None else list(section.include)
    if not wanted:
        raise UserError(f"personas.folder: {section.folder} has no .yaml file, expected one per persona.")
    return {slug: _persona(slug, files, section.folder) for slug in wanted}


def _persona(slug: str, files: Mapping[str, Path], folder: str) -> Persona:
    if slug not in files:
        raise UserError(f"personas.include: found {slug}, expected a file {slug}.yaml in {folder}.")
    if not re.fullmatch(SLUG_PATTERN, slug) or slug == BASELINE:
        raise UserError(
            f"{files[slug]}: found the slug {slug!r}, expected letters, digits, dots and single dashes, "
            f"and not {BASELINE!r}."
        )
    return validate(Persona, read_yaml(files[slug]), str(files[slug]))
