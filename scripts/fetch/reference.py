"""How a config names third-party data: `external:<source>/<path>`."""

from dataclasses import dataclass

PREFIX = "external:"


@dataclass(frozen=True)
class Reference:
    """A file of a source, or a folder of it; `written` is how the config names it."""

    source: str
    path: str

    @property
    def written(self) -> str:
        """The text that stands in the config."""
        return f"{PREFIX}{self.source}/{self.path}"


def reference(written: str) -> Reference | None:
    """Return the reference that a path of the config is, or None for a path of this machine."""
    if not written.startswith(PREFIX):
        return None
    source, _, path = written.removeprefix(PREFIX).partition("/")
    return Reference(source, path.rstrip("/"))
