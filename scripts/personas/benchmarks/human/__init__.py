"""Labels that people gave, read from their files."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from personas.benchmarks.human.completion import Completion
from personas.benchmarks.human.label import Label
from personas.benchmarks.human.own import read_own
from personas.benchmarks.human.study import Conditions, read_study
from personas.benchmarks.human.xstest import read_completions, read_xstest
from personas.config.analysis.calibration import Labels
from personas.core.errors import UserError

__all__ = ["Completion", "Label", "read_completions", "read_labels"]

_READERS: Mapping[str, Callable[[Path, Labels, Sequence[str]], list[Label]]] = {
    "csv": read_own,
    "xstest-completions": read_xstest,
}


def read_labels(
    section: Labels, files: Sequence[Path], roles: Sequence[str], conditions: Conditions = None
) -> list[Label]:
    """Return the labels in the files of a section; `roles` are the names of the personas that take part.

    `conditions` is for the study's own files: what it calls a condition -> its slug here.
    UserError names file, row and column of the first mistake: also of a text that one person labelled twice.
    """
    reader = _READERS.get(section.format, partial(read_study, conditions=conditions))
    by_text: dict[tuple[object, ...], Label] = {}
    for label in (label for file in files for label in reader(file, section, roles)):
        key = (label.metric, label.rater, label.unit, *sorted(label.keys.items()))
        earlier = by_text.setdefault(key, label)
        # XSTest's files of automatic labels repeat those of people.
        is_repeat = section.format == "xstest-completions" and earlier.value == label.value
        if earlier is not label and not is_repeat:
            raise UserError(
                f"{label.where}: {label.rater} labels the same text as in {earlier.where}, expected each text once "
                "(name people apart in a column `annotator`)."
            )
    return list(by_text.values())
