"""How much of a prompt no request before had: the least that an engine with a perfect prefix cache computes."""

import hashlib

from scripts.engines.request import Request
from scripts.plan.rates import CHARACTERS_PER_MESSAGE

_BYTES = 8


class Prefixes:
    """The beginnings of all prompts of a batch, whole messages long.

    A last message is no beginning, unless it is a round of a dialogue, which goes on after it. Kept as short hashes:
    two beginnings that share one only make the least a little smaller.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def share_new(self, request: Request) -> float:
        """Return which share of a prompt is new, by characters, and remember its beginnings."""
        state, size, known = hashlib.blake2b(digest_size=_BYTES), 0, 0
        last = len(request.messages) - 1
        for place, message in enumerate(request.messages):
            state.update(f"{message['role']}\0{message['content']}\0".encode())
            size += len(message["content"]) + CHARACTERS_PER_MESSAGE
            beginning = state.digest()
            if beginning in self._seen:
                known = size
            elif place < last or request.what == "dialogues":
                self._seen.add(beginning)
        return (size - known) / size
