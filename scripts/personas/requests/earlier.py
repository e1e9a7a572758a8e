"""What was said earlier that a judge reads beside an answer, where its rubric asks whether the two agree.

Of a dialogue the nearest answers: all of it would not fit, and a contradiction is about the same thing. How near two
rounds are is the larger cosine of their answers and of their user turns, by counts of words that carry meaning
(hashed, so that what is chosen depends on nothing that is said later).
"""

from collections.abc import Sequence

import numpy as np

NEAREST = 3
"""Answers of a dialogue that are read, at most."""


def nearest(turns: Sequence[str], answers: Sequence[str]) -> list[list[int]]:
    """Return for every round the places of the earlier rounds to read with it, in their order.

    A blank answer is never read. Of equally near rounds the later ones are.
    """
    from sklearn.feature_extraction.text import HashingVectorizer  # slow to import, and seldom needed

    words = HashingVectorizer(stop_words="english", alternate_sign=False, n_features=2**18)
    alike = [(counts @ counts.T).toarray() for counts in (words.transform(texts) for texts in (turns, answers))]
    closeness = np.maximum(*alike)
    with_text = [place for place, answer in enumerate(answers) if answer.strip()]

    def nearest_to(number: int) -> list[int]:
        before = [place for place in with_text if place < number]
        best = sorted(before, key=lambda place: (closeness[number, place], place), reverse=True)[:NEAREST]
        return sorted(best)

    return [nearest_to(number) for number in range(len(answers))]
