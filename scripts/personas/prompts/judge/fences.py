"""Fences: what keeps a text apart from the prompt around it. No text can end its block, or open another."""

import re
from collections.abc import Collection, Mapping

TAGS = ("character", "user-turn", "answer", "answer-a", "answer-b")
"""Tags of our own prompts."""
EARLIER = "earlier"
"""Tag of what was said before, which only some prompts have."""

TICKED = re.compile(r"^(`{3,})\n\{(\w+)\}\n\1$", re.MULTILINE)
"""A name that stands alone between two lines of backticks."""


def fence(tag: str, text: str, tags: Collection[str] = TAGS) -> str:
    """Put a text between two tags that do not occur in it, so that no text can end its block or open another.

    The tags get a number where the text holds one of the `tags` that a prompt has: `<answer-2>`.
    """
    bare, number, suffix = re.sub(r"\s", "", text).lower(), 1, ""
    while any(f"{slash}{ours}{suffix}>" in bare for ours in tags for slash in ("<", "</")):
        number += 1
        suffix = f"-{number}"
    return f"<{tag}{suffix}>\n{text.strip()}\n</{tag}{suffix}>"


def lengthen_ticks(template: str, values: Mapping[str, str]) -> str:
    """Lengthen the lines of backticks around each name of a template beyond every run of them in its value."""

    def longer(block: re.Match[str]) -> str:
        runs = re.findall("`+", values[block[2]])
        ticks = "`" * max([len(block[1]), *(len(run) + 1 for run in runs)])
        return f"{ticks}\n{{{block[2]}}}\n{ticks}"

    return TICKED.sub(longer, template)
