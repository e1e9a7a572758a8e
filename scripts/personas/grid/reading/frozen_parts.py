"""The parts of a study out of a frozen plan: own texts as they were planned, third-party texts by reference."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.benchmarks.base import Item
from personas.benchmarks.human import Completion, Label
from personas.benchmarks.labels import Labels
from personas.config.analysis.calibration import Labels as LabelsSection
from personas.config.benchmarks import BenchmarkSection
from personas.config.conditions import Condition, Order
from personas.config.personas import Persona, PersonasSection
from personas.config.reading.loader import validate
from personas.config.users import Brief
from personas.external.store import Store
from personas.grid.pins import ItemPins, Pin, TurnPin
from personas.grid.reading.parts import Parts

if TYPE_CHECKING:
    from personas.grid.study import Study


class FrozenParts(Parts):
    """Takes texts of one's own from a frozen plan, and reads third-party texts."""

    def __init__(self, root: Path, store: Store, raw: Mapping[str, Any]) -> None:
        super().__init__(root, store)
        self._raw = raw

    def personas(self, section: PersonasSection) -> tuple[dict[str, Persona], dict[str, Mapping[str, object]]]:
        """Return the personas, and pins of those from elsewhere."""
        if not self._raw["personas"]:
            return super().personas(section)
        return {slug: validate(Persona, raw, "frozen plan") for slug, raw in self._raw["personas"].items()}, {}

    def turns(self, slug: str, condition: Condition) -> tuple[dict[Order, list[str]], dict[Order, list[TurnPin]]]:
        """Return the user turns of a condition, and pins of those from elsewhere."""
        entries = self._raw["turns"]
        return (entries[slug], {}) if slug in entries else super().turns(slug, condition)

    def answers(self, slug: str, condition: Condition) -> list[str]:
        """Return the answers of a conversation that was held elsewhere."""
        entries: list[str] = self._raw["answers"].get(slug, [])
        return entries

    def brief(self, slug: str, condition: Condition) -> Brief | None:
        """Return who the user of a condition is whose turns a model writes."""
        entries = self._raw["briefs"].get(slug)
        return validate(Brief, entries, "frozen plan") if entries else None

    def items(
        self, slug: str, kind: str, section: BenchmarkSection, roles: Sequence[str]
    ) -> tuple[list[Item], ItemPins | None]:
        """Return the items of a benchmark, and pins of those from elsewhere."""
        entries = self._raw["items"]
        return (
            ([Item(**raw) for raw in entries[slug]], None)
            if slug in entries
            else super().items(slug, kind, section, roles)
        )

    def labels(self, slug: str, section: BenchmarkSection, roles: Sequence[str]) -> tuple[Labels, Pin | None]:
        """Return the labels of a benchmark, and their pin where they come from elsewhere."""
        entries = self._raw["labels"]
        return (entries[slug], None) if slug in entries else super().labels(slug, section, roles)

    def human(
        self, slug: str, section: LabelsSection, roles: Sequence[str], conditions: Mapping[str, str]
    ) -> tuple[list[Label], list[Pin]]:
        """Return labels that people gave, and pins of those from elsewhere."""
        entries = self._raw["human"]
        if slug in entries:
            return [Label(**raw) for raw in entries[slug]], []
        return super().human(slug, section, roles, conditions)

    def completions(self, slug: str, section: LabelsSection) -> list[Completion]:
        """Return the published answers that judges rate."""
        entries = self._raw["completions"]
        return [Completion(**raw) for raw in entries[slug]] if slug in entries else super().completions(slug, section)


def own_texts(study: "Study") -> dict[str, Any]:
    """Return the texts of a study that are its own, as plain JSON types: what `FrozenParts` takes from a plan."""
    pins = study.pins
    return {
        "personas": {
            slug: persona.model_dump(mode="json")
            for slug, persona in study.personas.items()
            if slug not in pins.personas
        },
        "turns": {slug: turns for slug, turns in study.turns.items() if slug not in pins.turns},
        "answers": dict(study.answers),
        "briefs": {slug: brief.model_dump(mode="json") for slug, brief in study.briefs.items()},
        "items": _as_dicts(study.items, but=pins.items),
        "labels": {slug: labels for slug, labels in study.labels.items() if slug not in pins.labels},
        "human": _as_dicts(study.human, but=pins.human),
        "completions": _as_dicts(study.completions, but=pins.human),
    }


def _as_dicts(rows: Mapping[str, Sequence[Any]], but: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {slug: [asdict(row) for row in own] for slug, own in rows.items() if slug not in but}
