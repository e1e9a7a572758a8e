"""What ended a batch, with the model, where it is asked, and what to do about it."""

import re
from collections.abc import Sequence

from personas.config.models import ModelSection
from personas.engines.errors import EngineError

_ADVICE: Sequence[tuple[str, str, str]] = (
    ("engine-refuses", r"HTTP 40[13]\b", "put the right key into {key}"),
    ("engine-refuses", r"HTTP 402\b", "the account needs credit"),
    ("engine-refuses", r"HTTP 404\b.*\bmodel\b|\bmodel\b.*(not found|does not exist|unknown)|model_not_found",
     "set {where}.served_name to a name that the address knows its model by"),
    ("engine-refuses", r"HTTP 40[45]\b", "set {where}.base_url to the address up to and with /v1"),
    ("engine-unavailable", r"cannot be reached", "start the server, or set {where}.base_url to where it runs"),
    ("engine-unavailable", r"overloaded", "wait, or set {where}.limits to what the address allows"),
    ("engine-out-of-memory", r"", "lower {where}.context_length or {where}.concurrency, or take a larger machine"),
)  # fmt: skip
"""Name of an end, what its sentence says, what to do: the first that matches counts."""


def explain(error: EngineError, where: str, model: ModelSection) -> str:
    """Return the sentence of an error with the place of the model in the config, its address, and what to do.

    What an engine wrote last stands in further lines, which stay the last.
    """
    sentence, *rest = str(error).split("\n", 1)
    key = model.key_from or f"a variable of the environment, and name it by {where}.key_variable"
    entries = _ADVICE if model.address else [each for each in _ADVICE if "base_url" not in each[2]]
    todo = next((todo for name, words, todo in entries if name == error.name and _says(words, sentence)), None)
    at = f" at {model.address}" if model.address else ""
    advice = f" To do: {todo.format(where=where, key=key)}." if todo else ""
    return "\n".join([f"{where}{at}: {sentence.rstrip('.')}.{advice}", *rest])


def _says(pattern: str, sentence: str) -> bool:
    return re.search(pattern, sentence, re.IGNORECASE) is not None
