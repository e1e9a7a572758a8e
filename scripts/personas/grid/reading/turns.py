"""User turns of a condition: read the script, cut it to the rounds wanted, shuffle it reproducibly."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from personas.config.conditions import Condition, Order
from personas.core.errors import UserError

FIRST, LAST, QUESTIONS = "introductory_remark", "concluding_remark", "questions"


class Turn(NamedTuple):
    """One user turn: its text (a template with `{role}`), the part of the script, and what identifies it."""

    text: str
    part: str
    key: str


@dataclass(frozen=True)
class Script:
    """The user turns of a file, in its order. Their texts identify them, unless `with_keys` gave them others."""

    source: str
    first: Sequence[Turn]
    questions: Sequence[Turn]
    last: Sequence[Turn]

    def with_keys(self, place: str) -> "Script":
        """Return the same turns, identified by their place in a file that `place` names, whatever their texts."""

        def keyed_turns(turns: Sequence[Turn]) -> list[Turn]:
            return [turn._replace(key=f"{place}#{turn.part}/{n}") for n, turn in enumerate(turns)]

        return replace(
            self, first=keyed_turns(self.first), questions=keyed_turns(self.questions), last=keyed_turns(self.last)
        )


def read_script(path: Path) -> Script:
    """Return the user turns of a JSON file with `questions` and, optionally, an `introductory_remark` and a
    `concluding_remark`. UserError when it is missing or malformed.
    """
    raw = _read(path)
    return Script(str(path), _remark(path, raw, FIRST), _questions(path, raw), _remark(path, raw, LAST))


def arrange(scripts: Sequence[Script], condition: Condition, slug: str) -> dict[Order, list[Turn]]:
    """Return the user turns of every order of a condition, from the script of each of its parts.

    A script that comes again goes on where it stopped. Its first remark begins its first part, its last one ends its
    last part; both stay where they are in every order, and so does each part. UserError when a script is too short,
    or too long for its remarks.
    """
    parts, offsets = list[tuple[list[Turn], list[Turn], list[Turn]]](), Counter[str]()
    sources = [script.source for script in scripts]
    for number, (script, part) in enumerate(zip(scripts, condition.parts, strict=True)):
        first = script.first if script.source not in sources[:number] else ()
        last = script.last if script.source not in sources[number + 1 :] else ()
        rest = script.questions[offsets[script.source] :]
        count = part.rounds - len(first) - len(last)
        if count < 0 or count > len(rest):
            where = f"segments.{number}.rounds" if condition.segments else "rounds"
            least, left_over = len(first) + len(last), " that are left" if offsets[script.source] else ""
            raise UserError(
                f"conditions.{slug}.{where}: found {part.rounds}, expected {least} to "
                f"{len(rest) + len(first) + len(last)}, the user turns{left_over} in {script.source}."
            )
        parts.append((list(first), list(rest[:count]), list(last)))
        offsets[script.source] += count
    seed = condition.shuffle_seed
    return {
        order: [
            turn
            for first, questions, last in parts
            for turn in (*first, *(questions if order == "fixed" else _shuffle(questions, seed)), *last)
        ]
        for order in condition.orders
    }


def _shuffle(questions: Sequence[Turn], seed: int) -> list[Turn]:
    """Sort by a seeded hash: unlike `random.shuffle`, the same on every Python version for ever."""

    def rank(numbered: tuple[int, Turn]) -> str:
        return hashlib.sha256(f"{seed}\n{numbered[0]}\n{numbered[1].key}".encode()).hexdigest()

    return [question for _, question in sorted(enumerate(questions), key=rank)]


def _read(path: Path) -> dict[str, Any]:
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, expected the user turns of a condition.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error}).") from None
    if not isinstance(script, dict):
        raise UserError(f"{path}: found a {type(script).__name__}, expected an object with `questions`.")
    return script


def _questions(path: Path, script: dict[str, Any]) -> list[Turn]:
    questions = script.get(QUESTIONS)
    if not isinstance(questions, list) or not all(isinstance(q, str) and q for q in questions):
        raise UserError(f"{path}: questions: expected a list of texts that are not empty.")
    return [Turn(question, QUESTIONS, question) for question in questions]


def _remark(path: Path, script: dict[str, Any], key: str) -> list[Turn]:
    remark = script.get(key)
    if remark is None:
        return []
    if not isinstance(remark, str) or not remark:
        raise UserError(f"{path}: {key}: found {remark!r}, expected text that is not empty.")
    return [Turn(remark, key, remark)]
