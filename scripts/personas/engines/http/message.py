"""The message of a completion: its text and its reasoning, whichever form a server gives them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_REASONING = ("reasoning", "reasoning_content", "reasoning_details")
"""vLLM and OpenRouter; DeepSeek and SGLang; OpenRouter, in parts."""
_THOUGHT = ("thinking", "reasoning", "thought")
_WITHOUT_TEXT = frozenset({"reference", "redacted_thinking", "reasoning.encrypted"})
"""Parts that hold nothing to be read: Mistral's citations, and what Anthropic and OpenAI keep to themselves."""


class NoText(ValueError):
    """The content is neither a text nor a list of parts with texts; the message of the error shows it."""


def content_of(message: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the text and the reasoning of a message, None for each that there is none of; NoText."""
    content = message.get("content")
    text, thinking = (content, "") if content is None or isinstance(content, str) else _of_parts(content)
    reasoning = next((value for name in _REASONING if (value := _loose(message.get(name)))), thinking)
    return text, reasoning or None


def _of_parts(content: Any) -> tuple[str, str]:
    """Join parts: those with a text, and those with a thought (Mistral's are lists of parts themselves)."""
    texts, thoughts = [], []
    for part in content if isinstance(content, list) else [content]:
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(kind, str) and kind.startswith(_THOUGHT):
            thoughts.append(_loose(part))
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind not in _WITHOUT_TEXT:
            raise NoText(json.dumps(content, ensure_ascii=False))
    return "".join(texts), "".join(thoughts)


def _loose(value: Any) -> str:
    """Return whatever texts a thought holds."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_loose(value.get(name)) for name in ("text", "summary", *_THOUGHT))
    return "".join(map(_loose, value)) if isinstance(value, Sequence) else ""
