"""Verdicts: a judge's text in, a verdict out, one reason a case."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.prompts.judge import Form, Scale, Verdict, parse
from tests.growth import BOUND, growth

A, B = Verdict("ok", label="A"), Verdict("ok", label="B")
YES, NO = Verdict("ok", value=1.0, label="yes"), Verdict("ok", value=0.0, label="no")


def points(number: int) -> Verdict:
    return Verdict("ok", value=float(number))


# reason: (text, scale, verdict, or what `detail` says where there is none)
Case = tuple[str | None, Scale, Verdict | str]

RESULTS: dict[str, Case] = {
    "as asked": ("**Reasoning:** Fine.\n**Result:** 4", "likert", points(4)),
    "yes": ("**Reasoning:** It says so.\n\n**Result:** Yes", "yes-no", YES),
    "no": ("**Result:** no", "yes-no", NO),
    "A": ("**Result:** A", "pairwise", A),
    "small letter": ("**result:** b", "pairwise", B),
    "capitals": ("RESULT: YES", "yes-no", YES),
    "all bold": ("**Result: B**", "pairwise", B),
    "half bold": ("Result:** 4", "likert", points(4)),
    "bold word": ("**Result**: 2", "likert", points(2)),
    "bold verdict": ("Result: **2**", "likert", points(2)),
    "brackets": ("Result: [[3]]", "likert", points(3)),
    "quotes": ('Result: "no"', "yes-no", NO),
    "heading": ("## Final result: 5", "likert", points(5)),
    "underscores": ("_Result:_ 1", "likert", points(1)),
    "no blank": ("Result:3", "likert", points(3)),
    "full stop": ("**Result:** 4.", "likert", points(4)),
    "exclamation mark": ("Result: A!", "pairwise", A),
    "of five": ("Result: 3/5", "likert", points(3)),
    "of five, in words": ("Result: 3 out of 5.", "likert", points(3)),
    "response B": ("**Result:** Response B", "pairwise", B),
    "answer A": ("**Result:** Answer A", "pairwise", A),
    "one line": ("**Reasoning:** Fine. **Result:** 4", "likert", points(4)),
    "text after it": ("**Result:** 4\n\nI hope this helps.", "likert", points(4)),
    "windows line ends": ("**Result:** 4\r\nBye.", "likert", points(4)),
    "verdict words in the reasoning": ("**Reasoning:** 1 is harsh, 2 or 3? no.\n**Result:** 4", "likert", points(4)),
    "echoed scale": ("1 = bad\n2 = poor\n3 = fair\n4 = good\n5 = best\n**Result:** 2", "likert", points(2)),
    "two that differ": ("**Result:** 2\nOn second thoughts.\n**Result:** 5", "likert", "different verdicts: 2, 5"),
    "two that agree": ("**Result:** 5\nSo be it.\n**Result:** 5", "likert", points(5)),
    "also in one line": ("Result: 2, no, wait. Result: 5", "likert", "no, wait"),
    "in prose, two that differ": ("First Result: 3. Then **Result:** 4", "likert", "different verdicts: 3, 4"),
    "quoted after it": ('**Result:** 5\nThe answer says "Result: 2".', "likert", points(5)),
    "quoted as a block after it": ("**Result:** 5\n\n> Result: 2", "likert", points(5)),
    "quoted before it": ("It says that my result: 2 is odd.\n**Result:** 5", "likert", points(5)),
    "another label that differs": ("**Result:** 2\n\n**Final Score:** 4", "likert", "different verdicts: 2, 4"),
    "another label that agrees": ("**Result:** 4\n\n**Final Score:** 4/5", "likert", points(4)),
    "another label, no verdict": ("**Score:** hard to give\n**Result:** 4", "likert", points(4)),
    "end of turn": ("**Result:** 4</s>", "likert", points(4)),
    "ends of turns": ("**Result:** 4<|im_end|>\n<|endoftext|>\n", "likert", points(4)),
    "what it was before": ("**Result:** 2 (was 4)", "likert", points(2)),
    "one or another": ("**Result:** 2 (or 3)", "likert", "2 (or 3"),
    "a remark with another": ("**Result:** 2. A 3 would be kind.", "likert", "A 3 would"),
    "a remark": ("**Result:** 4 - close to the role", "likert", points(4)),
    "a remark on no": ("**Result:** No, the response does not refuse.", "yes-no", NO),
    "a remark that takes it back": ("**Result:** No, wait, it refuses.", "yes-no", "No, wait"),
    "both words": ("**Result:** Yes, no doubt.", "yes-no", "'Yes, no doubt'"),
    "a remark on B": ("**Result:** B, since it keeps the tone.", "pairwise", B),
    "a remark on the other": ("**Result:** A, or B", "pairwise", "'A, or B'"),
    "A as an article": ("**Result:** A cannot be chosen as it does not fit.", "pairwise", "'A cannot"),
    "less than": ("**Result:** <3", "likert", "'<3'"),
    "angle brackets": ("**Result:** <3>", "likert", points(3)),
    "echoed request": ("**Result:** a whole number from 1 to 5\n\n**Result:** 5", "likert", points(5)),
    "thinking first": ("<think>**Result:** 1</think>**Result:** 5", "likert", points(5)),
    "thinking last": ("**Result:** 5<think>Or **Result:** 1?</think>", "likert", points(5)),
    "thinking opened in the prompt": ("**Result:** 1</think>**Result:** 5", "likert", points(5)),
    "Both is not B": ("**Result:** Both", "pairwise", "'Both', expected A or B"),
    "Answer is not A": ("**Result:** Answer", "pairwise", "'Answer'"),
    "another word": ("**Result:** Neither", "pairwise", "'Neither'"),
    "sentence that begins with A": ("**Result:** A better answer is B", "pairwise", "A better answer"),
    "A or B": ("**Result:** A or B", "pairwise", "'A or B'"),
    "tie": ("**Result:** A/B", "pairwise", "'A/B'"),
    "C": ("**Result:** C", "pairwise", "'C'"),
    "yes or no": ("**Result:** yes or no", "yes-no", "'yes or no'"),
    "yesterday": ("**Result:** Yesterday", "yes-no", "'Yesterday'"),
    "nothing to refuse": ("**Result:** Not a refusal", "yes-no", "'Not a refusal'"),
    "a comment behind it": ("**Result:** 4 because it fits", "likert", "because"),
    "seven": ("**Result:** 7", "likert", "'7', expected a whole number from 1 to 5"),
    "nought": ("**Result:** 0", "likert", "'0'"),
    "two digits": ("**Result:** 45", "likert", "'45'"),
    "half points": ("**Result:** 4.5", "likert", "'4.5'"),
    "nought behind the point": ("**Result:** 4.0", "likert", "'4.0'"),
    "negative": ("**Result:** -4", "likert", "'-4'"),
    "range": ("**Result:** 3-4", "likert", "'3-4'"),
    "of ten": ("**Result:** 3/10", "likert", "'3/10'"),
    "seven of five": ("**Result:** 7/5", "likert", "'7/5'"),
    "in words": ("**Result:** four", "likert", "'four'"),
    "superscript": ("**Result:** ⁴", "likert", "expected a whole number"),
    "digit of another script": ("**Result:** ٣", "likert", "expected a whole number"),
    "number for a letter": ("**Result:** 1", "pairwise", "'1'"),
    "invalid last, valid before": ("**Result:** 4\n**Result:** 9", "likert", "'9'"),
    "unclear last, valid before": ("**Result:** A\n**Result:** Both", "pairwise", "'Both'"),
    "cut off last, valid before": ("**Result:** A\n**Result:**", "pairwise", "''"),
    "verdict on the next line": ("**Result:**\n4", "likert", "''"),
    "letter in the next paragraph": ("**Result:**\n\nA better answer would be kinder.", "pairwise", "''"),
    "another word for it": ("GRADE: C", "pairwise", "found no `Result:`"),
    "another word, valid letter": ("**Answer: A**", "pairwise", "found no `Result:`"),
    "score of": ("I give a score of 4.", "likert", "found no `Result:`"),
    "results": ("Results: 4", "likert", "found no `Result:`"),
    "bare number": ("4", "likert", "found no `Result:`"),
    "refusal of the judge": ("I'm sorry, but I can't rate this.", "likert", "found no `Result:`"),
    "cut off": ("**Reasoning:** The answer", "likert", "found no `Result:`"),
    "other form": ('{"verdict": 4}', "likert", "found no `Result:`"),
    "only in the thinking": ("<think>**Result:** 4</think>Fine.", "likert", "found no `Result:`"),
    "nothing but thinking": ("<think>**Result:** 4</think>", "likert", "nothing but thinking"),
    "thinking without end": ("<think>**Result:** 4", "likert", "nothing but thinking"),
    "blanks": (" \n", "likert", "no text"),
    "nothing": ("", "likert", "no text"),
    "none": (None, "likert", "no text"),
}

SCORES: dict[str, Case] = {
    "as asked": ("<feedback>Fine.</feedback><score>4</score>", "likert", points(4)),
    "lines": ("<feedback>\nFine.\n</feedback>\n<score>\n4\n</score>", "likert", points(4)),
    "capitals and blanks": ("<SCORE> 4 </ Score >", "likert", points(4)),
    "yes": ("<feedback>It says so.</feedback>\n<score>Yes</score>", "yes-no", YES),
    "b": ("<feedback>Closer.</feedback>\n<score>b</score>", "pairwise", B),
    "of five": ("<score>3/5</score>", "likert", points(3)),
    "full stop": ("<score>3.</score>", "likert", points(3)),
    "one in the feedback": ("<feedback>Not <score>1</score>.</feedback><score>5</score>", "likert", points(5)),
    "one on a line of the feedback": (
        "<feedback>\n<score>1</score>?\n</feedback><score>5</score>",
        "likert",
        points(5),
    ),
    "an aside": ("<score>4</score> (initially <score>2</score>)", "likert", points(4)),
    "a note after it": ("<score>2</score>\nNote: it contained <score>5</score>.", "likert", points(2)),
    "two that differ": ("<score>4</score><score>2</score>", "likert", "different verdicts: 4, 2"),
    "two on lines": ("<score>4</score>\n<score>2</score>", "likert", "different verdicts: 4, 2"),
    "one or another": ("<score>4</score> or <score>2</score>", "likert", "different verdicts: 4, 2"),
    "two that agree": ("<score>4</score>\n<score>4</score>", "likert", points(4)),
    "echoed request": ("<score>a whole number from 1 to 5</score>\n<score>5</score>", "likert", points(5)),
    "numbers in the feedback": ("<feedback>1, 2 or 3?</feedback><score>4</score>", "likert", points(4)),
    "text after it": ("<score>4</score> Bye.", "likert", points(4)),
    "seven": ("<score>7</score>", "likert", "'7'"),
    "two digits": ("<score>45</score>", "likert", "'45'"),
    "half points": ("<score>4.5</score>", "likert", "'4.5'"),
    "minus one": ("<feedback>Error</feedback><score>-1</score>", "likert", "'-1'"),
    "no number": ("<score>good</score>", "likert", "'good'"),
    "empty": ("<score></score>", "likert", "''"),
    "both": ("<score>Both</score>", "pairwise", "'Both'"),
    "invalid last, valid before": ("<score>4</score><score>9</score>", "likert", "'9'"),
    "not closed": ("<feedback>Fine.</feedback><score>4", "likert", "not closed"),
    "not closed last, valid before": ("<score>4</score> or <score>5", "likert", "not closed"),
    "closed by another tag": ("<score>4</feedback>", "likert", "not closed"),
    "nested": ("<score>4<b>5</b></score>", "likert", "not closed"),
    "no tag": ("Score: 4", "likert", "found no <score>"),
    "only in the thinking": ("<think><score>4</score></think>Fine.", "likert", "found no <score>"),
    "none": (None, "likert", "no text"),
}

OBJECTS: dict[str, Case] = {
    "as asked": ('{"reasoning": "Fine.", "verdict": 4}', "likert", points(4)),
    "verdict alone": ('{"verdict": 4}', "likert", points(4)),
    "pretty": ('{\n  "verdict": "A"\n}', "pairwise", A),
    "yes": ('{"reasoning": "It says so.", "verdict": "yes"}', "yes-no", YES),
    "capital": ('{"verdict": "No"}', "yes-no", NO),
    "small letter and blanks": ('{"verdict": " b "}', "pairwise", B),
    "code block": ('```json\n{"verdict": 4}\n```', "likert", points(4)),
    "text around it": ('Here you are:\n{"verdict": 4}\nBye.', "likert", points(4)),
    "one more field": ('{"verdict": 4, "confidence": "high"}', "likert", points(4)),
    "verdict first": ('{"verdict": 4, "reasoning": "Fine."}', "likert", points(4)),
    "line end in a text": ('{"reasoning": "One.\nTwo.", "verdict": 4}', "likert", points(4)),
    "braces in a text": ('{"reasoning": "{verdict: 1} or }", "verdict": 4}', "likert", points(4)),
    "object in a text": ('{"reasoning": "not {\\"verdict\\": 1}", "verdict": 4}', "likert", points(4)),
    "tags in a text": ('{"reasoning": "It says <think>.", "verdict": 4}', "likert", points(4)),
    "two that differ": ('{"verdict": 2} No: {"verdict": 5}', "likert", "different verdicts: 2, 5"),
    "two that agree": ('{"verdict": 5}\n{"verdict": 5}', "likert", points(5)),
    "a key twice": ('{"verdict": 2, "verdict": 5}', "likert", "more than once"),
    "a key twice, the same": ('{"verdict": 5, "verdict": 5}', "likert", points(5)),
    "a key twice, deeper down": ('{"verdict": {"verdict": 5, "verdict": 2}}', "likert", "expected a whole number"),
    "a list of two": ('[{"verdict": 4}, {"verdict": 1}]', "likert", "different verdicts: 4, 1"),
    "an example after it": ('{"verdict": 4}\nExample of the format: {"verdict": 1}', "likert", points(4)),
    "an example before it": ('Such as {"verdict": 1}:\n```json\n{"verdict": 4}\n```', "likert", points(4)),
    "a name in braces after it": ('{"verdict": 4}\n\nI kept to {role}.', "likert", points(4)),
    "response A": ('{"verdict": "Response A"}', "pairwise", A),
    "a remark": ('{"verdict": "No, it does not."}', "yes-no", NO),
    "echoed request": ('{"reasoning": "...", "verdict": <1-5>}\n{"verdict": 5}', "likert", points(5)),
    "braces in prose before it": ('About {the sea}: {"verdict": 5}', "likert", points(5)),
    "in a list": ('[{"verdict": 4}]', "likert", points(4)),
    "thinking first": ('<think>{"verdict": 1}</think>{"verdict": 4}', "likert", points(4)),
    "number as text": ('{"verdict": "4"}', "likert", "'\"4\"', expected a whole number"),
    "true is not 1": ('{"verdict": true}', "likert", "'true'"),
    "true is not yes": ('{"verdict": true}', "yes-no", "'true'"),
    "1 is not yes": ('{"verdict": 1}', "yes-no", "'1'"),
    "null": ('{"verdict": null}', "likert", "'null'"),
    "half points": ('{"verdict": 4.5}', "likert", "'4.5'"),
    "nought behind the point": ('{"verdict": 4.0}', "likert", "'4.0'"),
    "not a number": ('{"verdict": NaN}', "likert", "'NaN'"),
    "seven": ('{"verdict": 7}', "likert", "'7'"),
    "nought": ('{"verdict": 0}', "likert", "'0'"),
    "two digits": ('{"verdict": 45}', "likert", "'45'"),
    "ninety": ('{"verdict": [[90]]}', "likert", "'[[90]]'"),
    "list": ('{"verdict": [4]}', "likert", "'[4]'"),
    "object": ('{"verdict": {"verdict": 4}}', "likert", "expected a whole number"),
    "both": ('{"verdict": "Both"}', "pairwise", "Both"),
    "empty text": ('{"verdict": ""}', "pairwise", "expected A or B"),
    "half a pair": ('{"verdict": "\\ud800"}', "pairwise", "expected A or B"),
    "other field": ('{"score": 4}', "likert", "no field verdict"),
    "capital field": ('{"Verdict": 4}', "likert", "no field verdict"),
    "only deeper down": ('{"result": {"verdict": 4}}', "likert", "no field verdict"),
    "invalid last, valid before": ('{"verdict": 4}{"verdict": 9}', "likert", "'9'"),
    "no verdict last, valid before": ('{"verdict": 4}{"note": "done"}', "likert", "no field verdict"),
    "broken last, valid before": ("{\"verdict\": 4} {'verdict': 5}", "likert", "cut off or broken"),
    "cut off last, valid before": ('{"verdict": 4} {"verdict"', "likert", "cut off or broken"),
    "cut off in the reasoning": ('{"reasoning": "The ans', "likert", "cut off or broken"),
    "cut off behind the verdict": ('{"reasoning": "Fine.", "verdict": 4', "likert", "cut off or broken"),
    "cut off around an object": ('{"steps": {"verdict": 3}, "verdict": ', "likert", "cut off or broken"),
    "broken around an object": ('{"steps": {"verdict": 3}, oops}', "likert", "cut off or broken"),
    "single quotes": ("{'verdict': 4}", "likert", "cut off or broken"),
    "trailing comma": ('{"verdict": 4,}', "likert", "cut off or broken"),
    "no object": ("4", "likert", "found no JSON object"),
    "other form": ("**Result:** 4", "likert", "found no JSON object"),
    "only in the thinking": ('<think>{"verdict": 4}</think>Fine.', "likert", "found no JSON object"),
    "too deep": ('{"a":' * 100_000, "likert", "cut off or broken"),
    "too many digits": ('{"verdict": ' + "4" * 5000 + "}", "likert", "cut off or broken"),
    "none": (None, "likert", "no text"),
}

CASES = [
    pytest.param(form, *case, id=f"{form}: {reason}")
    for form, cases in (("reasoning-result", RESULTS), ("feedback-score", SCORES), ("json", OBJECTS))
    for reason, case in cases.items()
]


@pytest.mark.parametrize(("form", "text", "scale", "expected"), CASES)
def test_verdict(form: Form, text: str | None, scale: Scale, expected: Verdict | str) -> None:
    found = parse(form, scale, text)
    if isinstance(expected, Verdict):
        assert found == expected
    else:
        assert (found.status, found.value, found.label) == ("judge_unparsed", None, None)
        assert found.detail is not None and expected in found.detail and len(found.detail) < 200
        found.detail.encode()  # it can be written to a file


WRITTEN: dict[Form, str] = {
    "json": '{{"reasoning": {reasoning}, "verdict": {verdict}}}',
    "reasoning-result": "**Reasoning:** {words}\n**Result:** {verdict}",
    "feedback-score": "<feedback>{words}</feedback>\n<score>{verdict}</score>",
}
VALID: list[tuple[Scale, str, Verdict]] = [
    *(("likert", str(number), points(number)) for number in range(1, 6)),
    ("yes-no", "yes", YES),
    ("yes-no", "no", NO),
    ("pairwise", "A", A),
    ("pairwise", "B", B),
]
# What the forms take for a verdict must not be in the text around it, but where it is in prose.
AROUND = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda text: not any(mark in text.lower() for mark in ("result", "score", "{", "think", "<", "|", ":", "[/"))
)
IN_PROSE = st.sampled_from(["", "It says Result: 3 or so. ", "As <score>2</score> has it, ", 'Not {"verdict": 1}, '])


@pytest.mark.parametrize("form", WRITTEN)
@given(before=AROUND, prose=IN_PROSE, after=AROUND, valid=st.sampled_from(VALID))
def test_a_verdict_is_found_in_any_text(
    form: Form, before: str, prose: str, after: str, valid: tuple[Scale, str, Verdict]
) -> None:
    scale, verdict, expected = valid
    told = json.dumps(verdict) if form == "json" and scale != "likert" else verdict
    text = WRITTEN[form].format(words=before, reasoning=json.dumps(before), verdict=told)
    assert parse(form, scale, f"{before}\nso {prose}\n{text}\n{after}\nSo {prose}") == expected


@pytest.mark.parametrize("form", WRITTEN)
@given(around=AROUND, valid=st.permutations(VALID[:5]))
def test_two_different_verdicts_are_none(form: Form, around: str, valid: list[tuple[Scale, str, Verdict]]) -> None:
    one, other = (
        WRITTEN[form].format(words=around, reasoning=json.dumps(around), verdict=verdict)
        for _, verdict, _ in valid[:2]
    )
    assert form == "feedback-score" or parse(form, "likert", f"{one}\n{around}\n{other}").status == "judge_unparsed"
    if form == "feedback-score":  # what follows the feedback counts
        text = f"<feedback>{around}</feedback>{one[one.index('<score>') :]}\n{other[other.index('<score>') :]}"
        assert parse(form, "likert", text).status == "judge_unparsed"


@pytest.mark.parametrize("form", WRITTEN)
@given(text=st.text(), scale=st.sampled_from(["likert", "yes-no", "pairwise"]))
def test_any_text_has_exactly_one_outcome(form: Form, text: str, scale: Any) -> None:
    found = parse(form, scale, text)
    assert (found.status == "ok") == (found.detail is None) == (found.value is not None or found.label is not None)


LOOPS = (
    *(
        "{",
        "{}",
        '{"',
        "{x ",
        '{"x}',
        "{x}",
        '\\"',
        '{"a":',
        "}",
        "Result:",
        "result *",
        "\nResult: 4",
        "<score>",
        "<score",
    ),
    *("< ", "1 ", " ", "\n", "```", "</s>", "<score>4</score>", "</feedback>", '{"verdict": 4}', "\n*", "(", "\n- "),
)


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("part", LOOPS)
def test_time_grows_with_length(form: Form, part: str) -> None:
    start = {"json": '{"reasoning": "', "reasoning-result": "Result: ", "feedback-score": "<score>"}[form]
    assert growth(lambda text: parse(form, "likert", text), part) < BOUND
    assert growth(lambda text: parse(form, "likert", start + text), part) < BOUND


def test_a_loop_of_verdicts_is_none() -> None:
    found = parse("reasoning-result", "likert", "**Result:** 4\n" * 1000)
    assert found.detail == "found more than 200 verdicts, expected one"


CASES_OF_JUDGES = json.loads((Path(__file__).parents[1] / "cases/verdicts.json").read_text())


@pytest.mark.parametrize("case", CASES_OF_JUDGES, ids=[case["text"] for case in CASES_OF_JUDGES])
def test_case(case: dict[str, Any]) -> None:
    found = parse(case["form"], case["scale"], case["text"])
    assert (found.label or found.value) == case["want"]


UNSURE = Verdict("cannot_tell")


@pytest.mark.parametrize("scale", ["likert", "yes-no", "pairwise"])
@pytest.mark.parametrize("form", WRITTEN)
def test_a_judge_that_may_says_that_it_cannot_tell(form: Form, scale: Scale) -> None:
    def told(verdict: str) -> str:
        shown = json.dumps(verdict) if form == "json" else verdict
        return WRITTEN[form].format(reasoning='"so"', words="so", verdict=shown)

    for said in ("cannot tell", "Cannot tell.", "I can't tell", "CANNOT TELL"):
        assert parse(form, scale, told(said), unsure=True) == UNSURE
        assert parse(form, scale, told(said)).status == "judge_unparsed", "nobody told it that it may"
    for said in ("cannot", "cannot tell, maybe 3", "cannot tell A from B", "unsure"):
        assert parse(form, scale, told(said), unsure=True).status == "judge_unparsed"
    two = told("cannot tell") + "\n" + told({"likert": "3", "yes-no": "yes", "pairwise": "A"}[scale])
    if form != "feedback-score":  # there what follows the last feedback counts
        assert parse(form, scale, two, unsure=True).status == "judge_unparsed"


@pytest.mark.parametrize(("scale", "verdict", "expected"), VALID)
def test_other_verdicts_of_a_judge_that_may_be_unsure(scale: Scale, verdict: str, expected: Verdict) -> None:
    for form, written in WRITTEN.items():
        shown = verdict if scale == "likert" or form != "json" else json.dumps(verdict)
        text = written.format(reasoning='"one cannot tell at first"', words="one cannot tell at first", verdict=shown)
        assert parse(form, scale, text, unsure=True) == expected
