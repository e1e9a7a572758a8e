"""The files that a study names: its own relative to a folder, third-party files from a store."""

from dataclasses import dataclass, field
from pathlib import Path

from personas.external.reference import Reference
from personas.external.store import Store


@dataclass
class Files:
    """Finds files relative to `root`, third-party files in `store`. `used` collects the third-party files, and
    whether each is here.
    """

    root: Path
    store: Store
    used: dict[tuple[str, str], bool] = field(default_factory=dict)

    @property
    def absent(self) -> list[tuple[str, str]]:
        """The third-party files that are used and not here, each as source and path."""
        return [file for file, is_here in self.used.items() if not is_here]

    def here(self, ref: Reference, path: str) -> Path | None:
        """Return the path of a third-party file, None if it is not here."""
        location = self.store.find(ref.source, path)
        self.used[ref.source, path] = location is not None
        return location

    def pin(self, ref: Reference, path: str) -> dict[str, str]:
        """Return what identifies a third-party file."""
        return self.store.catalogue.sources[ref.source].pin(path)
