"""One label that a person, or another rater whose verdicts are published, gave a text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from personas.benchmarks.reading import Row

HUMAN = "human"
"""Name of the rater where a file names nobody; `human:<name>` where it does."""

LIKERT = {str(value): float(value) for value in range(1, 6)}
YES_NO = {"yes": 1.0, "no": 0.0, "1": 1.0, "0": 0.0}
WINS = {"answer": 1.0, "reference": 0.0}
SCALES: Mapping[str, Mapping[str, float]] = {
    "knowledge": LIKERT,
    "style": LIKERT,
    "in-character": LIKERT,
    "trait": LIKERT,
    "refusal": YES_NO,
    "win": WINS,
}
"""Metric -> what a label may say (capitals do not matter), and the value of that in the ratings tables."""


@dataclass(frozen=True)
class Label:
    """A value that `rater` gave one text; `where` is its file and row.

    A label of a text of the grid has `keys`: columns of the ratings table, `unit` or `judged_sha256`, as texts. One
    of a text that is not in the grid has a `unit` of its own, the `model` that wrote it, and the `text`.
    """

    where: str
    metric: str
    rater: str
    value: float
    keys: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    model: str | None = None
    text: str | None = None
    cluster: str | None = None


def read_score(row: Row, column: str, metric: str, more: Mapping[str, float] | None = None) -> float | None:
    """Return the value of a label, None where the cell is blank; UserError if it is not on the scale.

    `more` are further words for this row.
    """
    text = str(row.data[column] or "").strip()
    if not text:
        return None
    scale = {**SCALES[metric], **(more or {})}
    if text.lower() not in scale:
        raise row.fault(column, f"one of {', '.join(scale)}, or nothing")
    return scale[text.lower()]
