"""Tables and figures: what follows from the cells without an engine, each with an identity of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.core.canonical import digest
from personas.core.errors import UserError

LONGEST_NAME = 240
"""Letters of a file name: 255 bytes, less what stands around it while it is written, or in the name of its log."""


@dataclass(frozen=True)
class Artefact:
    """A table, a figure or a page. Paths are relative to the results folder; `plain_outputs` are those in `current/`.

    `family` is what it is one of (`progression`): those of a family are made together, by a rule of that name.
    `maker` is where it is declared (`module:family`), `spec` all that its name holds besides its inputs. `stage` is
    that of the workflow; `title`, `heading` and `caption` stand in Snakemake's report. `reads_texts`: it is made with
    third-party texts.
    """

    family: str
    maker: str
    outputs: tuple[str, ...]
    plain_outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    spec: Mapping[str, Any]
    stage: str = ""
    heading: str = ""
    caption: str = ""
    reads_texts: bool = False
    title: str = ""

    @property
    def name(self) -> str:
        """The plain name of its first file, without folder and suffix."""
        return Path(self.plain_outputs[0]).stem

    @property
    def declared_family(self) -> str:
        """The family that is declared: `ratings`, where a rule makes those of one model."""
        return self.maker.partition(":")[2]


@dataclass(frozen=True)
class Family:
    """Artefacts that one job makes, one after the other, in the order in which they are listed."""

    name: str
    artefacts: tuple[Artefact, ...]

    @property
    def outputs(self) -> list[str]:
        """All their files, relative to the results folder."""
        return [path for each in self.artefacts for path in each.outputs]

    @property
    def inputs(self) -> list[str]:
        """What they are made of, each file once."""
        return list(dict.fromkeys(path for each in self.artefacts for path in each.inputs))

    @property
    def first(self) -> Artefact:
        """The one from which the others differ in nothing that the rule tells."""
        return self.artefacts[0]


def families(artefacts: Iterable[Artefact]) -> list[Family]:
    """Return artefacts family by family, each where its first member stands."""
    members: dict[str, list[Artefact]] = {}
    for each in artefacts:
        members.setdefault(each.family, []).append(each)
    return [Family(name, tuple(group)) for name, group in members.items()]


def build_artefact(
    family: str,
    maker: str,
    plain_outputs: Sequence[str],
    inputs: Sequence[str],
    spec: Mapping[str, Any],
    **more: Any,
) -> Artefact:
    """Return an artefact whose outputs carry a digest of their names, the names of the inputs, and the spec.

    `more` are the other fields of `Artefact`.
    """
    mark = digest({"outputs": list(plain_outputs), "inputs": list(inputs), "spec": spec})
    marked = [f"{stem}.{mark}.{suffix}" for stem, _, suffix in (path.rpartition(".") for path in plain_outputs)]
    for path in marked:
        _refuse_long(path)
    return Artefact(family, maker, tuple(marked), tuple(plain_outputs), tuple(inputs), spec, **more)


def _refuse_long(path: str) -> None:
    name = Path(path).name
    if len(name) > LONGEST_NAME:  # slugs are ASCII
        raise UserError(
            f"{path}: a file name of {len(name)} letters, expected {LONGEST_NAME} at most; shorten the slugs of the "
            "config that stand in it."
        )
