"""How third-party data are named: `external:<source>/<path>` in a config, and paths inside a repository."""

from dataclasses import dataclass

PREFIX = "external:"


def is_inside(path: str) -> bool:
    """Tell whether a path from outside stays in the folder it is put into, and is a name that people can read."""
    parts = path.split("/")
    return path.isprintable() and "\\" not in path and not {"", ".", ".."} & {*parts}


@dataclass(frozen=True)
class Reference:
    """A file of a source, or a folder of it; `text` is how the config names it."""

    source: str
    path: str

    @property
    def text(self) -> str:
        """The text that stands in the config."""
        return f"{PREFIX}{self.source}/{self.path}"


def reference(text: str) -> Reference | None:
    """Return the reference that a path of the config is, or None for a path of this machine."""
    if not text.startswith(PREFIX):
        return None
    source, _, path = text.removeprefix(PREFIX).partition("/")
    return Reference(source, path.rstrip("/"))
