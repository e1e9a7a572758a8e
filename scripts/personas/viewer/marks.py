"""Where a text holds patterns of its persona: tokens that are marked."""

import re
from collections.abc import Iterator, Sequence

from personas.grid.cells import Track
from personas.scoring.patterns.count import Clauses
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import files

_MINED = """
SELECT DISTINCT pattern::VARCHAR AS key, pattern FROM read_parquet($files)
WHERE pattern_group = 'persona' AND condition = $condition ORDER BY key
"""


class Marks:
    """Marks the patterns that tell a persona from the baseline in texts of one model, persona and condition.

    Tokens are looked for as words, which is nearly how spaCy cuts them when patterns are mined.
    """

    def __init__(self, patterns: Sequence[Clauses]) -> None:
        self.patterns = patterns
        tokens = {token for pattern in patterns for clause in pattern for token in clause if token}
        longest_first = sorted(tokens, key=lambda token: (-len(token), token))
        self._tokens = re.compile("|".join(map(_word, longest_first)) or r"(?!)")

    def parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield a text in parts, and of each whether it belongs to a pattern that the whole text holds."""
        there = set(self._tokens.findall(text))
        patterns = [p for p in self.patterns if all(there.intersection(clause) for clause in p)]
        tokens = {token for pattern in patterns for clause in pattern for token in clause}
        end = 0
        for match in self._tokens.finditer(text):
            if match[0] in tokens:
                yield text[end : match.start()], False
                yield match[0], True
                end = match.end()
        yield text[end:], False


def marks_of(corpus: Corpus, track: Track) -> Marks:
    """Return the marks of a persona, from the patterns of all benchmarks that were mined."""
    mined = sorted((corpus.results / "current/patterns" / track.model / track.persona).glob("*-patterns.parquet"))
    if not mined:
        return Marks([])
    rows = corpus.database.rows(_MINED, {"files": files(mined), "condition": track.condition})
    return Marks([tuple(map(tuple, row["pattern"])) for row in rows])


def _word(token: str) -> str:
    before = r"(?<!\w)" if token[0].isalnum() else ""
    after = r"(?!\w)" if token[-1].isalnum() else ""
    return f"{before}{re.escape(token)}{after}"
