"""What a study is planned with until its third-party files are here."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.base import Item
from personas.benchmarks.human import Completion
from personas.benchmarks.human.xstest import model_of, unit_of
from personas.config.base import files_of
from personas.config.conditions import Order
from personas.core.errors import UserError
from personas.external.catalogue import ExternalFile
from personas.external.reference import Reference
from personas.grid.reading.turns import FIRST, LAST, QUESTIONS, Script, Turn


def placeholder(what: str, characters: int) -> str:
    """Return a text of about the right length for one that is not here; `what` makes it differ from others."""
    return f"[stand-in for {what}]".ljust(characters, ".")


def csv_files(path: Path, where: str) -> list[Path]:
    """Return a file, or the CSV files of a folder in order of name."""
    files = files_of(path.iterdir(), ".csv") if path.is_dir() else [path]
    if not files:
        raise UserError(f"{where}: found {str(path)!r}, a folder without CSV files, expected some.")
    return files


def texts_of(arranged: Mapping[Order, Sequence[Turn]]) -> dict[Order, list[str]]:
    """Return the texts of user turns, by order."""
    return {order: [turn.text for turn in turns] for order, turns in arranged.items()}


def script_so_far(slug: str, ref: Reference, entry: ExternalFile) -> Script:
    """Return what stands for the user turns of a condition."""

    def turn(part: str, name: str) -> Turn:
        text = placeholder(f"turn {name} of {slug}", entry.placeholder.characters)
        return Turn(text, part, text)

    count = entry.rows or entry.placeholder.rows or 1
    first, last = ([turn(part, part)] if part in entry.remarks else [] for part in (FIRST, LAST))
    return Script(ref.text, first, [turn(QUESTIONS, str(n)) for n in range(count)], last)


def items_so_far(slug: str, kind: str, role: str | None, entry: ExternalFile) -> list[Item]:
    """Return what stands for the items of a benchmark, or of one role."""
    count = entry.placeholder.rows if role is not None else None
    count = count or entry.rows or entry.placeholder.rows or 1
    benchmark = BENCHMARKS[kind]
    return [
        benchmark.placeholder(number, role, lambda what: placeholder(f"{slug} {what}", entry.placeholder.characters))
        for number in range(1, count + 1)
    ]


def completions_so_far(path: Path, entry: ExternalFile) -> Iterator[Completion]:
    """Yield what stands for the published answers in a file."""
    model = model_of(path)
    for number in range(1, (entry.rows or entry.placeholder.rows or 1) + 1):
        unit = unit_of(model, str(number))
        prompt, text = (
            placeholder(f"prompt {number}", 0),
            placeholder(f"completion {unit}", entry.placeholder.characters),
        )
        yield Completion(unit, model, prompt, text)
