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
    `maker` names the function that makes it, `spec` is what that gets to know. `heading` and `caption` stand in
    Snakemake's report.
    """

    family: str
    maker: str
    outputs: tuple[str, ...]
    plain_outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    spec: Mapping[str, Any]
    heading: str = ""
    caption: str = ""


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
    def maker(self) -> str:
        """The one that all of them have."""
        return self.artefacts[0].maker


def families(artefacts: Iterable[Artefact]) -> list[Family]:
    """Return artefacts family by family, each where its first member stands."""
    members: dict[str, list[Artefact]] = {}
    for each in artefacts:
        members.setdefault(each.family, []).append(each)
    return [Family(name, tuple(found)) for name, found in members.items()]


def artefact(
    family: str,
    maker: str,
    plain_outputs: Sequence[str],
    inputs: Sequence[str],
    spec: Mapping[str, Any],
    *,
    heading: str = "",
    caption: str = "",
) -> Artefact:
    """Return an artefact whose outputs carry a digest of their names, the names of the inputs, and the spec."""
    mark = digest({"outputs": list(plain_outputs), "inputs": list(inputs), "spec": spec})
    marked = [f"{stem}.{mark}.{suffix}" for stem, _, suffix in (path.rpartition(".") for path in plain_outputs)]
    for path in marked:
        _refuse_long(path)
    return Artefact(family, maker, tuple(marked), tuple(plain_outputs), tuple(inputs), spec, heading, caption)


def _refuse_long(path: str) -> None:
    name = Path(path).name
    if len(name) > LONGEST_NAME:  # slugs are ASCII
        raise UserError(
            f"{path}: a file name of {len(name)} letters, expected {LONGEST_NAME} at most; shorten the slugs of the "
            "config that stand in it."
        )


def by_plain_name(artefacts: Iterable[Artefact]) -> dict[str, Artefact]:
    """Return tables by the plain name of their first output, without suffix; a printed table is no table."""
    firsts = ((made.plain_outputs[0].rpartition("."), made) for made in artefacts)
    return {stem: made for (stem, _, suffix), made in firsts if suffix == "parquet"}
