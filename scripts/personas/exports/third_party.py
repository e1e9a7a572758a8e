"""Texts of a study that others wrote: which columns hold them, whose they are, under which licence."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from personas.external.catalogue import Source
from personas.external.reference import Reference, reference
from personas.external.store import references
from personas.grid.cells import Cell
from personas.grid.study import Study

_SAID = ("answer", "reasoning")


@dataclass(frozen=True)
class Use:
    """A source of third-party texts, and the fields of the config that name files of it."""

    slug: str
    source: Source
    fields: dict[str, Reference]

    @property
    def fields_text(self) -> str:
        """The fields, each with the path in the source, as Markdown."""
        return "; ".join(f"`{where}`: `{ref.path}`" for where, ref in self.fields.items())


def uses(study: Study) -> Iterator[Use]:
    """Yield the sources that a study uses, as its catalogue has them."""
    by_field = references(study.config)
    for slug, source in study.store.catalogue.sources.items():
        fields = {where: ref for where, ref in by_field.items() if ref.source == slug}
        if fields:
            yield Use(slug, source, fields)


def third_party_columns(study: Study, cell: Cell) -> Collection[str]:
    """Return the columns of a cell that hold texts of others: items, user turns, and all that was imported."""
    if not cell.is_imported:
        return referenced_columns(study, cell)
    return _SAID if cell.judge is not None else (*_SAID, _text_column(cell))


def referenced_columns(study: Study, cell: Cell) -> Collection[str]:
    """Return the column of a cell that holds items or user turns which the config names by reference."""
    if cell.judge is not None:
        return ()
    config = study.config
    scripts = [part.turns for part in config.conditions[cell.track.condition].parts]
    paths = [config.benchmarks[cell.benchmark].items] if cell.benchmark else scripts
    return (_text_column(cell),) if any(reference(name) for name in paths) else ()


def _text_column(cell: Cell) -> str:
    return "prompt" if cell.benchmark else "user"
