"""The parts of a study by the path or the reference that the config gives: texts, or stand-ins, and their pins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.base import Item
from personas.benchmarks.human import Completion, Label, read_completions
from personas.benchmarks.human import read_labels as read_human
from personas.benchmarks.labels import Labels, read_labels
from personas.benchmarks.role_specific import PREFIX
from personas.config import Config
from personas.config.analysis.calibration import Labels as LabelsSection
from personas.config.base import compose
from personas.config.benchmarks import OF_PERSONAS, BenchmarkSection
from personas.config.conditions import Condition, Order
from personas.config.judges import Judge
from personas.config.personas import Persona, PersonasSection
from personas.config.users import Brief
from personas.core.errors import UserError
from personas.external.reference import Reference, reference
from personas.external.store import Store
from personas.grid.pins import ItemPins, Pin, TurnPin
from personas.grid.reading.cast import choose_personas, from_descriptions, of_file, of_folder
from personas.grid.reading.files import Files
from personas.grid.reading.placeholders import completions_so_far, csv_files, items_so_far, placeholder
from personas.grid.reading.scripts import read_answers, read_brief, read_turns
from personas.grid.reading.templates import match_format
from personas.prompts.judge.published_template import PublishedTemplate
from personas.prompts.judge.rubrics import Scale


@dataclass
class Parts(Files):
    """Reads the parts of a study. `cast` are the personas, once they are read."""

    cast: dict[str, Persona] = field(default_factory=dict)

    def personas(self, section: PersonasSection) -> tuple[dict[str, Persona], dict[str, Mapping[str, object]]]:
        """Return the personas that take part, by slug, and pins of those whose descriptions come from elsewhere."""
        self.cast, pins = self._personas(section)
        return self.cast, pins

    def _personas(self, section: PersonasSection) -> tuple[dict[str, Persona], dict[str, Mapping[str, object]]]:
        if section.roles is None:
            return of_folder(section, self.root), {}
        ref = reference(section.roles)
        if ref is None:
            return choose_personas(of_file(self.root / section.roles), section), {}
        entry = self.store.catalogue.file(ref, "personas.roles", "roles")
        file = self.here(ref, ref.path)
        texts = {role: placeholder(f"who {role} is", entry.placeholder.characters) for role in entry.roles}
        personas = choose_personas(of_file(file) if file else from_descriptions(texts, ref.text), section)
        pin = self.pin(ref, ref.path)
        return personas, {slug: {"role": persona.role, "external": pin} for slug, persona in personas.items()}

    def turns(self, slug: str, condition: Condition) -> tuple[dict[Order, list[str]], dict[Order, list[TurnPin]]]:
        """Return the user turns of every order of a condition; and their pins where they come from elsewhere."""
        return read_turns(self, slug, condition)

    def answers(self, slug: str, condition: Condition) -> list[str]:
        """Return the answers of a conversation that was held elsewhere; none where a model is asked for them."""
        return read_answers(self, slug, condition)

    def brief(self, slug: str, condition: Condition) -> Brief | None:
        """Return who the user of a condition is whose turns a model writes; None where there are scripts."""
        return read_brief(self, condition.user) if condition.user else None

    def items(
        self, slug: str, kind: str, section: BenchmarkSection, roles: Sequence[str]
    ) -> tuple[list[Item], ItemPins | None]:
        """Return the items of a benchmark; and their pins where they come from elsewhere (then of `roles` only)."""
        ref = reference(section.items)
        if section.items == OF_PERSONAS:
            return BENCHMARKS[kind].of_personas(self.cast.values()), None
        if ref is None:
            return as_asked(BENCHMARKS[kind].load(self.root / section.items), roles), None
        files = self._item_files(slug, kind, ref, roles)
        pins = self._item_pins(kind, ref, files)
        roles = self._roles_with_items(ref, files, roles)
        if not files:
            return [], pins
        here = [self.here(ref, path) for path in files.values()]
        if all(here):
            loaded = as_asked(BENCHMARKS[kind].load(self.store.path(ref.source, ref.path)), roles)
            return [item for item in loaded if item.role is None or item.role in roles], pins
        entries = self.store.catalogue.sources[ref.source].files
        sets = dict.fromkeys(roles if pins.bound else [None])
        return [
            item for role in sets for item in items_so_far(slug, kind, role, entries[files.get(role) or files[None]])
        ], pins

    def labels(self, slug: str, section: BenchmarkSection, roles: Sequence[str]) -> tuple[Labels, Pin | None]:
        """Return the labels of the roles that have any; and their pin where they come from elsewhere."""
        if section.labels is None:
            return {}, None
        ref = reference(section.labels)
        if ref is None:
            return read_labels(self.root / section.labels, section.label_set, roles), None
        self.store.catalogue.file(ref, f"benchmarks.{slug}.labels", "json")
        file = self.here(ref, ref.path)
        return read_labels(file, section.label_set, roles) if file else {}, self.pin(ref, ref.path)

    def nltk(self, slug: str, folder: str) -> tuple[str, list[Pin]]:
        """Return the folder of NLTK data of a benchmark; and its pins where it comes from elsewhere."""
        ref = reference(folder)
        if ref is None:
            if not (self.root / folder).is_dir():
                raise UserError(f"benchmarks.{slug}.nltk: found {folder!r}, which is no folder, expected one.")
            return str(self.root / folder), []
        paths = list(self.store.catalogue.files(ref, f"benchmarks.{slug}.nltk"))
        for path in paths:
            self.here(ref, path)
        return str(self.store.path(ref.source, ref.path)), [self.pin(ref, path) for path in paths]

    def human(
        self, slug: str, section: LabelsSection, roles: Sequence[str], conditions: Mapping[str, str]
    ) -> tuple[list[Label], list[Pin]]:
        """Return labels that people gave, none while their files are not here; and their pins if from elsewhere."""
        ref = reference(section.file)
        if ref is None:
            files = csv_files(self.root / section.file, f"calibration.labels.{slug}.file")
            return read_human(section, files, roles, conditions), []
        paths = list(self.store.catalogue.files(ref, f"calibration.labels.{slug}.file"))
        locations = [self.here(ref, path) for path in paths]
        here = [path for path in locations if path is not None]
        labels = read_human(section, here, roles, conditions) if len(here) == len(locations) else []
        return labels, [self.pin(ref, path) for path in paths]

    def completions(self, slug: str, section: LabelsSection) -> list[Completion]:
        """Return the published answers that stand beside labels; as many stand-ins while their files are not here."""
        ref, where = reference(section.file), f"calibration.labels.{slug}.file"
        if ref is None:
            return [
                completion
                for file in csv_files(self.root / section.file, where)
                for completion in read_completions(file)
            ]
        entries = self.store.catalogue.files(ref, where)
        locations = [self.here(ref, path) for path in entries]
        here = [path for path in locations if path is not None]
        if len(here) == len(locations):
            return [completion for file in here for completion in read_completions(file)]
        return [completion for path, entry in entries.items() for completion in completions_so_far(Path(path), entry)]

    def template(self, slug: str, judge: Judge) -> PublishedTemplate | None:
        """Return the published template of a judge, with stand-ins while its files are not here; None without one."""
        ref = reference(judge.template or "")
        if ref is None:
            return None
        where = f"judges.{slug}.template"
        entries = self.store.catalogue.files(ref, where)
        layout, paths = match_format(entries, ref.text, where)
        here = {path: self.here(ref, path) for path in dict.fromkeys(paths.values())}
        texts: dict[Scale, str] = {}
        for scale, path in paths.items():
            words = placeholder(f"a template for {scale}", entries[path].placeholder.characters)
            file = here[path]
            texts[scale] = layout.load(file, scale) if file else layout.placeholder(scale, words)
        return PublishedTemplate(layout, texts, {scale: self.pin(ref, path) for scale, path in paths.items()})

    def _item_files(self, slug: str, kind: str, ref: Reference, roles: Sequence[str]) -> dict[str | None, str]:
        """Return the path of the file of each role, or of the one file of all (None)."""
        where = f"benchmarks.{slug}.items"
        if kind != "role-specific":
            self.store.catalogue.file(ref, where, "json", "jsonl", "csv")
            return {None: ref.path}
        files = self.store.catalogue.files(ref, where)
        by_role = {role: f"{ref.path}/{PREFIX}{role}.jsonl" for role in roles}
        return {role: path for role, path in by_role.items() if path in files}

    def _roles_with_items(self, ref: Reference, files: Mapping[str | None, str], roles: Sequence[str]) -> list[str]:
        """Return the roles with items, as far as the catalogue knows: the same with and without files."""
        entry = self.store.catalogue.sources[ref.source].files.get(ref.path)
        with_items = set(entry.roles) if entry and entry.roles else None
        return [
            role for role in roles if (None in files or role in files) and (with_items is None or role in with_items)
        ]

    def _item_pins(self, kind: str, ref: Reference, files: Mapping[str | None, str]) -> ItemPins:
        pins: dict[str | None, Pin] = {role: self.pin(ref, path) for role, path in files.items()}
        entry = self.store.catalogue.sources[ref.source].files.get(ref.path)
        return ItemPins(pins, entry.rows if entry else None, BENCHMARKS[kind].persona_bound)


def read_parts(config: Config, root: Path, store: Store) -> Parts:
    """Return the parts after reading all that a config names; the third-party files among it are in `used`."""
    parts = Parts(root, store)
    personas, _ = parts.personas(config.personas)
    roles = [persona.role for persona in personas.values()]
    for slug, condition in config.conditions.items():
        if any(reference(part.turns) for part in condition.parts):
            parts.turns(slug, condition)
    for slug, section in config.benchmarks.items():
        if reference(section.items):
            parts.items(slug, config.kind_of(slug), section, roles)
        parts.labels(slug, section, roles)
        if section.nltk:
            parts.nltk(slug, section.nltk)
    for slug, judge in config.judges.items():
        parts.template(slug, judge)
    for slug, labels in config.human.items():
        if reference(labels.file):
            parts.human(slug, labels, roles, config.conversations)
    return parts


def as_asked(items: Iterable[Item], roles: Iterable[str]) -> list[Item]:
    """Return items with their roles as the personas spell them: a file name may hold the same letters decomposed."""
    spelled = {compose(role): role for role in roles}
    return [replace(item, role=spelled.get(compose(item.role), item.role)) if item.role else item for item in items]
