"""Thinking that a model writes into its answer: taken out before a text is judged, and before a verdict is read."""

import re

_TAG = re.compile(r"(</?think>)", re.IGNORECASE)


def strip_thinking(text: str) -> tuple[str, str | None]:
    """Part a text from its thinking: (text without it, the thinking or None).

    Thinking is what stands between `<think>` and `</think>`, anywhere; everything before a closing tag that was never
    opened (the template of some models opens it inside the prompt); and everything after an opening tag
    that is never closed, if nothing but blanks stands before it. A text without thinking comes back as it is.
    """
    said, thought = _parted(_TAG.split(text))
    thinking = "\n\n".join(part.strip() for part in thought if part.strip())
    return (said.strip() if said != text else text), thinking or None


def _parted(parts: list[str]) -> tuple[str, list[str]]:
    """Sort the parts of a text, texts and tags in turn. Linear in length: a loop of tags must not stall a batch."""
    said, thought, opened = [parts[0]], list[str](), list[str]()
    for tag, text in zip(parts[1::2], parts[2::2], strict=True):
        if not tag.startswith("</"):
            opened += [tag, text]
        elif opened:
            thought += opened[1::2]
            said.append(text)
            opened = []
        else:
            thought += said
            said = [text]
    if opened and "".join(said).strip():
        return "".join(said + opened), thought  # a tag that somebody writes about is no thinking
    return "".join(said), thought + opened[1::2]
