"""What tables of ratings, patterns and samples declare: who writes them of cells, and where."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from personas.plan.artefact import Artefact
from personas.plan.declaration import Declaration
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry


@dataclass(frozen=True, kw_only=True)
class ScoringDeclaration(Declaration):
    """A family of files that `write` makes of cells; `{}` in `paths` stands for the name of an instance.

    `more_code` is what it uses without naming it: methods of what the study holds.
    """

    write: Callable[[FrozenPlan, Artefact], None]
    paths: tuple[str, ...]
    more_code: tuple[Entry, ...] = ()

    def outputs(self, name: str) -> list[str]:
        """Return the plain paths of an instance."""
        return [path.format(name) for path in self.paths]

    @property
    def code(self) -> Sequence[Entry]:
        """What the files are made with."""
        return (self.write, *self.more_code)

    def make(self, frozen: FrozenPlan, artefact: Artefact) -> None:
        """Write the files of an artefact."""
        self.write(frozen, artefact)
