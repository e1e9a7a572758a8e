"""Labels in a CSV of one's own: one row for each text and annotator."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from personas.benchmarks.human.label import HUMAN, Label, read_score
from personas.benchmarks.reading import Row, read_csv
from personas.config.analysis.calibration import COLUMNS, Labels
from personas.core.errors import UserError

_NO_KEYS = frozenset({"label", "annotator", "cluster", "a_sha256"})
_WHOLE = frozenset({"replicate", "checkpoint", "round"})


def read_own(path: Path, section: Labels, roles: Sequence[str]) -> list[Label]:
    """Return the labels of a CSV with a header; rows without a label are not labelled yet and left out.

    Column `label` is needed, and one or more that say which text it is of: `unit` or `judged_sha256` (as a drawn
    sample has them), or columns of the ratings table. UserError for what is not as expected.
    """
    columns = {name: section.columns.get(name, name) for name in COLUMNS}
    rows = read_csv(path, [columns[name] for name in ("label", *section.columns)])
    present = {name: column for name, column in columns.items() if column in rows[0].data}
    if not set(present) - _NO_KEYS:
        raise UserError(f"{path}, header: no column says which text a label is of, expected unit or judged_sha256.")
    metric = section.metric or ""
    labels = [label for row in rows if (label := _label(row, present, metric)) is not None]
    if not labels:
        raise UserError(f"{path}: column {columns['label']!r} is blank in every row, expected labels.")
    return labels


def _label(row: Row, present: Mapping[str, str], metric: str) -> Label | None:
    columns = {name: column for name, column in present.items() if name not in _NO_KEYS}
    keys = {name: text for name, column in columns.items() if (text := _key(row, name, column))}
    value = read_score(row, present["label"], metric, _letters(row, present, keys) if metric == "win" else None)
    if value is None:
        return None
    if not keys:
        raise UserError(f"{row.where}: nothing says which text the label is of, expected unit or judged_sha256.")
    annotator = _text(row, present.get("annotator"))
    rater = f"{HUMAN}:{annotator}" if annotator else HUMAN
    return Label(row.where, metric, rater, value, keys, cluster=_text(row, present.get("cluster")))


def _text(row: Row, column: str | None) -> str | None:
    return (str(row.data[column]).strip() or None) if column else None


def _key(row: Row, name: str, column: str) -> str | None:
    text = _text(row, column)
    if text and name in _WHOLE and not text.isdecimal():
        raise row.fault(column, "a whole number")
    if text and name == "judged_sha256" and (len(text) != 64 or set(text) - set("0123456789abcdef")):
        raise row.fault(column, "64 hex digits, the column answer_sha256 of the text")
    return text


def _letters(row: Row, present: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, float]:
    """What A and B mean where two texts were compared: `a_sha256` says which text stood first."""
    first, sha256 = _text(row, present.get("a_sha256")), keys.get("judged_sha256")
    return {"a": float(first == sha256), "b": float(first != sha256)} if first and sha256 else {}
