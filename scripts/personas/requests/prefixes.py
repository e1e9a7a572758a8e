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
        roles = tuple([message["role"] for message in request.messages])
        texts = tuple([message["content"] for message in request.messages])
        # A dialogue goes on after its last turn.
        whole = len(texts) if request.what == "dialogues" else len(texts) - 1
        n_known = n_shared = 0
        # From the end, since what is new is the last few messages.
        for count in range(whole, 0, -1):
            beginning = hash((roles[:count], texts[:count]))
            if beginning in self._seen:
                n_known = count
                break
            self._seen.add(beginning)
        behind = self._shared_behind(hash((roles[:-1], texts[:-1])), texts[-1])
        if n_known == len(texts) - 1:
            n_shared = behind
        old = sum(map(len, texts[:n_known])) + n_known * CHARACTERS_PER_MESSAGE + n_shared
        size = sum(map(len, texts)) + len(texts) * CHARACTERS_PER_MESSAGE
        return (size - old) / size

    def _shared_behind(self, beginning: int, text: str) -> int:
        """Return how many characters a last message shares with one of the latest behind the same beginning."""
        others = self._behind.setdefault(beginning, deque(maxlen=_LAST_ONES))
        n_shared = max((common(text, other) for other in others), default=0)
        others.append(text)
        return n_shared


def common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
