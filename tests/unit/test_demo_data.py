"""The demo's own texts: complete, well-formed, scorable, and nobody else's."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from personas.benchmarks import BENCHMARKS, Item, verifiers
from personas.benchmarks.bfi import TRAITS
from personas.cli.init import STUDIES

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"
PERSONAS = sorted((ROOT / "config" / "personas").glob("*.yaml"))
ORIGINAL = Path(os.environ.get("PERSONAS_ORIGINAL_DATA") or ROOT / ".." / "shared" / "data" / "original")
FILES = {
    "bfi": "bfi.json",
    "xstest": "xstest.csv",
    "ifbench": "ifbench.jsonl",
    "role-specific": "role-specific",
    "general": "general.jsonl",
}
STUDY = {"xstest": "safety.csv", "ifbench": "instructions.jsonl"}
"""Items of the studies that `personas init` writes."""
ROLES = ("Maren Holt", "Otto Brindle")


def items(kind: str) -> list[Item]:
    return BENCHMARKS[kind].load(DEMO / FILES[kind])


def document(name: str) -> dict[str, Any]:
    data = json.loads((DEMO / name).read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize(
    ("kind", "everything", "persona", "baseline"),
    [
        ("bfi", 10, 10, 10),
        ("xstest", 12, 12, 12),
        ("ifbench", 10, 10, 10),
        ("role-specific", 8, 4, 8),
        ("general", 8, 4, 4),
    ],
)
def test_item_counts(kind: str, everything: int, persona: int, baseline: int) -> None:
    loaded, benchmark = items(kind), BENCHMARKS[kind]
    assert len(loaded) == everything
    assert [len(benchmark.items_for(loaded, role)) for role in ROLES] == [persona] * 2
    asked = benchmark.items_for(loaded, None)
    assert len(asked) == len({item.id for item in asked}) == baseline


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.stem)
def test_persona(path: Path) -> None:
    persona = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(persona) == {"role", "name", "description"} and persona["role"] in ROLES
    assert persona["description"].startswith(f"You are {persona['role']}, ")
    assert 40 <= len(persona["description"].split()) <= 60


def test_two_personas() -> None:
    assert [path.stem for path in PERSONAS] == ["lighthouse-keeper", "pastry-chef"]


def test_every_role_specific_question_names_its_role() -> None:
    assert all(item.prompt.startswith(f"{item.role}, ") for item in items("role-specific"))
    asked = BENCHMARKS["role-specific"].items_for(items("role-specific"), None)
    assert all(item.prompt[0].isupper() and str(item.role) not in item.prompt for item in asked)


def test_general_has_every_role_for_every_question() -> None:
    asked = BENCHMARKS["general"].items_for(items("general"), None)
    assert all(set(item.scoring["references"]) == set(ROLES) for item in asked)


def test_bfi_starts_with_one_item_a_trait_and_has_both_keys() -> None:
    loaded = items("bfi")
    assert {item.scoring["trait"] for item in loaded[:5]} == set(TRAITS)
    for trait in TRAITS:
        keyed = sorted(item.scoring["keyed"] for item in loaded if item.scoring["trait"] == trait)
        assert keyed == ["negative", "positive"]


def test_xstest_alternates_and_pairs_types() -> None:
    loaded = [item.scoring for item in items("xstest")]
    assert [row["label"] for row in loaded] == ["safe", "unsafe"] * 6
    for safe, unsafe in zip(loaded[::2], loaded[1::2], strict=True):
        assert unsafe["type"] == f"contrast_{safe['type']}"


@pytest.mark.parametrize(("name", "least"), [("interview.json", 12), ("instructions.json", 14)])
def test_user_turns_are_many_short_and_distinct(name: str, least: int) -> None:
    questions = document(name)["questions"]
    assert len(questions) == len(set(questions)) >= least
    assert all(len(question.split()) <= 15 for question in questions)


@pytest.mark.parametrize("remark", ["introductory_remark", "concluding_remark"])
def test_remarks_take_the_role(remark: str) -> None:
    text = document("interview.json")[remark]
    assert text.count("{role}") == 1 and len(text.split()) <= 15


# key: an answer that follows the constraints, one that does not
ANSWERS = {
    "0": ("Welcome! I live next door, so knock whenever you like.", "Hello."),
    "1": ("The sea is a grey and restless field.", "The sea is grey, cold and restless."),
    "2": ("Yes.", "Yes, botanically it is a fruit."),
    "3": ("A lantern and good shoes.", "A torch and good shoes."),
    "4": ("Bread is warm and fills the house with its smell.", "Bread is made of flour and water."),
    "5": ('"Good night, and sleep well."', "Good night, and sleep well."),
    "6": ("We open at 9 and close at 17.", "We open at nine and close at 17."),
    "7": ("May the road be kind. Safe travels.", "Safe travels, and write to me!"),
    "8": (
        "You can bake a small plum cake.",
        "You can bake bread, cake, biscuits and small buns with plums or apples.",
    ),
    "9": ("It taps the window and it smells good, so people rest.", "It taps on the window."),
}


@pytest.mark.parametrize("item", items("ifbench"), ids=lambda item: item.id)
def test_ifbench_answers(item: Item) -> None:
    followed, broken = ANSWERS[item.id]
    metrics = BENCHMARKS["ifbench"].metrics
    assert BENCHMARKS["ifbench"].score(item, followed) == dict.fromkeys(metrics, 1.0)
    scores = BENCHMARKS["ifbench"].score(item, broken)
    assert (scores["strict"], scores["loose"]) == (0.0, 0.0)
    assert scores == BENCHMARKS["ifbench"].score(item, broken)


@pytest.mark.parametrize("item", items("ifbench"), ids=lambda item: item.id)
def test_ifbench_needs_no_nltk_data_and_few_words(item: Item) -> None:
    assert not any(verifiers.NLTK_DATA.get(i) for i in item.scoring["instruction_id_list"])
    assert len(ANSWERS[item.id][0].split()) <= 16, "a passing answer should fit in 24 tokens"


@pytest.mark.skipif(not ORIGINAL.is_dir(), reason="no original benchmark files here to compare with")
@pytest.mark.parametrize(
    ("kind", "name"),
    [("bfi", "BFI.json"), ("xstest", "xstest_prompts.csv"), ("ifbench", "IFBench_test.jsonl")],
)
def test_no_text_is_an_original(kind: str, name: str) -> None:
    originals = {item.prompt.strip().lower() for item in BENCHMARKS[kind].load(ORIGINAL / name)}
    ours = [*items(kind), *(BENCHMARKS[kind].load(STUDIES / "shared/items" / STUDY[kind]) if kind in STUDY else ())]
    assert not originals & {item.prompt.strip().lower() for item in ours}
