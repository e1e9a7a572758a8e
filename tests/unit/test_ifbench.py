"""IFBench on the original rows of both forms: every verifier that needs no NLTK data, by one answer each way."""

from functools import cache

import pytest

from personas.benchmarks import BENCHMARKS, Item, verifiers
from tests.external import ORIGINAL, needs_original
from tests.ifbench_answers import ANSWERS, LOOSELY_FOLLOWED, Answer

FORMS = {"294": "IFBench_test.294rows.jsonl", "300": "IFBench_test.jsonl"}
ONLY_IN_300 = "custom:character_reverse"
PAIRS = [(form, i) for form in FORMS for i in ANSWERS if (form, i) != ("294", ONLY_IN_300)]
IFBENCH = BENCHMARKS["ifbench"]


@cache
def rows(form: str) -> dict[str, Item]:
    """Return the first row of each verifier that has no other constraint."""
    first: dict[str, Item] = {}
    for item in IFBENCH.load(ORIGINAL / FORMS[form]):
        ids = item.scoring["instruction_id_list"]
        if len(ids) == 1:
            first.setdefault(ids[0], item)
    return first


def said(answer: Answer, item: Item) -> str:
    return answer if isinstance(answer, str) else answer(item.scoring["kwargs"][0])


@needs_original
@pytest.mark.parametrize("form", FORMS)
def test_the_table_has_every_verifier_without_nltk_data(form: str) -> None:
    assert set(rows(form)) - set(verifiers.NLTK_DATA) == {i for of, i in PAIRS if of == form}
    assert len([of for of, _ in PAIRS if of == form]) == {"294": 52, "300": 53}[form]


@needs_original
@pytest.mark.parametrize(("form", "instruction"), PAIRS)
def test_an_answer_that_follows_passes_strictly_and_loosely(form: str, instruction: str) -> None:
    item = rows(form)[instruction]
    scores = IFBENCH.score(item, said(ANSWERS[instruction][0], item))
    assert scores == {"strict": 1.0, "loose": 1.0, "strict-instructions": 1.0, "loose-instructions": 1.0}


@needs_original
@pytest.mark.parametrize(("form", "instruction"), PAIRS)
def test_an_answer_that_does_not_follow_fails(form: str, instruction: str) -> None:
    item = rows(form)[instruction]
    scores = IFBENCH.score(item, said(ANSWERS[instruction][1], item))
    loose = float(instruction in LOOSELY_FOLLOWED)
    assert scores == {"strict": 0.0, "loose": loose, "strict-instructions": 0.0, "loose-instructions": loose}


@needs_original
@pytest.mark.parametrize("form", FORMS)
def test_a_line_before_the_answer_fails_strictly_and_passes_loosely(form: str) -> None:
    scores = IFBENCH.score(rows(form)["custom:multiples"], "The first 3 of them:\n14, 21, 28, 35, 42, 49")
    assert (scores["strict"], scores["loose"]) == (0.0, 1.0)


@needs_original
@pytest.mark.parametrize("form", FORMS)
def test_half_of_two_constraints(form: str) -> None:
    """Numbers and different words: as many words as asked for, and one number too many."""
    items = IFBENCH.load(ORIGINAL / FORMS[form])
    wanted = ["count:numbers", "count:unique_word_count"]
    item = next(item for item in items if item.scoring["instruction_id_list"] == wanted)
    numbers, unique = (int(kwargs["N"]) for kwargs in item.scoring["kwargs"])
    scores = IFBENCH.score(item, " ".join(str(1000 + n) for n in range(max(numbers + 1, unique))))
    assert scores == {"strict": 0.0, "loose": 0.0, "strict-instructions": 0.5, "loose-instructions": 0.5}
