"""User turns of a condition: read the script, cut it to the rounds wanted, shuffle it reproducibly."""

import hashlib
import json
from pathlib import Path
from typing import Any

from scripts.config.conditions import Condition, Order
from scripts.errors import UserError


def read_turns(path: Path, condition: Condition, slug: str) -> dict[Order, list[str]]:
    """Return the user turns (templates with `{role}`) of every order of a condition.

    The file is JSON with `questions` and, optionally, an `introductory_remark` and a `concluding_remark` that
    stay first and last in every order. UserError when it is missing, malformed or too short.
    """
    script = _read(path)
    first, last = _remark(path, script, "introductory_remark"), _remark(path, script, "concluding_remark")
    wanted = condition.rounds - len(first) - len(last)
    questions = _questions(path, script)
    if wanted < 0 or wanted > len(questions):
        available = len(questions) + len(first) + len(last)
        raise UserError(
            f"conditions.{slug}.rounds: found {condition.rounds}, expected {len(first) + len(last)} to {available}, "
            f"the user turns in {path}."
        )
    chosen = questions[:wanted]
    return {
        order: [*first, *(chosen if order == "fixed" else _shuffled(chosen, condition.shuffle_seed)), *last]
        for order in condition.orders
    }


def _shuffled(questions: list[str], seed: int) -> list[str]:
    """Sort by a seeded hash: unlike `random.shuffle`, the same on every Python version for ever."""

    def rank(numbered: tuple[int, str]) -> str:
        return hashlib.sha256(f"{seed}\n{numbered[0]}\n{numbered[1]}".encode()).hexdigest()

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


def _questions(path: Path, script: dict[str, Any]) -> list[str]:
    questions = script.get("questions")
    if not isinstance(questions, list) or not all(isinstance(q, str) and q for q in questions):
        raise UserError(f"{path}: questions: expected a list of texts that are not empty.")
    return questions


def _remark(path: Path, script: dict[str, Any], key: str) -> list[str]:
    remark = script.get(key)
    if remark is None:
        return []
    if not isinstance(remark, str) or not remark:
        raise UserError(f"{path}: {key}: found {remark!r}, expected text that is not empty.")
    return [remark]
