"""Answers too long for a judge: cut only where the config says so, and never without a word."""

from personas.prompts.thinking import strip_thinking

MARK = "\n[The answer goes on; what follows was cut.]"
"""Stands where an answer was cut, so that the judge does not take it for an unfinished one."""


def cut(answer: str, limit: int | None) -> tuple[str, str | None]:
    """Return an answer without its thinking and with `limit` characters at most (None: all), and what was done.

    The second value is None where nothing was cut; the mark comes on top of the limit.
    """
    text = strip_thinking(answer)[0]
    if limit is None or len(text) <= limit:
        return answer, None
    return text[:limit].rstrip() + MARK, f"the first {limit:,} of {len(text):,} characters"


def cut_all(answers: list[str], limit: int | None) -> tuple[list[str], str | None]:
    """Cut one answer, or each of two (A and B), and tell in one sentence which were; None where none was."""
    results = [cut(answer, limit) for answer in answers]
    names = ["answer"] if len(results) == 1 else ["answer A", "answer B"]
    notes = [f"of the {name} {what}" for name, (_, what) in zip(names, results, strict=True) if what]
    return [text for text, _ in results], f"judged {' and '.join(notes)}" if notes else None
