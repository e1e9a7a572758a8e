"""How much of a prompt no request before had: the least that an engine with a perfect prefix cache computes."""

from collections import deque

from personas.engines.request import CHARACTERS_PER_MESSAGE, Request

_LAST_ONES = 8


class Prefixes:
    """The beginnings of all prompts of a batch: whole messages, and what a last message shares with a few others.

    Judges read rubric and persona at the beginning of a last message; the items behind a dialogue share nothing but
    the dialogue. Beginnings are kept as short hashes, and only the latest few last messages behind each, so that this
    grows with dialogues and not with requests. The hashes are Python's own: a string keeps its hash, so the messages
    of a long dialogue are not read again for every request behind it.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._behind: dict[int, deque[str]] = {}

    def share_new(self, request: Request) -> float:
        """Return which share of a prompt is new, by characters, and remember its beginnings."""
        beginning, size, known = 0, 0, 0
        *before, last = request.messages
        for message in before:
            beginning = hash((beginning, message["role"], message["content"]))
            size += len(message["content"]) + CHARACTERS_PER_MESSAGE
            if beginning in self._seen:
                known = size
            else:
                self._seen.add(beginning)
        shared = self._shared_behind(beginning, last["content"])
        known = size + shared if known == size else known
        size += len(last["content"]) + CHARACTERS_PER_MESSAGE
        if request.what == "dialogues":  # the dialogue goes on after it
            beginning = hash((beginning, last["role"], last["content"]))
            known = size if beginning in self._seen else known
            self._seen.add(beginning)
        return (size - known) / size

    def _shared_behind(self, beginning: int, text: str) -> int:
        """Return how many characters a last message shares with one of the latest behind the same beginning."""
        others = self._behind.setdefault(beginning, deque(maxlen=_LAST_ONES))
        shared = max((common(text, other) for other in others), default=0)
        others.append(text)
        return shared


def common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
