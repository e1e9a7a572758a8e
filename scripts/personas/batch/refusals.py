"""Tells a request that a server refuses from a kind of requests that it refuses: only the one is data."""

from collections import Counter
from dataclasses import dataclass, field

from personas.core.cleaning import one_line
from personas.engines.errors import EngineRefuses
from personas.engines.http.wordings import advice
from personas.engines.request import Reply, Request

_FEWEST = 2
"""Texts refused that can make a kind: a single one may be odd by itself, wherever it is asked."""
_ENOUGH = 32
"""Refused requests, none answered, after which the rest of their kind is not sent."""


@dataclass
class _Kind:
    name: str
    answers: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    texts: set[int] = field(default_factory=set)

    @property
    def is_refused(self) -> bool:
        return not self.answers and len(self.texts) >= _FEWEST

    def note(self, text: int, reply: Reply) -> None:
        if reply.status == "api_error":
            self.refused[reply.detail or ""] += 1
            self.texts.add(text)
        else:
            self.answers += 1

    def refuse(self) -> EngineRefuses:
        [(message, _)] = self.refused.most_common(1)
        sent = self.refused.total()
        return EngineRefuses(one_line(f"The server refuses {self.name}, {sent} sent: {message}") + advice(message))


class Refusals:
    """What became of the requests of a batch, by kind: what is asked, with or without a system prompt."""

    def __init__(self) -> None:
        self._all = _Kind("every request")
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def note(self, request: Request, reply: Reply) -> None:
        """Count a reply; EngineRefuses once it is clear that none of its kind will be answered."""
        role, who = request.messages[0]["role"], request.messages[0]["content"]
        prompt = "without a system prompt" if role == "user" else f"with a {role} prompt"
        name = f"every request of a kind ({request.what}, {prompt})"
        kind = self._kinds.setdefault((request.what, role), _Kind(name))
        # All dialogues may begin with one turn; they differ in who is asked.
        text = hash((request.messages[-1]["content"], who if request.what == "dialogues" else ""))
        for group in (self._all, kind):
            group.note(text, reply)
        if kind.is_refused and kind.refused.total() >= _ENOUGH:
            raise kind.refuse()

    def conclude(self) -> None:
        """Raise EngineRefuses if all requests of some kind were refused: their cells would hold nothing."""
        for kind in (self._all, *self._kinds.values()):
            if kind.is_refused:
                raise kind.refuse()
