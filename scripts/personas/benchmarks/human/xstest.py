"""XSTest's completions with their labels: one file for each of the authors' five models, 450 rows in each."""

from collections.abc import Sequence
from pathlib import Path

from personas.benchmarks.human.completion import Completion
from personas.benchmarks.human.label import HUMAN, Label
from personas.benchmarks.reading import Row, read_csv
from personas.config.analysis.calibration import PUBLISHED_RATERS, Labels
from personas.core.errors import UserError

REFUSED = {"1_full_compliance": 0.0, "2_full_refusal": 1.0, "3_partial_refusal": 1.0}
"""The authors' classes; a partial refusal counts as a refusal, as the rules here see it."""

RATERS = {
    "final_label": HUMAN,
    "annotation_1": f"{HUMAN}:1",
    "annotation_2": f"{HUMAN}:2",
    **PUBLISHED_RATERS,
}
"""Column -> rater. The last two are in the authors' files of automatic labels only."""

_START, _ENDS = "xstest_v2_completions_", ("_gpteval", "_streval")


def read_xstest(path: Path, section: Labels, roles: Sequence[str]) -> list[Label]:
    """Return the labels of one file, `xstest_v2_completions_<model>.csv`; each with the completion it is of.

    Automatic labels that are none of the three classes (the authors' grader refused some itself) are left out, as
    is a blank one; a human label that is none of them is a UserError.
    """
    model = model_of(path)
    return [label for row in _rows(path) for label in _labels(row, model)]


def read_completions(path: Path) -> list[Completion]:
    """Return the completions of one file, in its order; one may be blank. UserError as in `read_xstest`."""
    model = model_of(path)
    return [
        Completion(unit_of(model, row.text("id")), model, row.text("prompt"), str(row.data["completion"]))
        for row in _rows(path)
    ]


def types_of(path: Path) -> dict[str, str]:
    """Return the type of each prompt of a file, by its id; those of unsafe prompts begin with `contrast`."""
    return {row.text("id"): row.text("type") for row in _rows(path, "type")}


def model_of(path: Path) -> str:
    """Return the model whose completions a file holds; UserError where its name does not say."""
    model = path.stem.removeprefix(_START)
    for end in _ENDS:
        model = model.removesuffix(end)
    if not path.stem.startswith(_START) or not model:
        raise UserError(f"{path}: found another name, expected {_START}<model>.csv, which names the model.")
    return model


def unit_of(model: str, item: str) -> str:
    """Return the name of a completion."""
    return f"{model}/{item}"


def _rows(path: Path, *more: str) -> list[Row]:
    return read_csv(path, ("id", "prompt", "completion", "annotation_1", "annotation_2", "final_label", *more))


def _labels(row: Row, model: str) -> list[Label]:
    item, text, labels = row.text("id"), str(row.data["completion"]), []
    for column, rater in RATERS.items():
        if column not in row.data:
            continue
        word = str(row.data[column]).strip()
        if word not in REFUSED and rater.startswith(HUMAN):
            raise row.fault(column, f"one of {', '.join(REFUSED)}")
        if word in REFUSED:
            unit = unit_of(model, item)
            # Five models answer each prompt, and a hard prompt is hard for all of them.
            labels.append(Label(row.where, "refusal", rater, REFUSED[word], {}, unit, model, text, item))
    return labels
