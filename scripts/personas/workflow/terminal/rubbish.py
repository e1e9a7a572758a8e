"""What `personas gc` found or removed, for people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from personas.pages.numbers import size
from personas.workflow.upkeep.gc import Rubbish
from personas.workflow.upkeep.journals import Compaction
from personas.workflow.upkeep.survey import FoundFile

_GROUPS, _UNKNOWN = 10, 20
"""Groups, and unknown files, that are printed."""


def print_rubbish(results: Path, rubbish: Rubbish, removed: bool, console: Console) -> None:
    """Print sizes by kind, the biggest groups, the journals, what is unknown, and what comes next."""
    survey = rubbish.survey
    if survey.removable:
        console.print(_kinds(survey.removable))
        console.print(_groups(survey.removable))
    for line in [*_journals(rubbish.journals), *_unknown_lines(survey.unknown)]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(f"Needed, stays: {_amount(survey.needed)} in {results}.", highlight=False, markup=False)
    console.print(_end(rubbish, removed), highlight=False, markup=False)


def _end(rubbish: Rubbish, removed: bool) -> str:
    if rubbish.is_none:
        return "Nothing to remove."
    if removed:
        return f"Removed: {_amount(rubbish.survey.removable)}."
    return f"To remove: {_amount(rubbish.survey.removable)}. Nothing was changed; add --yes to remove."


def _amount(files: Sequence[FoundFile]) -> str:
    return f"{len(files):,} files, {size(sum(file.size for file in files))}"


def _kinds(files: Sequence[FoundFile]) -> Table:
    table = _table("not needed", (file.kind for file in files), files)
    table.add_section()
    table.add_row("all", f"{len(files):,}", size(sum(file.size for file in files)))
    return table


def _groups(files: Sequence[FoundFile]) -> Table:
    return _table("the biggest groups", (file.group for file in files), files, _GROUPS)


def _table(heading: str, names: Iterable[str], files: Sequence[FoundFile], rows: int | None = None) -> Table:
    count, volume = Counter[str](), Counter[str]()
    for name, file in zip(names, files, strict=True):
        count[name] += 1
        volume[name] += file.size
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(heading, overflow="fold")
    table.add_column("files", justify="right")
    table.add_column("size", justify="right")
    for name, total in volume.most_common(rows):
        table.add_row(name, f"{count[name]:,}", size(total))
    return table


def _journals(journals: Iterable[Compaction]) -> Iterator[str]:
    for j in journals:
        if j.is_needed:
            gone = f"{j.repeats:,} repeated and {j.torn:,} torn lines go"
            shrinks = f"{j.files:,} files, {size(j.before)} -> 1 file, {size(j.after)}"
            yield f"Journal of {j.slug}: {shrinks}; all {j.answers:,} answers stay, {gone}."


def _unknown_lines(files: Sequence[FoundFile]) -> Iterator[str]:
    for file in files[:_UNKNOWN]:
        yield f"Unknown, stays: {file.path} ({size(file.size)})"
    if len(files) > _UNKNOWN:
        yield f"Unknown, stays: {len(files) - _UNKNOWN:,} more files"
