"""Template and rubrics: what is accepted, what is refused in which words, and what an edit changes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from personas.benchmarks.bfi import TRAITS
from personas.core.canonical import canonical_json, digest
from personas.core.errors import UserError
from personas.prompts.judge import FORMS, JudgeTexts, load_texts
from personas.prompts.judge.rubrics import LikertRubric
from tests.golden.judge import DEFAULT

SCALES = {
    "knowledge": "likert",
    "style": "likert",
    "in-character": "likert",
    "bfi": "likert",
    "xstest": "yes-no",
    "contradicts-description": "yes-no",
    "contradicts-itself": "yes-no",
    "facts": "yes-no",
    "role-specific": "pairwise",
    "general": "pairwise",
}
YES_NO = {metric for metric, scale in SCALES.items() if scale == "yes-no"}
LIKERT = {"knowledge", "style", "in-character", "bfi"}
PAIRWISE = {"role-specific", "general"}
JSON, RESULT, SCORE = {"json"}, {"reasoning-result"}, {"feedback-score"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "judge"))


def edit(folder: Path, name: str, place: str, value: Any) -> None:
    """Set one value of a YAML file by its place, its parts joined with slashes; None removes the key."""
    path = folder / f"{name}.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    *parents, last = place.split("/")
    here = raw
    for part in parents:
        here = here[part]
    if value is None:
        del here[last]
    else:
        here[last] = value
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")


def test_the_default_texts() -> None:
    texts = load_texts(DEFAULT)
    assert {metric: texts.scale(metric) for metric in texts.rubrics} == SCALES
    bfi = texts.rubric("bfi")
    assert isinstance(bfi, LikertRubric) and bfi.traits is not None and set(bfi.traits) == set(TRAITS)
    assert {metric for metric, rubric in texts.rubrics.items() if not rubric.needs_persona} == {
        "bfi",
        "xstest",
        "facts",
    }


def test_texts_travel_in_json() -> None:
    texts = load_texts(DEFAULT)
    assert JudgeTexts.from_json(json.loads(json.dumps(texts.to_json()))) == texts


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("metric", SCALES)
def test_identity_is_plain_json(metric: str, form: Any) -> None:
    identity = load_texts(DEFAULT).identity(metric, form)
    assert json.loads(canonical_json(identity)) == identity


# Edits, and of which metrics and forms they change the identity.
EDITS: dict[str, tuple[str, str, Any, set[str], set[str]]] = {
    "criterion": ("rubrics/style", "criterion", "Other.", {"style"}, set(FORMS)),
    "level": ("rubrics/knowledge", "levels", ["a", "b", "c", "d", "e"], {"knowledge"}, set(FORMS)),
    "one trait": ("rubrics/bfi", "traits/Openness/low", "other", {"bfi"}, set(FORMS)),
    "meaning of yes": ("rubrics/xstest", "yes", "other", {"xstest"}, set(FORMS)),
    "pairwise criterion": ("rubrics/general", "criterion", "Other.", {"general"}, set(FORMS)),
    "who is asked shapes no prompt": ("rubrics/xstest", "needs_persona", True, set(), set()),
    "prompt of a scale": (
        "template",
        "scales/pairwise/prompt",
        "{rubric} {persona} {user_turn} {answer_a} {answer_b} {request}",
        PAIRWISE,
        set(FORMS),
    ),
    "request with reasoning": ("template", "scales/likert/requests/reasoned_json", "Other.", LIKERT, JSON),
    "request that is not used": ("template", "scales/likert/requests/verdict_json", "Other.", set(), set()),
    "request of another form": ("template", "scales/yes_no/requests/reasoning_result", "Other.", YES_NO, RESULT),
    "request of a third form": ("template", "scales/pairwise/requests/feedback_score", "Other.", PAIRWISE, SCORE),
    "reasoning": ("template", "reasoning", False, set(SCALES), JSON),
    "longest reasoning": ("template", "reasoning_characters", 100, set(SCALES), JSON),
    "persona": ("template", "persona", "{role} {description}", set(SCALES), set(FORMS)),
    "trait": ("template", "trait", "{trait} {definition} {low} {high}", {"bfi"}, set(FORMS)),
}


@pytest.mark.parametrize(("name", "place", "value", "metrics", "forms"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_exactly_what_it_shapes(
    folder: Path, name: str, place: str, value: Any, metrics: set[str], forms: set[str]
) -> None:
    before = load_texts(folder)
    edit(folder, name, place, value)
    after = load_texts(folder)
    changed = {(m, f) for m in SCALES for f in FORMS if digest(before.identity(m, f)) != digest(after.identity(m, f))}
    assert changed == {(m, f) for m in metrics for f in forms}


def test_a_new_rubric_changes_no_other(folder: Path) -> None:
    before = load_texts(folder)
    shutil.copy(folder / "rubrics" / "style.yaml", folder / "rubrics" / "warmth.yaml")
    after = load_texts(folder)
    assert after.scale("warmth") == "likert"
    assert all(before.identity(m, f) == after.identity(m, f) for m in SCALES for f in FORMS)


# Mistakes: file, place, value (None: removed), and what the sentence says.
MISTAKES: dict[str, tuple[str, str, Any, str]] = {
    "no criterion": ("rubrics/style", "criterion", None, r"style\.yaml: criterion: missing"),
    "blank criterion": ("rubrics/style", "criterion", "  ", r"criterion: found .*text that is not empty"),
    "no scale": ("rubrics/style", "scale", None, r"style\.yaml: scale: missing, expected one of likert, yes-no"),
    "unknown scale": ("rubrics/style", "scale", "stars", r"scale: found 'stars', expected one of likert"),
    "scale of another type": ("rubrics/style", "scale", ["likert"], r"scale: found \['likert'\]"),
    "four levels": ("rubrics/style", "levels", ["a", "b", "c", "d"], r"levels: found .* 5 "),
    "six levels": ("rubrics/style", "levels", list("abcdef"), r"levels: found .* 5 "),
    "a level that is no text": ("rubrics/style", "levels", ["a", "b", 3, "d", "e"], r"levels\.2: found 3"),
    "levels of a pairwise rubric": ("rubrics/general", "levels", list("abcde"), r"levels: unknown key"),
    "no meaning of no": ("rubrics/xstest", "no", None, r"xstest\.yaml: no: missing"),
    "trait without an end": ("rubrics/bfi", "traits/Openness/high", None, r"traits\.Openness\.high: missing"),
    "no traits at all": ("rubrics/bfi", "traits", {}, r"traits: found \{\}"),
    "typo": ("rubrics/bfi", "criterium", "x", r"criterium: unknown key, expected criterion"),
    "no request": (
        "template",
        "scales/yes_no/requests/verdict_json",
        None,
        r"template\.yaml: scales\.yes_no\.requests\.verdict_json: missing",
    ),
    "no scale in the template": ("template", "scales/pairwise", None, r"scales\.pairwise: missing"),
    "a name is not used": (
        "template",
        "scales/likert/prompt",
        "{rubric} {user_turn} {answer} {request}",
        r"scales\.likert: found \{rubric\} \{user_turn\}.*expected \{rubric\} \{trait\} \{persona\}",
    ),
    "an unknown name": ("template", "persona", "{role} {name} {description}", r"persona: found \{role\} \{name\}"),
    "changing text before the rubric": (
        "template",
        "scales/yes_no/prompt",
        "{user_turn} {rubric} {persona} {answer} {request}",
        r"each once and in this order",
    ),
    "reasoning as text": ("template", "reasoning", "no", r'reasoning: found "no", expected true or false'),
    "endless reasoning": ("template", "reasoning_characters", 9999, r"a number of 2000 or less"),
}


@pytest.mark.parametrize(("name", "place", "value", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(folder: Path, name: str, place: str, value: Any, sentence: str) -> None:
    edit(folder, name, place, value)
    with pytest.raises(UserError, match=sentence):
        load_texts(folder)


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (shutil.rmtree, r"template\.yaml: no such file"),
    "no template": (lambda f: (f / "template.yaml").unlink(), r"template\.yaml: no such file"),
    "no rubrics": (lambda f: shutil.rmtree(f / "rubrics"), r"rubrics: found no files"),
    "no YAML": (lambda f: (f / "rubrics" / "style.yaml").write_text("{"), r"style\.yaml.*not valid YAML"),
    "empty file": (lambda f: (f / "rubrics" / "extra.yaml").write_text(""), r"extra\.yaml: found nothing"),
    "other ending": (lambda f: (f / "rubrics" / "extra.yml").write_text(""), r"extra\.yml: .*<metric>\.yaml"),
    "name that fits no path": (lambda f: (f / "rubrics" / "a b.yaml").write_text(""), r"a b\.yaml: "),
}


@pytest.mark.parametrize(("breaks", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_is_told(folder: Path, breaks: Callable[[Path], Any], sentence: str) -> None:
    breaks(folder)
    with pytest.raises(UserError, match=sentence):
        load_texts(folder)


def test_a_metric_without_rubric_is_told() -> None:
    with pytest.raises(UserError, match=r"no rubric for 'wit', expected one of bfi, contradicts-description"):
        load_texts(DEFAULT).scale("wit")
