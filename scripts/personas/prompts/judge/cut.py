"""Answers too long for a judge: cut only where the config says so, and never without a word."""

from personas.prompts.thinking import strip_thinking

MARK = "\n[The answer goes on; what follows was cut.]"
"""Stands where an answer was cut, so that the judge does not take it for an unfinished one."""


def cut(answer: str, limit: int | None) -> tuple[str, str | None]:
    """Return an answer without its thinking and with `limit` characters at most (None: all), and what was done.

    The second value is None where nothing was cut; the mark comes on top of the limit.
    """
    said = strip_thinking(answer)[0]
    if limit is None or len(said) <= limit:
        return answer, None
    return said[:limit].rstrip() + MARK, f"the first {limit:,} of {len(said):,} characters"


def cut_all(answers: list[str], limit: int | None) -> tuple[list[str], str | None]:
    """Cut one answer, or each of two (A and B), and tell in one sentence which were; None where none was."""
    done = [cut(answer, limit) for answer in answers]
    names = ["answer"] if len(done) == 1 else ["answer A", "answer B"]
    told = [f"of the {name} {what}" for name, (_, what) in zip(names, done, strict=True) if what]
    return [text for text, _ in done], f"judged {' and '.join(told)}" if told else None
