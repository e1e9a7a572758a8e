"""What finished cells hold that somebody should know of: refused requests, and a server that changed meanwhile."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from personas.core.cleaning import one_line
from personas.core.errors import UserError
from personas.core.parquet import read_table
from personas.requests.projection import read_description

_CELLS = ("dialogues/", "responses/", "judgements/")
_NOT_ASKED = ("not asked:", "not judged:")
"""How the details of rows begin that only follow from another."""
_LONGEST = 200


@dataclass
class Troubles:
    """Rows and cells with `api_error`, what was said, and cells that several models or builds served."""

    rows: int = 0
    cells: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    changed: dict[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield what is to be told; nothing where all is well."""
        if self.rows:
            mostly = f", most often: {self.messages.most_common(1)[0][0]}" if self.messages else ""
            yield f"Without an answer (api_error): {self.rows:,} rows of {self.cells:,} cells{mostly}"
        if self.changed:
            path, served = next(iter(self.changed.items()))
            yield (
                f"The server changed within {len(self.changed):,} cells (columns served_model, served_by), "
                f"for one in {path}: {served}"
            )


def troubles(paths: Iterable[str], results: Path) -> Troubles:
    """Look into the cells among `paths` that are there; what cannot be read is for others to tell."""
    result = Troubles()
    for path in (path for path in paths if path.startswith(_CELLS)):
        try:
            _look_into(results / path, path, result)
        except (UserError, OSError, ValueError, KeyError):
            continue
    return result


def _look_into(file: Path, path: str, result: Troubles) -> None:
    description = read_description(file)
    if changes := description.get("changed"):
        result.changed[path] = one_line(
            "; ".join(f"{column} {', '.join(names)}" for column, names in changes.items())
        )
    count = description["statuses"].get("api_error", 0)
    if not count:
        return
    result.rows, result.cells = result.rows + count, result.cells + 1
    for row in read_table(file, columns=["status", "detail"]).to_pylist():
        detail = row["detail"] or ""
        if row["status"] == "api_error" and detail and not detail.startswith(_NOT_ASKED):
            result.messages[one_line(detail, _LONGEST)] += 1
