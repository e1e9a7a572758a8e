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
    said = strip_thinking(text)[0]
    return text_hash(text if said in (text, _said_to_earlier_versions(text)) else said)


def _said_to_earlier_versions(text: str) -> str:
    *closed, rest = _CLOSES.split(text)
    said = list[str]()
    for part in closed:
        before, *thought = _OPENS.split(part, maxsplit=1)
        said.append(before)
        if not thought:
            said.clear()
    before, *thought = _OPENS.split(rest, maxsplit=1)
    return "" if thought and not "".join([*said, before]).strip() else "".join([*said, rest]).strip()
