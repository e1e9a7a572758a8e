"""From text to tokens, with the rules of spaCy's English tokenizer and no model.

The study uses the tokenizer of `en_core_web_sm` only; `spacy.blank("en")` has the same rules and needs no download.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, pairwise
from typing import Any

Tokens = list[str]


def tokenize(texts: Iterable[str], *, with_space: bool = False) -> list[Tokens]:
    """Return the tokens of each text, in order.

    Case and punctuation are kept, as the study keeps them ("No" and "no" differ, "’s" is a token): they are part
    of how a persona talks. Tokens of white space only are dropped, since they are layout, unless they are wanted
    (`with_space`, as the study has them). No other character is changed, so no other token is empty or holds ASCII
    white space. A text without any token gives an empty list.
    """
    # The tokenizer itself, not `nlp.make_doc`, which refuses texts of over a million characters.
    return [[token.text for token in doc if with_space or not token.is_space] for doc in _tokenizer().pipe(texts)]


LONGEST_RUN, LONGEST_WORD = 300, 5_000
"""Characters without a blank that are cut into tokens together: of punctuation and symbols, and of any kind."""

_WORD = re.compile(r"\S+")
_RUN = re.compile(rf"[^\w\s]{{{LONGEST_RUN}}}(?=[^\w\s])|\S{{{LONGEST_WORD}}}(?=\S)")


class _Tokenizer:
    """spaCy's rules in a time that grows with the length of a text, whatever a looping model says.

    They take one mark after the other off a run of them, and look at all of the rest each time. Longer runs are cut,
    so that a text that has none keeps its tokens.
    """

    def __init__(self) -> None:
        import spacy  # 2 seconds: only for who tokenises

        self._spacy = spacy.blank("en").tokenizer

    def pipe(self, texts: Iterable[str]) -> Iterator[Iterable[Any]]:
        """Yield the tokens of each text."""
        for text in texts:
            yield chain.from_iterable(map(self._spacy, _parts(text)))


def _parts(text: str) -> list[str]:
    words = (word for word in _WORD.finditer(text) if word.end() - word.start() > LONGEST_RUN)
    cuts = [run.end() for word in words for run in _RUN.finditer(text, *word.span())]
    return [text[start:end] for start, end in pairwise([0, *cuts, len(text)])] if cuts else [text]


@cache
def _tokenizer() -> _Tokenizer:
    return _Tokenizer()
