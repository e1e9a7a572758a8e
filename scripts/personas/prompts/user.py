"""The prompt of a user whose turns a model writes: the conversation from the other side.

A change here changes what models read, so it must come with a new USER_RECIPE_VERSION.
"""

from collections.abc import Sequence

from personas.config.models import ModelSection
from personas.config.users import Brief
from personas.prompts.recipe import Message, join_messages, opening, system_prompt

USER_RECIPE_VERSION = 1

_PROMPT = """You are the user in a conversation with {role}, and you write the user's messages.

{brief}

How you write:
- One message at a time, as a person types it into a chat: first person, a few sentences at most.
- Take up what was said to you last, and go on from there.
- You ask, tell and decide as the user. You do not serve, and you do not offer help.
- Write nothing but the message: no name in front of it, no remarks about it, never the part of {role}."""
_STOP = "\n- When you have nothing more to say, write {stop} and nothing else."
_BEGIN = "Begin the conversation."


def user_messages(model: ModelSection, brief: Brief, role: str, rounds: Sequence[tuple[str, str]]) -> list[Message]:
    """Return the prompt for the user turn behind `rounds` (user turn, answer), of which there is at least one.

    `role` is whom the user talks with. What the user wrote are the answers of the model that plays them.
    """
    prompt = _PROMPT.format(role=role, brief=brief.brief.strip())
    if brief.stop:
        prompt += _STOP.format(stop=brief.stop)
    line = system_prompt(model, None)
    result = [*opening(model, f"{line}\n\n{prompt}" if line else prompt), {"role": "user", "content": _BEGIN}]
    for turn, answer in rounds:
        result += [{"role": "assistant", "content": turn}, {"role": "user", "content": answer}]
    return join_messages(result)
