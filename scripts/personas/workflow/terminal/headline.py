"""What was found, told at the end of a run."""

from pathlib import Path

from personas.core.errors import UserError
from personas.core.parquet import read_frame


def headline(results: Path) -> str | None:
    """Return a sentence about `current/tables/by-model`; None where there is no such table, or no claim in it."""
    from personas.figures.summaries.finding import finding  # figures take a moment to load

    tables = results / "current" / "tables"
    try:
        return finding(*(read_frame(tables / f"{name}.parquet") for name in ("by-model", "measures")))
    except (UserError, OSError):
        return None
