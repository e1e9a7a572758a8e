"""Labels that people gave: one's own CSV, the study's samples, XSTest's completions; mistakes in one sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from personas.benchmarks.human import Label, read_labels
from personas.config.analysis.calibration import Labels
from personas.config.reading.loader import validate
from personas.core.canonical import text_hash
from personas.core.errors import UserError

ROLES = ["HAL 9000", "Blair Waldorf"]
SHA = "a" * 64
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*lines: str, name: str = "labels.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return written


def own(path: Path, metric: str = "style", **more: object) -> list[Label]:
    return read_labels(validate(Labels, {"file": "f", "metric": metric, **more}, "c"), [path], ROLES)


def published(path: Path, kind: str) -> list[Label]:
    return read_labels(validate(Labels, {"file": "f", "format": kind}, "c"), [path], ROLES)


def test_own_labels(write: Write) -> None:
    path = write("unit,label,annotator,remark", "u1,5,ann,", "u1,4,ben,why", "u2, 3 ,ann,", "u3,,ann,not yet")
    assert [(label.rater, label.value, label.keys) for label in own(path)] == [
        ("human:ann", 5.0, {"unit": "u1"}),
        ("human:ben", 4.0, {"unit": "u1"}),
        ("human:ann", 3.0, {"unit": "u2"}),
    ]


def test_columns_by_other_names_and_keys_of_the_grid(write: Write) -> None:
    path = write("which model,Rating,persona,round", "alpha,2,keeper,7")
    [label] = own(path, columns={"model": "which model", "label": "Rating"})
    assert label.rater == "human" and label.keys == {"model": "alpha", "persona": "keeper", "round": "7"}


@pytest.mark.parametrize(
    ("label", "first", "value"),
    [
        pytest.param("A", SHA, 1.0, id="A is the answer"),
        pytest.param("b", SHA, 0.0, id="B is the reference"),
        pytest.param("A", "b" * 64, 0.0, id="A is the reference"),
        pytest.param("answer", "", 1.0, id="in words"),
    ],
)
def test_who_won(write: Write, label: str, first: str, value: float) -> None:
    path = write("judged_sha256,a_sha256,label", f"{SHA},{first},{label}")
    assert [found.value for found in own(path, "win")] == [value]


@pytest.mark.parametrize("said", ["yes", "No", "1", "0"])
def test_refusals(write: Write, said: str) -> None:
    assert own(write("unit,label", f"u,{said}"), "refusal")[0].value == (said in ("yes", "1"))


@pytest.mark.parametrize(
    ("lines", "metric", "sentence"),
    [
        pytest.param(
            ["unit,label", "u,5", "v,6"], "style", "row 2: field 'label' is \"6\", expected one of 1, 2", id="scale"
        ),
        pytest.param(["unit,label", "u,4.5"], "style", "row 1: field 'label' is \"4.5\"", id="no whole number"),
        pytest.param(["unit,rating", "u,5"], "style", "header: column 'label' is missing", id="no label"),
        pytest.param(["label", "5"], "style", "no column says which text a label is of", id="no key"),
        pytest.param(["unit,label", ",5"], "style", "row 1: nothing says which text", id="key blank"),
        pytest.param(["unit,label", "u,"], "style", "column 'label' is blank in every row", id="nothing labelled"),
        pytest.param(["unit,label", "u,5", "u,4"], "style", "row 2: human labels the same text as in", id="twice"),
        pytest.param(["unit,label", "u,5,9"], "style", "row 1: found 3 fields, expected 2", id="fields"),
        pytest.param(["judged_sha256,label", "abc,5"], "style", "expected 64 hex digits", id="hash"),
        pytest.param(["model,round,label", "m,x,5"], "style", "field 'round' is \"x\", expected a whole", id="round"),
        pytest.param(
            ["unit,label", "u,A"], "win", "field 'label' is \"A\", expected one of answer, reference", id="A of what"
        ),
    ],
)
def test_mistakes_in_own_labels(write: Write, lines: list[str], metric: str, sentence: str) -> None:
    path = write(*lines)
    with pytest.raises(UserError) as raised:
        own(path, metric)
    assert str(path) in str(raised.value) and sentence in str(raised.value)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        pytest.param({"file": "f"}, "metric: missing", id="no metric"),
        pytest.param({"file": "f", "format": "study", "metric": "style"}, "format csv only", id="metric of a format"),
        pytest.param({"file": "f", "metric": "style", "columns": {"x": "y"}}, "found 'x'", id="unknown column"),
    ],
)
def test_mistakes_in_the_section(raw: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        validate(Labels, raw, "c")


def test_the_studys_dialogue_sample(write: Write) -> None:
    path = write(
        "metric,role,idx,input,output,Rating,Justification",
        "in_character,interview_HAL_9000_shuffle.json.csv,0,\"{'role': 'user', 'content': 'Hi'}\","
        "\"{'role': 'assistant', 'content': 'I\\'m HAL.\\nYes.'}\",5,",
        "style,interview_Gaston.json.csv,3,x,y,2,of a persona that does not take part",
    )
    [label] = published(path, "study")
    assert (label.metric, label.value) == ("in-character", 5.0)
    said = text_hash("I'm HAL.\nYes.")
    assert label.keys == {"persona": "hal-9000", "order": "shuffled", "round": "1", "judged_sha256": said}


def test_the_studys_samples_of_items(write: Write) -> None:
    bfi = write("role,idx,input,output,Rating", "bfi_HAL_9000_102.json.csv,4,Q,Said.,2", name="bfi.csv")
    [label] = published(bfi, "study")
    keys = {"persona": "hal-9000", "checkpoint": "102", "judged_sha256": text_hash("Said.")}
    assert (label.metric, label.value, label.keys) == ("trait", 2.0, keys)
    xstest = write("role,idx,input,output,Rating", "xstest_Blair_Waldorf_0.json.csv,9,Q,No.,Yes", name="xs.csv")
    assert [(found.metric, found.value) for found in published(xstest, "study")] == [("refusal", 1.0)]


@pytest.mark.parametrize(
    ("index", "rating", "value", "answer"),
    [
        pytest.param(9, "A", 1.0, "one", id="odd: A is the answer"),
        pytest.param(9, "B", 0.0, "one", id="odd: B is the reference"),
        pytest.param(8, "A", 0.0, "two", id="even: A is the reference"),
        pytest.param(8, "B", 1.0, "two", id="even: B is the answer"),
    ],
)
def test_the_studys_comparisons(write: Write, index: int, rating: str, value: float, answer: str) -> None:
    name = "instruction_role_specific_HAL_9000_45.json.csv"
    path = write("role,idx,input,responseA,responseB,Rating", f"{name},{index},Q,one,two,{rating}")
    [label] = published(path, "study")
    assert (label.metric, label.value, label.keys["judged_sha256"]) == ("win", value, text_hash(answer))
    assert (label.keys["checkpoint"], label.keys["reference"]) == ("45", "dataset")


@pytest.mark.parametrize("role", ["Gaston", "bfi_Gaston.json.csv", "essay_Gaston_3.json.csv"])
def test_a_name_that_the_study_does_not_give(write: Write, role: str) -> None:
    path = write("role,idx,input,output,Rating", f"{role},1,Q,A,3")
    with pytest.raises(UserError, match=r"row 1: field 'role' is"):
        published(path, "study")


XSTEST = "id,type,prompt,completion,annotation_1,annotation_2,agreement,final_label"
YES, NO, PARTLY = "2_full_refusal", "1_full_compliance", "3_partial_refusal"


def test_xstest_completions(write: Write) -> None:
    path = write(
        f"{XSTEST},gpt4_label",
        f"v2-1,homonyms,Q,Sure.,{NO},{PARTLY},False,{NO},{NO}",
        f"v2-2,homonyms,Q,I can't help.,{YES},{YES},True,{YES},I cannot classify that.",
        name="xstest_v2_completions_llama2new_gpteval.csv",
    )
    labels = published(path, "xstest-completions")
    assert {label.model for label in labels} == {"llama2new"} and {label.metric for label in labels} == {"refusal"}
    told = {(label.unit, label.rater): label.value for label in labels}
    assert told["llama2new/v2-1", "human"] == 0 and told["llama2new/v2-1", "human:2"] == 1
    assert told["llama2new/v2-1", "gpt4"] == 0 and ("llama2new/v2-2", "gpt4") not in told, "the grader refused"


def test_mistakes_in_xstest_completions(write: Write) -> None:
    with pytest.raises(UserError, match="which names the model"):
        published(write(XSTEST, "1,t,Q,A,x,x,x,x", name="other.csv"), "xstest-completions")
    path = write(XSTEST, f"1,t,Q,A,{YES},{YES},True,perhaps", name="xstest_v2_completions_m.csv")
    with pytest.raises(UserError, match=r"row 1: field 'final_label' is \"perhaps\", expected one of 1_full"):
        published(path, "xstest-completions")


CONDITIONS = {"interview": "talks", "instructions": "tasks"}


@pytest.mark.parametrize(
    ("role", "condition"),
    [
        ("bfi_HAL_9000_0.json.csv", "talks"),
        ("inst-bfi_HAL_9000_0.json.csv", "tasks"),
        ("xstest_HAL_9000_0.json.csv", "talks"),
        ("inst-xstest_HAL_9000_0.json.csv", "tasks"),
    ],
)
def test_the_studys_samples_name_their_condition(write: Write, role: str, condition: str) -> None:
    rating = "Yes" if "xstest" in role else "3"
    path = write("role,idx,input,output,Rating", f"{role},4,Q,Said.,{rating}")
    section = validate(Labels, {"file": "f", "format": "study"}, "c")
    [label] = read_labels(section, [path], ROLES, CONDITIONS)
    assert (label.keys["condition"], label.keys["checkpoint"]) == (condition, "0")
    [elsewhere] = read_labels(section, [path], ROLES, {})
    assert elsewhere.keys["condition"] in CONDITIONS  # a name that no condition of the grid has


@pytest.mark.parametrize(("start", "condition"), [("interview", "talks"), ("instructions", "tasks")])
def test_the_studys_dialogues_name_their_condition(write: Write, start: str, condition: str) -> None:
    path = write("metric,role,idx,input,output,Rating", f"style,{start}_HAL_9000.json.csv,0,x,y,5")
    section = validate(Labels, {"file": "f", "format": "study"}, "c")
    [label] = read_labels(section, [path], ROLES, CONDITIONS)
    assert label.keys["condition"] == condition
