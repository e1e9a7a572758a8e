"""Labels that people give in the viewer: one CSV a sample, as the section `calibration` reads it."""

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from personas.benchmarks.human.label import LIKERT, SCALES, WINS
from personas.benchmarks.reading import read_csv
from personas.config.base import is_slug
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.core.locks import hold_lock

COLUMNS = ("unit", "judged_sha256", "a_sha256", "metric", "label", "annotator")
"""No texts: they are in the sample, and may belong to others."""

_PATIENCE = 10.0
Labelled = Mapping[str, str]


class LabelFile:
    """The labels of one sample, read anew for each label and written whole: several people may label at once.

    A text is labelled once by each person; their last label comes last.
    """

    def __init__(self, folder: Path, sample: str) -> None:
        self.path = folder / f"{sample}.csv"
        self._lock = folder / f".{sample}.lock"

    def rows(self) -> list[Labelled]:
        """Return all labels, the latest last; UserError where the file is another one."""
        if not self.path.exists():
            return []
        return [{name: str(row.data[name] or "") for name in COLUMNS} for row in read_csv(self.path, COLUMNS)]

    def of(self, annotator: str) -> list[Labelled]:
        """Return the labels of one person."""
        return [row for row in self.rows() if row["annotator"] == annotator]

    def give(self, text: Mapping[str, str], annotator: str, label: str) -> None:
        """Give a text of the sample a label, in the place of an earlier one; UserError for what is no label of it."""
        choices = words(text["metric"])
        if label not in choices:
            raise UserError(f"label: found {label!r}, expected one of {', '.join(choices)}.")
        row = {name: text.get(name, "") for name in COLUMNS} | {"annotator": check_name(annotator), "label": label}
        with self._lock_file():
            others = [each for each in self.rows() if (each["unit"], each["annotator"]) != (row["unit"], annotator)]
            self._write([*others, row])

    def take_back(self, annotator: str) -> None:
        """Remove the last label of a person, if there is one."""
        with self._lock_file():
            rows = self.rows()
            last = max((number for number, row in enumerate(rows) if row["annotator"] == annotator), default=None)
            if last is not None:
                self._write([row for number, row in enumerate(rows) if number != last])

    def _lock_file(self) -> AbstractContextManager[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return hold_lock(self._lock, _PATIENCE)

    def _write(self, rows: Sequence[Labelled]) -> None:
        if not rows:
            self.path.unlink(missing_ok=True)  # a table without rows is none to those that read it
            return
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self.path, buffer.getvalue().encode("utf-8-sig"))


def words(metric: str) -> list[str]:
    """Return the labels of a metric, in the order of their keys."""
    scale = SCALES[metric]
    return list(LIKERT) if scale is LIKERT else ["A", "B"] if scale is WINS else ["yes", "no"]


def check_name(annotator: str | None) -> str:
    """Return the name of a person; UserError where it is none that a table can have."""
    if annotator is None or not is_slug(annotator):
        raise UserError(f"annotator: found {annotator!r}, expected a name of letters, digits and single dashes.")
    return annotator
