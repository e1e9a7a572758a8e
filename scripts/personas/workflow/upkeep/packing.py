"""The end of a run: the journals of models and judges of whom nothing is missing are packed."""

import contextlib

from personas.core.errors import UserError
from personas.plan.frozen import FrozenPlan
from personas.requests.journal_lines import is_packed, journal_files
from personas.workflow.upkeep.alone import alone
from personas.workflow.upkeep.journals import compact


def pack_journals(frozen: FrozenPlan) -> None:
    """Pack the journals of all whose batches in a run made all their cells.

    Where somebody else works in the results folder, or the disk is full, they stay as they are for a later run.
    """
    slugs = dict.fromkeys(slug for batch in frozen.batches for slug in (batch.asked_slug, *batch.users))
    unfinished = {
        slug
        for batch in frozen.batches
        if not _is_made(frozen, batch.outputs)
        for slug in (batch.asked_slug, *batch.users)
    }
    folders = [frozen.results / "journal" / slug for slug in slugs if slug not in unfinished]
    waiting = [folder for folder in folders if not all(map(is_packed, journal_files(folder)))]
    with contextlib.suppress(UserError, OSError):
        if waiting:
            with alone(frozen.results, "pack"):
                for folder in waiting:
                    compact(folder)


def _is_made(frozen: FrozenPlan, paths: tuple[str, ...]) -> bool:
    return all((frozen.results / path).exists() for path in paths)
