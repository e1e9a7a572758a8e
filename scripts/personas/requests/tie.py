"""What ties a judgement to the text that it is about."""

import re

from personas.core.canonical import text_hash
from personas.prompts.thinking import strip_thinking

_OPENS, _CLOSES = re.compile("<think>", re.IGNORECASE), re.compile("</think>", re.IGNORECASE)


def judged_hash(text: str | None) -> str | None:
    """Return the SHA-256 of a text, thinking and all; of what is left of it where earlier versions left more.

    Those took out only what stands in `<think>`. Where that was all, their judgements are as good as today's and keep
    their tie; elsewhere the judge read thinking, and the tie breaks.
    """
    if text is None:
        return None
    answer = strip_thinking(text)[0]
    return text_hash(text if answer in (text, _as_earlier_versions(text)) else answer)


def _as_earlier_versions(text: str) -> str:
    *blocks, rest = _CLOSES.split(text)
    parts = list[str]()
    for part in blocks:
        before, *thoughts = _OPENS.split(part, maxsplit=1)
        parts.append(before)
        if not thoughts:
            parts.clear()
    before, *thoughts = _OPENS.split(rest, maxsplit=1)
    return "" if thoughts and not "".join([*parts, before]).strip() else "".join([*parts, rest]).strip()
