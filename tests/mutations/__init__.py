"""Small deliberate faults, one at a time: how many of them do the quick tests catch?

`python -m tests.mutations` runs them. The faults are data, in the modules of this package; each is what a careless
edit makes, chosen for what a user would suffer from it and not for the tests that there are.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutation:
    """One fault: `old`, which stands once in `file`, becomes `new`.

    `harm` is what a user would suffer. `reason` says why no quick test need catch it, where that is so.
    """

    area: str
    harm: str
    file: str
    old: str
    new: str
    reason: str | None = None

    def applied(self, source: str) -> str:
        """Return the source with the fault; ValueError if `old` does not stand in it exactly once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.file}: found {self.old!r} {source.count(self.old)} times, expected it once")
        mutated = source.replace(self.old, self.new)
        if ast.dump(ast.parse(mutated)) == ast.dump(ast.parse(source)):
            raise ValueError(f"{self.file}: {self.new!r} does the same as {self.old!r}")
        return mutated
