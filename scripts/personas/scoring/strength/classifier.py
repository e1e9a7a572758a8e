"""A classifier of texts by their words and letters, which never scores an item that it was trained on.

Logistic regression on n-grams weighted by TF-IDF, as scikit-learn has it. Items are dealt out to folds; what is said
of an item is scored by weights that were fitted to the other folds alone, their vocabulary and frequencies too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # scikit-learn takes a second to load, and whoever plans imports this
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

FOLDS = 5
_LEAST = 2
"""Texts that must hold an n-gram, for it to be one of the vocabulary."""
_STRENGTH = 10.0
"""Inverse of the penalty on weights (`C`)."""

_WORD = re.compile(r"(?u)\b\w+\b")

Task = tuple[str, str]
"""What a persona is told from, and the persona."""

Labels = Mapping[Task, np.ndarray]
"""For each text 1 if it is the persona's, 0 if it is of what that is told from, -1 if it has no part in the task."""


def deal(items: Sequence[str], folds: int = FOLDS) -> dict[str, int]:
    """Return the fold of each item, at most one fold per item; the order of the items has no influence."""
    from sklearn.model_selection import GroupKFold

    unique = sorted(set(items))
    if len(unique) < 2:
        return dict.fromkeys(unique, 0)
    parts = GroupKFold(min(folds, len(unique))).split(unique, groups=unique)
    return {unique[place]: fold for fold, (_, held_out) in enumerate(parts) for place in held_out}


class Grams:
    """Counts of n-grams: one and two words, and two and three letters within words and at their edges."""

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import CountVectorizer

        self._counters = {}
        if any(map(_WORD.search, texts)):  # scikit-learn refuses texts without any
            words = CountVectorizer(ngram_range=(1, 2), token_pattern=_WORD.pattern, dtype=np.float32)
            letters = CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), dtype=np.float32)
            self._counters = {"words": words.fit(texts), "letters": letters.fit(texts)}

    def count(self, texts: Sequence[str]) -> csr_matrix:
        """Return how often each text holds each n-gram; shape texts x n-grams."""
        from scipy.sparse import csr_matrix, hstack

        counts = [counter.transform(texts) for counter in self._counters.values()]
        return csr_matrix(hstack(counts)) if counts else csr_matrix((len(texts), 0), dtype=np.float32)

    def names(self) -> list[tuple[str, str]]:
        """Return kind (`words` or `letters`) and n-gram of each column."""
        counters = self._counters.items()
        return [(kind, str(name)) for kind, counter in counters for name in counter.get_feature_names_out()]


@dataclass(frozen=True)
class Classifiers:
    """The weights of all tasks, fitted to the same texts: a column for each task that had texts of both sides."""

    columns: np.ndarray
    frequencies: TfidfTransformer
    tasks: Sequence[Task]
    weights: np.ndarray
    intercepts: np.ndarray

    def score(self, counts: csr_matrix) -> np.ndarray:
        """Return the log odds that texts are the persona's; shape texts x tasks."""
        log_odds: np.ndarray = self.frequencies.transform(counts[:, self.columns]) @ self.weights + self.intercepts
        return log_odds


def fit(counts: csr_matrix, labels: Labels) -> Classifiers:
    """Return the weights of each task; both sides count alike, however many texts they have."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    columns = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= _LEAST)
    frequencies = TfidfTransformer(sublinear_tf=True)
    tasks = [task for task, sides in labels.items() if {0, 1} <= set(sides.tolist()) and len(columns)]
    weights, intercepts = np.zeros((len(columns), len(tasks))), np.zeros(len(tasks))
    tf_idf = frequencies.fit_transform(counts[:, columns]) if tasks else counts
    for place, task in enumerate(tasks):
        rows = np.flatnonzero(labels[task] >= 0)
        model = LogisticRegression(
            C=_STRENGTH, class_weight="balanced", solver="liblinear", dual=True, max_iter=1000, random_state=0
        )
        model.fit(tf_idf[rows], labels[task][rows])
        weights[:, place], intercepts[place] = model.coef_[0], model.intercept_[0]
    return Classifiers(columns, frequencies, tasks, weights, intercepts)
