"""Judges that are the models they rate, or of their family: they may like what they would have written."""

import re
from collections.abc import Iterator

from personas.config import Config
from personas.config.models import ModelSection

_WORD = re.compile(r"[a-z]+")


def kin(config: Config, of: str | None = None) -> Iterator[str]:
    """Yield a sentence for each judge and a model (of all, or one) that it rates and is, or is of the family of.

    Of one family are models whose `family` is the same, or, where one has none, whose names begin with the same word
    (gemma-3-4b, Gemma-2-27b-it).
    """
    for slug, judge in config.judges.items():
        for name in judge.models or config.models:
            model = config.models[name]
            if of not in (None, name):
                continue
            if judge.model.id.lower() == model.id.lower():
                yield f"judge {slug} is the model {name} itself; it may prefer what it would have written."
            elif _family(judge.model) == _family(model):
                yield f"judge {slug} is of the family of the model {name}; it may prefer what it would have written."


def _family(model: ModelSection) -> str:
    word = _WORD.search(model.id.rsplit("/", 1)[-1].lower())
    return (model.family or (word[0] if word else model.id)).lower()
