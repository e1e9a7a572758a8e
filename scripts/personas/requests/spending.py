"""What was spent on a model so far: told by its journal."""

from pathlib import Path

from personas.config.sampling import Price
from personas.engines.limits.budget import cost
from personas.requests.journal_lines import journal_files, journal_lines, reply_in


def spent_so_far(results: Path, slug: str, price: Price) -> float:
    """Return what all journaled replies of a model cost, in the currency of `price`, as far as usage was told."""
    spent = 0.0
    for path in journal_files(results / "journal" / slug):
        for key, line in journal_lines(path):
            reply = reply_in(line) if key is not None else None
            if reply is not None:
                spent += cost(price, reply.prompt_tokens or 0, reply.completion_tokens or 0)
    return spent
