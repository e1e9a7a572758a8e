"""From text to tokens, with the rules of spaCy's English tokenizer and no model.

The study uses the tokenizer of `en_core_web_sm` only; `spacy.blank("en")` has the same rules and needs no download.
"""

from collections.abc import Iterable
from functools import cache
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


@cache
def _tokenizer() -> Any:
    import spacy  # 2 seconds: only for who tokenises

    return spacy.blank("en").tokenizer
