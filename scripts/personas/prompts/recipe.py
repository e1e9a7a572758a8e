"""The prompt recipe: how persona, user turns and items become messages.

A change here changes what models read, so it must come with a new RECIPE_VERSION; golden prompts in the tests
fail otherwise.
"""

from collections.abc import Sequence

from personas.config.models import ModelSection
from personas.config.personas import Persona

RECIPE_VERSION = 1

Message = dict[str, str]

_SYSTEM_PROMPT = """Play the role of {role}. {description}

In everything you say from now on:
- Speak as {role}, from {role}'s own point of view.
- Take up what the user asks or wants, whatever it is.
- Stay {role} throughout. Never say that you are an AI or a language model, not even when asked.
- Draw on what only {role} would know, feel or think."""


def system_prompt(model: ModelSection, persona: Persona | None) -> str | None:
    """Return the system prompt of a persona on a model; None for a baseline without a thinking switch."""
    parts = [model.thinking.system_line] if model.thinking.system_line else []
    if persona is not None:
        parts.append(persona_prompt(persona))
    return "\n\n".join(parts) or None


def persona_prompt(persona: Persona) -> str:
    """Return the part of the system prompt that says who the persona is."""
    return _SYSTEM_PROMPT.format(role=persona.role, description=_description(persona))


def _description(persona: Persona) -> str:
    """Return all that a persona file tells of the role; an assistant's message before the first turn is no way to
    say it, since many chat templates refuse one.
    """
    parts = [persona.description.strip()]
    if persona.first_message:
        parts.append(f"{persona.role} begins a conversation with these words:\n{persona.first_message}")
    if persona.example_dialogues:
        parts.append(f"This is how {persona.role} talks:\n{persona.example_dialogues}")
    return "\n\n".join(parts)


def user_turn(template: str, model: ModelSection, persona: Persona | None) -> str:
    """Put the addressee into a user turn: the role, or for the baseline the name of the model."""
    return template.replace("{role}", persona.role if persona else model.addressed_as)


def opening(model: ModelSection, system: str | None) -> list[Message]:
    """Return the messages that stand before round 1; one of the role `none` is joined to the turn behind it."""
    return [{"role": model.system_role, "content": system}] if system else []


def messages(before: Sequence[Message], rounds: Sequence[tuple[str, str]], turn: str) -> list[Message]:
    """Return the prompt for `turn` after `rounds` (user turn, answer) that followed the opening `before`."""
    result = list(before)
    for user, answer in rounds:
        result += ({"role": "user", "content": user}, {"role": "assistant", "content": answer})
    result.append({"role": "user", "content": turn})
    return join_messages(result) if before else result


def join_messages(prompt: Sequence[Message]) -> list[Message]:
    """Return a prompt in which each message of the role `none` stands in front of the user turn behind it."""
    result, waiting = list[Message](), list[str]()
    for message in prompt:
        if message["role"] == "none":
            waiting.append(message["content"])
        elif waiting and message["role"] == "user":
            result.append({**message, "content": "\n\n".join([*waiting, message["content"]])})
            waiting = []
        else:
            result.append(message)
    return result


def first_turn_prefix(before: Sequence[Message]) -> str:
    """Return what stands in front of the first user turn itself, because the model knows no system prompt."""
    return f"{before[0]['content']}\n\n" if before and before[0]["role"] == "none" else ""
