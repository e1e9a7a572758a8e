"""The study's human samples: `sampled_*_ratings.csv` of its repository."""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from personas.benchmarks.human.label import HUMAN, Label, read_score
from personas.benchmarks.reading import Row, read_csv
from personas.config.analysis.calibration import Labels
from personas.config.base import slug_of
from personas.core.canonical import text_hash
from personas.core.errors import UserError
from personas.prompts.judge.order import reference_first

Conditions = Mapping[str, str] | None
"""What the study calls a condition -> its slug here."""

_METRICS = {
    "bfi": "trait",
    "xstest": "refusal",
    "instruction_general": "win",
    "instruction_role_specific": "win",
}
_DIALOGUE = {"knowledge": "knowledge", "style": "style", "in_character": "in-character"}
_NAME = re.compile(
    r"(?P<goal>inst-)?(?P<what>interview|instructions|bfi|xstest|instruction_general|instruction_role_specific)"
    r"_(?P<rest>.+?)\.json(?:\.csv)?"
)
_SHUFFLE, _CHECKPOINT = "_shuffle", re.compile(r"_(\d+)$")


class _JudgeFile(NamedTuple):
    """What the name of a judge's file says of the texts in it."""

    what: str
    conversation: str
    persona: str
    order: str | None
    checkpoint: str | None


def read_study(path: Path, section: Labels, roles: Sequence[str], conditions: Conditions = None) -> list[Label]:
    """Return the labels of one of the study's five files (dialogue, bfi, xstest, general, role-specific).

    They name no model, so a text is found by its hash, persona and place. Which condition it belongs to stands in the
    name of the judged file (`inst-`); `conditions` tells what ours are called, None that there is nothing to tell.
    UserError for a row that is not as the study writes it; rows of personas that do not take part are left out.
    """
    rows = read_csv(path, ("role", "idx", "input", "Rating"))
    slugs = {role.replace(" ", "_"): slug_of(role) for role in roles}
    return [label for row in rows if (label := _label(row, slugs, conditions)) is not None]


def _label(row: Row, slugs: Mapping[str, str], conditions: Conditions) -> Label | None:
    file, index = _judge_file(row), row.text("idx")
    if not index.isdecimal():
        raise row.fault("idx", "a whole number")
    if file.persona not in slugs:
        return None
    keys = {"persona": slugs[file.persona], "order": file.order, "checkpoint": file.checkpoint}
    if conditions is not None:  # a condition that is not in the grid has a name that fits nothing there
        keys["condition"] = conditions.get(file.conversation, file.conversation)
    is_dialogue = file.checkpoint is None
    metric = _DIALOGUE[row.choice("metric", tuple(_DIALOGUE))] if is_dialogue else _METRICS[file.what]
    if is_dialogue:
        keys["round"] = str(int(index) + 1)
    if metric == "win":
        first = reference_first(int(index))
        value = read_score(row, "Rating", metric, {"a": float(not first), "b": float(first)})
        keys |= {"judged_sha256": text_hash(row.text("responseB" if first else "responseA")), "reference": "dataset"}
    else:
        value = read_score(row, "Rating", metric)
        keys["judged_sha256"] = text_hash(_rated_text(row))
    if value is None:
        return None
    return Label(row.where, metric, HUMAN, value, {name: text for name, text in keys.items() if text is not None})


def _judge_file(row: Row) -> _JudgeFile:
    """Read the name of a judge's file from its end: names of personas hold underscores and digits."""
    match = _NAME.fullmatch(row.text("role"))
    if match is None:
        raise row.fault("role", "the name of a judge's file, such as bfi_Gaston_22.json.csv")
    what, rest = match["what"], match["rest"]
    if what in ("interview", "instructions"):
        is_shuffled = rest.endswith(_SHUFFLE)
        return _JudgeFile(what, what, rest.removesuffix(_SHUFFLE), "shuffled" if is_shuffled else "fixed", None)
    number = _CHECKPOINT.search(rest)
    if number is None:
        raise row.fault("role", "a name that ends in the round, such as bfi_Gaston_22.json.csv")
    conversation = "instructions" if match["goal"] else "interview"
    return _JudgeFile(what, conversation, rest[: number.start()], None, number[1])


def _rated_text(row: Row) -> str:
    """Return the text that was rated: the column itself, or the content of the message written there."""
    text = row.text("output")
    if not text.startswith("{"):
        return text
    try:
        message = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text  # an answer may begin with a brace
    content = message.get("content") if isinstance(message, dict) else None
    if content is not None and not isinstance(content, str):
        raise UserError(f"{row.where}: field 'output' has content that is no text, expected the answer.")
    return text if content is None else content
