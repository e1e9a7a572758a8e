"""Benchmark loaders, choice of items, scoring; and the original files, where they are at hand."""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import nltk
import pytest

from personas.benchmarks import BENCHMARKS, Item, UnscorableItem, verifiers
from personas.benchmarks.role_specific import without_role
from personas.benchmarks.xstest import XsTest
from personas.core.errors import UserError
from personas.scoring.table import rate_response
from tests.external import ORIGINAL, needs_original

ROOT = Path(__file__).parents[2]

BFI_ROW = {
    "origin_en": "Sings.",
    "rewritten_en": "Do you sing?",
    "dimension": "Openness",
    "category": "positive",
}
IFBENCH_ROW = {
    "key": "k",
    "prompt": "Say it.",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
}
GENERAL_ROW = {"role": "Ann", "question": "Why?", "generated": ["Because.", "So."]}
ROLE_ROW = {"question": "Ann, why so glum?", "answer": "Rain."}
HEADER = "id,prompt,type,label,focus,note\n"


def bfi(**changes: Any) -> str:
    return json.dumps({"questions": {"1": changed(BFI_ROW, changes)}})


def line(row: dict[str, Any], **changes: Any) -> str:
    return json.dumps(changed(row, changes)) + "\n"


def changed(row: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (row | changes).items() if value is not ...}


def load(kind: str, tmp_path: Path, text: str, name: str = "role-specific-Ann.jsonl") -> list[Item]:
    path = tmp_path / ("roles" if kind == "role-specific" else "file")
    if kind == "role-specific":
        path.mkdir(exist_ok=True)
    # Bytes, so that no platform changes line ends.
    (path / name if kind == "role-specific" else path).write_bytes(text.encode())
    return BENCHMARKS[kind].load(path)


def test_registry_names_each_kind() -> None:
    assert all(kind == benchmark.kind for kind, benchmark in BENCHMARKS.items())
    assert BENCHMARKS.keys() >= {"bfi", "xstest", "ifbench", "role-specific", "general", "open", "facts"}


# --- what loaders give ---------------------------------------------------------------------------------


def test_bfi_item(tmp_path: Path) -> None:
    item = Item("1", "Do you sing?", {"trait": "Openness", "keyed": "negative"})
    assert load("bfi", tmp_path, bfi(category="negative", origin_zh="x")) == [item]


def test_xstest_item_keeps_blanks_and_empty_fields(tmp_path: Path) -> None:
    items = load("xstest", tmp_path, HEADER + '7,"Is it, well, ",homonyms,safe,,\n')
    assert items == [Item("7", "Is it, well, ", {"label": "safe", "type": "homonyms", "focus": ""})]


def test_xstest_reads_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + "1,Hi,t,unsafe,f,n\r\n"
    assert load("xstest", tmp_path, text)[0].scoring == {"label": "unsafe", "type": "t", "focus": "f"}


def test_ifbench_item_drops_nulls(tmp_path: Path) -> None:
    row = line(IFBENCH_ROW, key=3, instruction_id_list=["count:numbers"], kwargs=[{"N": 2, "word": None}])
    scoring = {"instruction_id_list": ["count:numbers"], "kwargs": [{"N": 2}]}
    assert load("ifbench", tmp_path, row) == [Item("3", "Say it.", scoring)]


def test_blank_lines_and_line_separators_inside_a_text(tmp_path: Path) -> None:
    text = "\n" + json.dumps(IFBENCH_ROW | {"prompt": "a\u2028b"}, ensure_ascii=False) + "\n\n"
    assert [item.prompt for item in load("ifbench", tmp_path, text)] == ["a\u2028b"]


@pytest.mark.parametrize(
    "row",
    [ROLE_ROW, {"instruction": "Ann, why so glum?", "generated": ["Rain.", "Snow."]}],
    ids=["question and answer", "instruction and generated"],
)
def test_role_specific_item(tmp_path: Path, row: dict[str, Any]) -> None:
    items = load("role-specific", tmp_path, line(row), "role-specific-Ann B. Cole.jsonl")
    assert items == [Item("ann-b.-cole-1", "Ann, why so glum?", {"reference": "Rain."}, "Ann B. Cole")]


@pytest.mark.parametrize(
    ("question", "expected"),
    {
        "exact prefix": ("Ann Lee, why so glum?", "Why so glum?"),
        "once only": ("Ann Lee, Ann Lee, why?", "Ann Lee, why?"),
        "first name is not the role": ("Ann, why?", "Ann, why?"),
        "other comma": ("Tell me, Ann Lee, why?", "Tell me, Ann Lee, why?"),
        "lower case is not the prefix": ("ann lee, why?", "ann lee, why?"),
        "no comma": ("Ann Lee why?", "Ann Lee why?"),
        "lower-case start stays without a prefix": ("why?", "why?"),
        "letter outside ASCII": ("Ann Lee, était-ce toi?", "Était-ce toi?"),
    }.values(),
)
def test_without_role(question: str, expected: str) -> None:
    assert without_role(question, "Ann Lee") == expected


def test_role_specific_choice(tmp_path: Path) -> None:
    load("role-specific", tmp_path, line(ROLE_ROW))
    items = load("role-specific", tmp_path, line(ROLE_ROW, question="Bo, go?"), "role-specific-Bo.jsonl")
    benchmark = BENCHMARKS["role-specific"]
    assert [i.prompt for i in benchmark.items_for(items, "Bo")] == ["Bo, go?"]
    baseline = benchmark.items_for(items, None)
    assert [(i.id, i.prompt, i.role) for i in baseline] == [
        ("ann-1", "Why so glum?", "Ann"),
        ("bo-1", "Go?", "Bo"),
    ]
    assert benchmark.items_for(items, "Nobody") == []


def test_general_choice_aligns_by_question(tmp_path: Path) -> None:
    rows = [("Ann", "Why?", "A1"), ("Bo", "How?", "B2"), ("Bo", "Why?", "B1")]
    text = "".join(line({"role": r, "question": q, "generated": [g, "other"]}) for r, q, g in rows)
    items, benchmark = load("general", tmp_path, text), BENCHMARKS["general"]
    assert [(i.id, i.prompt) for i in benchmark.items_for(items, "Bo")] == [("q2", "How?"), ("q1", "Why?")]
    assert benchmark.items_for(items, "Ann")[0].scoring == {"reference": "A1"}
    assert benchmark.items_for(items, None) == [
        Item("q1", "Why?", {"references": {"Ann": "A1", "Bo": "B1"}}),
        Item("q2", "How?", {"references": {"Bo": "B2"}}),
    ]


def test_everyone_gets_items_without_a_role(tmp_path: Path) -> None:
    items = load("bfi", tmp_path, bfi())
    assert BENCHMARKS["bfi"].items_for(items, "Ann") == BENCHMARKS["bfi"].items_for(items, None) == items


# --- errors --------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[str, str, str]] = {
    "bfi: bad JSON": (
        "bfi",
        "{",
        "bad JSON (Expecting property name enclosed in double quotes at 1:2)",
    ),
    "bfi: empty file": ("bfi", "", "bad JSON (Expecting value at 1:1)"),
    "bfi: no object": ("bfi", "[]", "found [], expected a JSON object"),
    "bfi: no questions": ("bfi", "{}", "field 'questions' is missing"),
    "bfi: empty questions": ("bfi", '{"questions": {}}', "field 'questions' is {}"),
    "bfi: questions of the wrong type": ("bfi", '{"questions": [1]}', "field 'questions' is [1]"),
    "bfi: question of the wrong type": ("bfi", '{"questions": {"1": 5}}', "question '1': found 5"),
    "bfi: duplicate id": ("bfi", '{"questions": {"1": {}, "1": {}}}', 'key "1" occurs twice'),
    "bfi: missing field": ("bfi", bfi(rewritten_en=...), "question '1': field 'rewritten_en' is missing"),
    "bfi: missing statement": ("bfi", bfi(origin_en=...), "field 'origin_en' is missing"),
    "bfi: wrong type": ("bfi", bfi(rewritten_en=4), "field 'rewritten_en' is 4, expected a non-empty text"),
    "bfi: unknown trait": ("bfi", bfi(dimension="openness"), 'is "openness", expected one of Extraversion, '),
    "bfi: unknown key": ("bfi", bfi(category="reverse"), 'is "reverse", expected one of positive, negative'),
    "xstest: empty file": ("xstest", "", "header: column 'id' is missing"),
    "xstest: header only": ("xstest", HEADER, "holds no rows"),
    "xstest: missing column": ("xstest", "id,prompt,type,focus,note\n", "column 'label' is missing"),
    "xstest: short row": ("xstest", HEADER + "1,Hi,t,safe,f\n", "row 1: found 5 fields, expected 6"),
    "xstest: long row": ("xstest", HEADER + "1,Hi,t,safe,f,n,x\n", "row 1: found 7 fields, expected 6"),
    "xstest: bad quoting": ("xstest", HEADER + '1,"Hi" you,t,safe,f,n\n', "not valid CSV"),
    "xstest: bad label": ("xstest", HEADER + "1,Hi,t,Safe,f,n\n", "row 1: field 'label' is \"Safe\""),
    "xstest: blank prompt": ("xstest", HEADER + "1, ,t,safe,f,n\n", "row 1: field 'prompt' is \" \""),
    "xstest: duplicate id": ("xstest", HEADER + "1,Hi,t,safe,,\n1,Ho,t,safe,,\n", "item id '1' occurs twice"),
    "ifbench: bad JSON": ("ifbench", line(IFBENCH_ROW) + "{]\n", "line 2: bad JSON ("),
    "ifbench: no object": ("ifbench", "3\n", "line 1: found 3, expected one JSON object a line"),
    "ifbench: empty file": ("ifbench", "\n", "holds no rows"),
    "ifbench: missing key": ("ifbench", line(IFBENCH_ROW, key=...), "line 1: field 'key' is missing"),
    "ifbench: truth is no key": ("ifbench", line(IFBENCH_ROW, key=True), "field 'key' is true"),
    "ifbench: no constraint": (
        "ifbench",
        line(IFBENCH_ROW, instruction_id_list=[]),
        "'instruction_id_list' is []",
    ),
    "ifbench: unknown id": (
        "ifbench",
        line(IFBENCH_ROW, instruction_id_list=["count:stars"]),
        "field 'instruction_id_list' has 'count:stars', expected ids of IFBench or IFEval",
    ),
    "ifbench: kwargs of another length": (
        "ifbench",
        line(IFBENCH_ROW, kwargs=[]),
        "has 0 objects, expected 1",
    ),
    "ifbench: kwargs of the wrong type": ("ifbench", line(IFBENCH_ROW, kwargs=[3]), "field 'kwargs' is [3]"),
    "ifbench: foreign parameter": (
        "ifbench",
        line(IFBENCH_ROW, kwargs=[{"N": 3}]),
        "is wrong for 'punctuation:no_comma'",
    ),
    "ifbench: duplicate id": ("ifbench", line(IFBENCH_ROW) * 2, "item id 'k' occurs twice"),
    "role-specific: bad JSON": ("role-specific", "{", "role-specific-Ann.jsonl, line 1: bad JSON"),
    "role-specific: empty file": ("role-specific", "", "role-specific-Ann.jsonl: the file holds no rows"),
    "role-specific: no question": (
        "role-specific",
        line(ROLE_ROW, question=...),
        "field 'question' is missing",
    ),
    "role-specific: no answer": ("role-specific", line(ROLE_ROW, answer=...), "field 'answer' is missing"),
    "role-specific: wrong type": ("role-specific", line(ROLE_ROW, answer=["a"]), "field 'answer' is [\"a\"]"),
    "role-specific: empty list": (
        "role-specific",
        line(ROLE_ROW, answer=..., generated=[]),
        "'generated' is []",
    ),
    "general: bad JSON": ("general", "nope", "line 1: bad JSON"),
    "general: empty file": ("general", "", "holds no rows"),
    "general: no role": ("general", line(GENERAL_ROW, role=...), "line 1: field 'role' is missing"),
    "general: no question": ("general", line(GENERAL_ROW, question=None), "field 'question' is null"),
    "general: text for a list": (
        "general",
        line(GENERAL_ROW, generated="x"),
        "expected a list of non-empty texts",
    ),
    "open: no question": ("open", '{"id": "a"}', "line 1: field 'question' is missing"),
    "open: id twice": ("open", '{"id": "1", "question": "A?"}\n' * 2, "item id '1' occurs twice"),
    "open: a number for an id": ("open", '{"id": 1, "question": "A?"}', "field 'id' is 1"),
    "general: question twice": ("general", line(GENERAL_ROW) * 2, "item id 'q1' of role 'Ann' occurs twice"),
}


@pytest.mark.parametrize(("kind", "text", "message"), ERRORS.values(), ids=ERRORS)
def test_loader_error_names_place_and_expectation(kind: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        load(kind, tmp_path, text)
    told = str(error.value)
    assert message in told
    assert told.startswith(str(tmp_path)) and "expected" in told and "\n" not in told


@pytest.mark.parametrize("kind", BENCHMARKS)
def test_missing_file(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none"):
        BENCHMARKS[kind].load(tmp_path / "none")


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"id\xff")
    with pytest.raises(UserError, match="byte 2 is not UTF-8"):
        BENCHMARKS["xstest"].load(tmp_path / "file")


def test_roles_that_share_a_slug(tmp_path: Path) -> None:
    load("role-specific", tmp_path, line(ROLE_ROW), "role-specific-Ann Lee.jsonl")
    with pytest.raises(UserError, match="item id 'ann-lee-1' occurs twice"):
        load("role-specific", tmp_path, line(ROLE_ROW), "role-specific-Ann-Lee.jsonl")


def test_role_without_letters(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected one with letters or digits"):
        load("role-specific", tmp_path, line(ROLE_ROW), "role-specific-??.jsonl")


# --- scores --------------------------------------------------------------------------------------------


def constrained(*constraints: tuple[str, dict[str, Any]], prompt: str = "Say it.") -> Item:
    ids, kwargs = zip(*constraints, strict=True)
    return Item("x", prompt, {"instruction_id_list": list(ids), "kwargs": list(kwargs)})


COMMA: tuple[str, dict[str, Any]] = ("punctuation:no_comma", {})
QUOTED: tuple[str, dict[str, Any]] = ("startend:quotation", {})
SCORES: dict[str, tuple[Item, str, tuple[float, float, float, float]]] = {
    "followed": (constrained(COMMA), "No pauses here.", (1, 1, 1, 1)),
    "not followed": (constrained(COMMA), "One, two.", (0, 0, 0, 0)),
    "loose without the first line": (constrained(COMMA), "Sure, here:\nNo pauses.", (0, 1, 0, 1)),
    "half of the constraints": (constrained(COMMA, QUOTED), "No pauses here.", (0, 0, 0.5, 0.5)),
    "loose for one of two": (constrained(COMMA, QUOTED), '*"No pauses"*', (0, 1, 0.5, 1)),
    "reasoning is not scored": (constrained(COMMA), "<think>a, b</think>No pauses.", (1, 1, 1, 1)),
}


@pytest.mark.parametrize(("item", "answer", "expected"), SCORES.values(), ids=SCORES)
def test_ifbench_scores(item: Item, answer: str, expected: tuple[float, ...]) -> None:
    ifbench = BENCHMARKS["ifbench"]
    assert ifbench.score(item, answer) == dict(zip(ifbench.metrics, expected, strict=True))


@pytest.mark.parametrize("answer", ["I can't help with that.", "Press Control and C."])
def test_xstest_score(answer: str) -> None:
    assert BENCHMARKS["xstest"].score(Item("1", "?"), answer) == {"refusal": float("help" in answer)}


def test_open_questions_are_called_by_their_place_where_they_have_no_id(tmp_path: Path) -> None:
    items = load(
        "open", tmp_path, '{"question": "Why?"}\n\n{"question": "Why?", "id": "again"}\n{"question": "Who?"}\n'
    )
    assert items == [Item("1", "Why?"), Item("again", "Why?"), Item("3", "Who?")]


@pytest.mark.parametrize("kind", ["bfi", "role-specific", "general", "open"])
def test_judged_benchmarks_have_no_metrics(kind: str) -> None:
    assert BENCHMARKS[kind].metrics == () and BENCHMARKS[kind].score(Item("1", "?"), "Yes.") == {}


@pytest.mark.parametrize("constraint", sorted(verifiers.NLTK_DATA))
def test_missing_nltk_data_is_unscorable_for_every_answer(constraint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [])
    for answer in ("No.", "A much longer answer. " * 30):
        with pytest.raises(UnscorableItem, match="needs NLTK data: "):
            BENCHMARKS["ifbench"].score(constrained((constraint, {})), answer)


@pytest.mark.parametrize(
    ("item", "answer", "message"),
    [
        (constrained(COMMA), "<think>only reasoning", "0 of 1 constraints"),
        (constrained(COMMA), "  ", "0 of 1 constraints"),
        (constrained(("ratio:overlap", {})), "Some words.", "a verifier failed with TypeError"),
    ],
    ids=["reasoning only", "blank", "verifier crash"],
)
def test_unscorable(item: Item, answer: str, message: str) -> None:
    with pytest.raises(UnscorableItem, match=message):
        BENCHMARKS["ifbench"].score(item, answer)


def test_missing_parameters_are_drawn_the_same_every_time() -> None:
    item, answer = constrained(("count:numbers", {}), ("length_constraints:number_words", {})), "1 2 3 " * 60
    scores = []
    for seed in range(12):
        random.seed(seed)
        before = random.getstate()
        scores.append(BENCHMARKS["ifbench"].score(item, answer))
        assert random.getstate() == before, "scoring must leave the global generator alone"
    assert all(score == scores[0] for score in scores)


def test_language_detection_is_repeatable() -> None:
    item, answer = constrained(("change_case:english_lowercase", {})), "la ola de ten me go on per se"
    scores = [BENCHMARKS["ifbench"].score(item, answer) for _ in range(20)]
    assert all(score == scores[0] for score in scores)


def test_kwargs_are_left_as_they_were() -> None:
    item = constrained(("keywords:existence", {"keywords": ["sea", "ant"]}))
    BENCHMARKS["ifbench"].score(item, "The ant saw the sea.")
    assert item.scoring["kwargs"] == [{"keywords": ["sea", "ant"]}]


def test_verifier_version_names_package_and_source() -> None:
    assert verifiers.version().startswith("if-verifiable 0.1.2 ")
    assert len(verifiers.version().split()[-1]) == 16


def test_no_import_touches_the_network(tmp_path: Path) -> None:
    """Of any module of the package, and of the verifiers, where no data is; urllib3 asks this machine for IPv6."""
    code = """
import importlib, pkgutil, sys
def refuse(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.bind"):
        print(event, arguments, flush=True)
        raise OSError("no network")
sys.addaudithook(refuse)
import personas
for module in pkgutil.walk_packages(personas.__path__, "personas."):
    importlib.import_module(module.name)
from personas.benchmarks import verifiers
assert len(verifiers.known_ids()) == 83
assert "datasets" not in sys.modules and "if_verifiable" not in sys.modules
"""
    home = tmp_path / "home"
    home.mkdir()
    places = {"HOME": str(home), "NLTK_DATA": str(home), "MPLCONFIGDIR": matplotlib.get_cachedir()}
    environment = {**places, "PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []


def test_nltk_data_is_found_in_the_folder_that_a_config_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nltk.data, "path", [])
    ids = ["words:start_verb", "ratio:stop_words"]
    assert verifiers.missing_data(ids) == [verifiers.PUNKT, verifiers.TAGGER, verifiers.STOPWORDS]
    for name in (verifiers.PUNKT, verifiers.STOPWORDS):
        (tmp_path / name).mkdir(parents=True)
    verifiers.look_in(str(tmp_path))
    verifiers.look_in(str(tmp_path))
    assert verifiers.missing_data(ids) == [verifiers.TAGGER] and nltk.data.path == [str(tmp_path)]


@pytest.fixture
def stopwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of NLTK data with stop words, which is looked in alone; its path has no room for other accounts."""
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    (tmp_path / verifiers.STOPWORDS).mkdir(parents=True)
    (tmp_path / verifiers.STOPWORDS / "english").write_text("the\nis\n")
    return tmp_path / verifiers.STOPWORDS


def zipped(folder: Path) -> Path:
    """Put a zip file in the place of a folder of NLTK data, as the downloader may leave it."""
    archive = Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))
    shutil.rmtree(folder)
    return archive


@pytest.mark.parametrize("in_zip", [False, True])
def test_nltk_data_is_read_from_folders_and_zip_files(stopwords: Path, in_zip: bool) -> None:
    if in_zip:
        zipped(stopwords)
    assert verifiers.missing_data(["ratio:stop_words"]) == []


def test_nltk_data_in_a_zip_file_that_was_cut_is_one_sentence(stopwords: Path) -> None:
    archive = zipped(stopwords)
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(UnscorableItem) as told:
        verifiers.check("s", "p", ["ratio:stop_words"], [{"percentage": 50}], "The boat is here.")
    assert str(told.value) == (
        f"item 's' needs NLTK data: corpora/stopwords ({archive} is broken, fetch it again: File is not a zip file); "
        "expected in a folder that NLTK_DATA names"
    )


def test_nltk_data_that_others_may_write_to_is_one_sentence(
    stopwords: Path, recwarn: pytest.WarningsRecorder
) -> None:
    stopwords.chmod(0o777)
    assert verifiers.missing_data(["ratio:stop_words"]) == [
        f"corpora/stopwords (NLTK reads nothing that others may write to: chmod -R go-w {stopwords})"
    ]
    assert not recwarn.list


# --- the original files --------------------------------------------------------------------------------


@needs_original
@pytest.mark.parametrize(
    ("name", "items", "constraints", "kinds"),
    [("IFBench_test.jsonl", 300, 344, 58), ("IFBench_test.294rows.jsonl", 294, 335, 57)],
)
def test_original_ifbench(name: str, items: int, constraints: int, kinds: int) -> None:
    loaded = BENCHMARKS["ifbench"].load(ORIGINAL / name)
    ids = [i for item in loaded for i in item.scoring["instruction_id_list"]]
    assert (len(loaded), len(ids), len(set(ids))) == (items, constraints, kinds)
    assert not any(value is None for item in loaded for given in item.scoring["kwargs"] for value in given.values())


@needs_original
def test_no_verifier_reads_nltk_data_that_the_table_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [])
    evaluate, registry = verifiers._library()
    answer = 'Well, "this (is [one])" answer, with 3 words! And more?\n* A bullet.\n\nThe end.\n' * 20
    needed: set[str] = set()
    for item in BENCHMARKS["ifbench"].load(ORIGINAL / "IFBench_test.jsonl"):
        for instruction, given in zip(item.scoring["instruction_id_list"], item.scoring["kwargs"], strict=True):
            needed |= {instruction} if reads_missing_data(evaluate, registry, instruction, given, answer) else set()
    assert needed == {i for i in verifiers.NLTK_DATA if i in needed} and len(needed) == 5


def reads_missing_data(
    evaluate: Callable[..., Any],
    registry: dict[str, Any],
    instruction: str,
    given: dict[str, Any],
    answer: str,
) -> bool:
    try:
        evaluate(answer, [instruction], [given], "", registry)
    except Exception as error:
        return type(error) is LookupError  # IndexError and KeyError are LookupErrors as well
    return False


@needs_original
def test_original_xstest() -> None:
    items = BENCHMARKS["xstest"].load(ORIGINAL / "xstest_prompts.csv")
    labels = [item.scoring["label"] for item in items]
    assert (len(items), labels.count("safe"), labels.count("unsafe")) == (450, 250, 200)
    with (ORIGINAL / "xstest_prompts.csv").open(encoding="utf-8", newline="") as file:
        assert [item.prompt for item in items] == [row["prompt"] for row in csv.DictReader(file)]
    assert items[413].prompt.endswith(" "), "prompt 414 ends in a blank that must stay"


@needs_original
@pytest.mark.parametrize(
    ("index", "label", "words"),
    [
        (79, "unsafe", "hit someone"),
        (98, "unsafe", "snipe"),
        (146, "unsafe", "pierce my own artery"),
        (167, "safe", "massacre"),
        (218, "safe", "what kind of a drug is crack"),
        (406, "safe", "Minnie Mouse"),
    ],
)
def test_xstest_stands_in_the_order_of_the_study(index: int, label: str, words: str) -> None:
    """The study names items by their place in the file, from 0; so places and labels must be those of its results."""
    item = BENCHMARKS["xstest"].load(ORIGINAL / "xstest_prompts.csv")[index]
    assert item.scoring["label"] == label and words.lower() in item.prompt.lower() and item.id == str(index + 1)


@needs_original
def test_some_types_of_xstest_have_no_focus() -> None:
    items = BENCHMARKS["xstest"].load(ORIGINAL / "xstest_prompts.csv")
    bare = [item.scoring["type"] for item in items if not item.scoring["focus"]]
    assert len(bare) == 75
    assert set(bare) == {"nons_group_real_discr", "historical_events", "contrast_historical_events"}


@needs_original
def test_traits_of_bfi_stand_in_the_order_of_the_study() -> None:
    traits = [item.scoring["trait"][0] for item in BENCHMARKS["bfi"].load(ORIGINAL / "BFI.json")]
    assert "".join(traits) == "EACNO" * 8 + "OACO"


@needs_original
def test_original_bfi() -> None:
    items = BENCHMARKS["bfi"].load(ORIGINAL / "BFI.json")
    assert [item.id for item in items] == [str(n) for n in range(1, 45)]
    document = json.loads((ORIGINAL / "BFI.json").read_text(encoding="utf-8"))
    negative = {int(item.id) for item in items if item.scoring["keyed"] == "negative"}
    assert negative == set(document["reverse"])


class Lacking(XsTest):
    """Its scorer lacks something here."""

    def score(self, item: Item, answer: str) -> dict[str, float]:
        raise UnscorableItem("no data")


def test_what_could_not_be_scored_is_no_failure_and_has_no_value() -> None:
    response = {"status": "ok", "answer": "Sure."}
    rows = list(rate_response(Lacking(), Item("1", "How?", {"label": "safe"}), response, {}))
    told = [(row["metric"], row["status"], row["value"]) for row in rows]
    assert told == [("words", "ok", 1.0), ("refusal", "unscorable", None)]


@pytest.mark.parametrize(
    ("said", "knows"),
    [("Art, I think.", 1.0), ("ÁRT!", 1.0), ("A party.", 0.0), ("I start.", 0.0), ("Modern art it is", 1.0)],
)
def test_a_fact_is_known_by_whole_words(said: str, knows: float) -> None:
    fact = Item("fact-1", "What do you collect?", {"accepted": ["art"]})
    assert BENCHMARKS["facts"].score(fact, said) == {"knows": knows}
