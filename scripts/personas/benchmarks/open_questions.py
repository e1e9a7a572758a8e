"""Open questions of one's own: nothing says what a right answer is."""

from pathlib import Path

from personas.benchmarks.base import Benchmark, Item
from personas.benchmarks.reading import Row, read_jsonl, unique


class Open(Benchmark):
    """JSON Lines with `question`, and `id` where the line number shall not be it.

    No rule scores an answer; judges rate it where the config names a `rubric`. Answers are kept, and compared by
    their length, token patterns, and what is measured without a judge.
    """

    kind = "open"
    takes_rubric = True

    def load(self, path: Path) -> list[Item]:
        """Read the file; without an `id` an item is called by its place among the questions, from 1."""
        return unique((_item(row, number) for number, row in enumerate(read_jsonl(path), start=1)), path)


def _item(row: Row, number: int) -> Item:
    return Item(id=row.text("id") if "id" in row.data else str(number), prompt=row.text("question"))
