"""The style of each answer in numbers that say nothing of its topic: function words, punctuation, lengths."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from personas.core.parquet import write_frame
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Instance, inputs_of
from personas.plan.frozen import FrozenPlan
from personas.scoring.declaration import ScoringDeclaration
from personas.scoring.strength.answers import PLACE, instances, read_answers

_FUNCTION_WORDS = """
    a an the this that these those i me my we us our you your he him his she her it its they them their
    and or but so if because although while when where who which what how why not no nor yes
    of in on at to from by with without for about as into over under through before after between
    is am are was were be been being have has had do does did will would shall should can could may might must
    very too just only also then than there here now all any some more most each every such
"""
FUNCTION_WORDS = tuple(_FUNCTION_WORDS.split())
"""English words that sentences of any topic need; in another language lengths and punctuation alone are told."""
MARKS = tuple(".,;:!?-—()\"'…*#\n")
LENGTHS = ("answer", "sentence", "word")
FEATURES = (*FUNCTION_WORDS, *(f"mark {mark!r}" for mark in MARKS), *(f"length of {name}" for name in LENGTHS))

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")


def style_of(text: str) -> list[float]:
    """Return the `FEATURES` of a text that has a character.

    Function words and marks are counted per 100 words. Lengths are natural logarithms of one more than: words of the
    answer, words of a sentence, letters of a word; so that twice as long is the same step for short and long answers.
    """
    words = _WORD.findall(text.lower())
    n = max(len(words), 1)
    counts, marks = Counter(words), Counter(text)
    sentences = max(len([part for part in _END.split(text) if part.strip()]), 1)
    lengths = [len(words), len(words) / sentences, sum(map(len, words)) / n]
    rates = [*(counts[word] for word in FUNCTION_WORDS), *(marks[mark] for mark in MARKS)]
    return [*(100 * rate / n for rate in rates), *map(float, np.log1p(lengths))]


def styles(answers: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return `PLACE` of each answer of `read_answers` and its `FEATURES`, null where there is no text."""
    nothing = [np.nan] * len(FEATURES)
    rows = [style_of(text) if isinstance(text, str) else nothing for text in answers["text"]]
    features = pd.DataFrame(np.array(rows, np.float32).reshape(-1, len(FEATURES)), answers.index, list(FEATURES))
    return pd.concat([answers[PLACE], features], axis=1).assign(model=model)


def write_styles(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the style of the answers of a model."""
    answers = read_answers([frozen.results / path for path in inputs_of(artefact)["cells"]])
    write_frame(frozen.results / artefact.outputs[0], styles(answers, artefact.spec["model"]))


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    yield from instances(grid, "style")


STYLE = ScoringDeclaration(
    family="styles",
    instances=_instances,
    module=__name__,
    stage="strength",
    write=write_styles,
    paths=("tables/{}--answers.parquet",),
)
