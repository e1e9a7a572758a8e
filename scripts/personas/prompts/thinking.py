"""Thinking that a model writes into its answer: taken out before anything scores, mines, judges or parses a text.

Every scorer, the miner, what judges read and what is read out of judges take texts through `strip_thinking`, so that
all of them see the same answer. The markers are those of the chat templates and servers of published models.
"""

import re
from collections.abc import Collection, Iterator, Sequence

_NAMES = (
    r"think(?:ing)?|thoughts?|(?:inner|ant)[_-]?(?:thoughts?|thinking)|reasoning|reflection|scratch[_-]?pad|cot"
    r"|chain[_-]of[_-]thoughts?|thought[_-]process"
)

_IN_BRACKETS = rf"\|?(/)?\|?(?i:(?:[a-z]{{1,20}}:)?(?:{_NAMES})(?:\s[^<>&]{{0,200}})?)\|?"
_TAG = re.compile(
    "|".join(
        (
            # <think>, <seed:think>, <|thinking|>; in any case, with attributes, and as pages write the brackets.
            f"<{_IN_BRACKETS}>",
            f"&lt;{_IN_BRACKETS}&gt;",
            r"\[(/)?THINK(?:ING)?\]",  # Magistral's are capitals: [thinking] may be a stage direction
            r"◁(/)?think▷",
            r"<\|(?i:(?:begin|start|(end))_(?:of_)?(?:thought|thinking))\|>",
            r"<\|inner_(?:prefix|(suffix))\|>",
            r"<\|im_start\|>(?:think|(answer))\b",
            r"<\|channel>\s?thought\b",
            r"<(channel)\|>",
        )
    )
)
"""Opening and closing markers; a closing one has a group that matched."""

_WRAPPED = re.compile(
    r"<(?:answer|response|output|\|(?:begin|start)_(?:of_)?(?:solution|response)\|)>(.*?)"
    r"(?:<(?:/(?:answer|response|output)|\|end_(?:of_)?(?:solution|response)\|)>)?",
    re.DOTALL | re.IGNORECASE,
)
"""What some models put around the answer that follows their thinking."""

_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]{0,200}(?:<\|constrain\|>[^<]{0,200})?<\|message\|>")
_BARE_CHANNEL = re.compile(r"assistant(analysis|commentary|final)|\A\s*(analysis)(?=[A-Z])")
"""Harmony's channels where a server dropped the special tokens; neither is a word of any language."""
_END_OF_MESSAGE = re.compile(r"<\|(?:end|return|call|start)\|>")

_PHRASES = re.compile(r"\s*(?:Here is|Here's) my thought process:(.*?)(?:Here is|Here's) my response:", re.DOTALL)
"""Granite's markers are sentences."""

_MARKS = ("<", "&lt;", "THINK", "◁", "my thought process:", "assistantanalysis", "assistantcom", "assistantfinal")
"""A text with none of these has no marker; nearly all texts are told by that, in a hundredth of the time."""

_QUOTES = "`\"'“”‘’"
_ENDS = '.!?…*)"”'
"""What ends a sentence, so that a marker right behind it is none that the sentence speaks of."""


def strip_thinking(text: str) -> tuple[str, str | None]:
    """Part a text from its thinking: (text without it, the thinking or None). Linear in length.

    Thinking is what stands between an opening and a closing marker, anywhere; everything before a closing marker that
    was never opened (the template of some models opens it inside the prompt); all channels of harmony but the final
    one; and everything after an opening marker that is never closed, where it begins the text or a line, or follows a
    block or the end of a sentence directly. A marker in the midst of a sentence that nothing closes, or one in
    quotation marks, is one that somebody writes about. A text without thinking comes back as it is.
    """
    if not any(mark in text for mark in _MARKS) and not text.lstrip().startswith("analysis"):
        return text, None
    rest, thoughts = text, list[str]()
    for part in (_channels, _phrases, _blocks):
        rest, more = part(rest)
        thoughts += more
    if rest == text:
        return text, None
    rest = rest.strip()
    match = _WRAPPED.fullmatch(rest)
    thinking = "\n\n".join(part.strip() for part in thoughts if part.strip())
    return (match[1].strip() if match else rest), thinking or None


def _channels(text: str) -> tuple[str, list[str]]:
    """Sort the messages of harmony: what stands before the first channel was opened in the prompt."""
    marks = list(_CHANNEL.finditer(text)) or list(_BARE_CHANNEL.finditer(text))
    if not marks:
        return text, []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    messages = [("", text[: marks[0].start()])]
    messages += [(mark[mark.lastindex or 0], text[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]
    channels = [(name, _END_OF_MESSAGE.split(message, 1)[0].strip()) for name, message in messages]
    final = "\n\n".join(message for name, message in channels if name == "final" and message)
    return final, [message for name, message in channels if name != "final"]


def _phrases(text: str) -> tuple[str, list[str]]:
    match = _PHRASES.match(text)
    return (text[match.end() :], [match[1]]) if match else (text, [])


def _blocks(text: str) -> tuple[str, list[str]]:
    """Sort the text between markers."""
    outside, thoughts, inside = list[str](), list[str](), list[str]()
    open_tags: list[re.Match[str]] = []
    ends, place = set[int](), 0
    for tag in _tags(text):
        (inside if open_tags else outside).append(text[place : tag.start()])
        place = tag.end()
        if not tag.lastindex:
            open_tags.append(tag)
            continue
        ends.add(place)
        thoughts += inside if open_tags else outside
        if not open_tags:
            outside = []
        open_tags, inside = [], []
    if not open_tags:
        return "".join([*outside, text[place:]]), thoughts
    start, end = _find_unclosed(text, open_tags, ends)
    return "".join([*outside, text[open_tags[0].start() : start]]), [*thoughts, text[end:]]


def _tags(text: str) -> Iterator[re.Match[str]]:
    """Yield the markers, but those in quotation marks: a pair of them, or an opening one by itself."""
    spoken_of = False
    for tag in _TAG.finditer(text):
        around = text[tag.start() - 1 : tag.start()], text[tag.end() : tag.end() + 1]
        quoted = all(around) and all(mark in _QUOTES for mark in around)
        if quoted and (spoken_of or not tag.lastindex or around == ("`", "`")):
            spoken_of = True
            continue
        yield tag


def _find_unclosed(text: str, open_tags: Sequence[re.Match[str]], ends: Collection[int]) -> tuple[int, int]:
    """Return where the first marker that really opens a block begins and ends; where none does, the text's end."""
    for tag in open_tags:
        before = tag.start()
        while before and text[before - 1] in " \t":
            before -= 1
        follows = before == tag.start() and text[before - 1 : before] in _ENDS
        if before == 0 or text[before - 1] in "\r\n" or before in ends or follows:
            return tag.span()
    return len(text), len(text)
