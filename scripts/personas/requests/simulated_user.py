"""A user whose turns a model writes: what it is asked, and what its replies mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from personas.config.models import ModelSection
from personas.config.users import Brief
from personas.engines.request import WITH_TEXT, Reply, Request
from personas.prompts.thinking import strip_thinking
from personas.prompts.user import user_messages
from personas.requests.transcript import Round

USER_TURNS = "user-turns"
"""What requests for user turns are measured as."""


@dataclass(frozen=True)
class SimulatedUser:
    """Who writes the user turns of a dialogue. `role` is whom they talk with, `max_tokens` their longest turn.

    `slug` names the model in the section `users`; None is the model that is measured, in the same engine and journal.
    """

    slug: str | None
    model: ModelSection
    identity: Mapping[str, object]
    brief: Brief
    role: str
    max_tokens: int

    def request(self, rounds: Sequence[Round], seed: int) -> Request:
        """Return the request for the user turn behind `rounds`."""
        sampling = self.model.sampling
        return Request(
            model=self.identity,
            messages=user_messages(
                self.model, self.brief, self.role, [(r.user, _visible_text(r.reply.text)) for r in rounds]
            ),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=self.max_tokens,
            seed=seed,
            template_arguments=self.model.thinking.template_arguments,
            effort=self.model.thinking.effort,
            what=USER_TURNS,
            before=len(rounds),
            by=self.slug,
        )

    def turn(self, reply: Reply) -> str:
        """Return the user turn that a reply is, without thinking."""
        return strip_thinking(reply.text or "")[0].strip()

    def ends(self, reply: Reply, behind: int) -> Reply | None:
        """Return why no round follows the first `behind` ones with this reply as user turn; None where one does."""
        if reply.status not in WITH_TEXT:
            return Reply(
                reply.status, detail=f"not asked: the user turn behind round {behind} ended as {reply.status}"
            )
        turn = self.turn(reply)
        if not turn:
            return Reply("empty", detail=f"not asked: the user wrote nothing behind round {behind}")
        if self.brief.stop and self.brief.stop.lower() in turn.lower():
            return Reply("ended", detail=f"not asked: the user ended the conversation behind round {behind}")
        return None


def _visible_text(answer: str | None) -> str:
    """Return what a user hears of an answer: what stands in it, not what was thought; a silence where that is all."""
    return strip_thinking(answer or "")[0].strip() or "…"
