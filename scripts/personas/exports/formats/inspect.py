"""Logs of Inspect."""

from collections.abc import Iterator
from pathlib import Path

from personas.core.errors import UserError
from personas.exports.formats.format import Format
from personas.exports.study_results import StudyResults


def write(results: StudyResults, folder: Path) -> Iterator[str]:
    """Write logs that `inspect view` opens; UserError says what to install where inspect_ai is not."""
    try:
        from personas.exports.inspect_logs.logs import write_logs
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("inspect_ai"):
            raise
        raise UserError(
            "personas export --to inspect: inspect_ai is not installed, expected it; "
            "`uv sync --extra inspect` installs it (with pip: `pip install inspect-ai`)."
        ) from None
    yield from write_logs(results, folder)


INSPECT = Format("inspect", "logs for `inspect view` and `inspect_ai.analysis`", write)
