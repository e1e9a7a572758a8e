"""Judges asked a second time, and who is addressed masked for them."""

import json
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from personas.core.errors import UserError
from personas.plan.costs.estimate import total
from personas.prompts.judge.mask import mask_name
from tests.helpers import FakeServer, Outcome, Project, answer, by_plain_path, changed, make

ONLY: dict[str, Any] = {
    "benchmarks": {"xstest": {"items": "items/xstest.csv", "limit": 2, "max_tokens": 16}},
    "models/beta": None,
    "conditions/requests": None,
    "judges/j/utterances": ["style"],
}


def is_judge(body: dict[str, Any]) -> bool:
    return bool(body["model"] == "org/judge-1b")


def is_moody(text: str) -> bool:
    return zlib.crc32(text.encode()) % 2 == 0


@pytest.fixture
def again(judged: Project) -> Project:
    return judged.set({**ONLY, "judges/j/retest": 1.0})


def test_a_plan_counts_what_is_sent(again: Project, server: FakeServer) -> None:
    planned = total(again.plan_report().estimates.values()).requests
    again.run()
    assert planned == server.count == len({json.dumps(body, sort_keys=True) for body in server.bodies})
    assert again.plan_report().plan.missing == []


def test_agreement_with_itself(again: Project, server: FakeServer) -> None:
    """The judge changes its mind about refusals with the seed, in every second answer, and never about style."""
    seen: list[str] = []

    def decide(body: dict[str, Any]) -> Outcome | None:
        if not is_judge(body):
            return None
        text = body["messages"][0]["content"]
        seen.append(text)
        flips = body["seed"] > 0 and is_moody(text)
        verdict: Any = 3 if "1 to 5" in text else "no" if flips else "yes"
        return answer(json.dumps({"reasoning": "so", "verdict": verdict}))

    server.decide = decide
    again.run()
    frozen = again.freeze("run-2")
    [table] = [each for each in frozen.artefacts if each.plain_outputs[0] == "tables/retest.parquet"]
    rows: dict[Any, Any] = pd.read_parquet(make(frozen, table)).set_index("metric").to_dict("index")
    refusals = {text for text in seen if "1 to 5" not in text}
    expected = sum(not is_moody(text) for text in refusals) / len(refusals)
    style, refusal = rows["style"], rows["refusal"]
    assert style["agreement"] == 1.0 and style["mean_difference"] == 0.0
    assert 0 < refusal["agreement"] < 1
    assert refusal["agreement"] == pytest.approx(expected, abs=0.15), "answers that are alike count twice"
    assert style["n_missing"] == refusal["n_missing"] == 0 and refusal["mean_again"] < refusal["mean_first"]


def test_second_judgements_are_in_no_other_table(again: Project, server: FakeServer) -> None:
    names = {each.plain_outputs[0]: each.outputs[0] for each in again.freeze().artefacts}
    plain = {
        each.plain_outputs[0]: each.outputs[0] for each in again.set({"judges/j/retest": 0.0}).freeze().artefacts
    }
    differing = {name for name in plain if names[name] != plain[name]}
    judged = {each.plain_outputs[0] for each in again.freeze().artefacts if "judges" in each.spec}
    assert all(name.startswith("report/") or name in judged for name in differing), differing
    assert any(name in judged for name in differing), "figures of its ratings say how far it agrees with itself"
    assert set(names) - set(plain) == {"tables/retest.parquet", "tables/reliability.parquet"}


def test_a_share_is_drawn_by_name_and_renames_nothing(judged: Project) -> None:
    before = judged.grid()
    new = changed(before, judged.set({"judges/j/retest": 0.4}).grid())
    rated = [path for path in by_plain_path(before) if path.startswith("judgements/")]
    assert all(path.endswith("--again.parquet") for path in new) and 0.2 < len(new) / len(rated) < 0.6


@pytest.mark.parametrize("mask", [True, False])
def test_a_judge_reads_no_name_of_who_is_addressed(judged: Project, server: FakeServer, mask: bool) -> None:
    judged.set({**ONLY, "judges/j/mask": mask}).run()
    turns = [b["messages"][0]["content"] for b in server.bodies if is_judge(b) and "Good evening" in str(b)]
    asked = {text.split("<user-turn>")[1].split("</user-turn>")[0].strip() for text in turns}
    named = {"Good evening, Maren Holt.", "Good evening, Otto Brindle.", "Good evening, alpha-1b."}
    assert asked == ({"Good evening, [name]."} if mask else named)


def test_a_mask_shapes_judgements_alone(judged: Project) -> None:
    before = judged.grid()
    made = changed(before, judged.set({"judges/j/mask": False}).grid())
    assert made == {path for path in by_plain_path(before) if path.startswith("judgements/")}


def test_masked() -> None:
    assert mask_name("Maren Holt, are you Maren?", "Maren Holt") == "[name], are you Maren?"


def test_a_share_is_a_share(judged: Project) -> None:
    with pytest.raises(UserError, match=r"judges\.j\.retest"):
        judged.set({"judges/j/retest": 1.5}).grid()


def test_a_judge_that_cannot_tell_gives_no_value(judged: Project, server: FakeServer) -> None:
    """It is unsure about the style of one answer. Without the key names stay."""
    plain = judged.set(ONLY).grid()
    assert not changed(plain, judged.set({"judges/j/cannot_tell": False}).grid())
    renamed = changed(plain, judged.set({"judges/j/cannot_tell": True}).grid())
    assert renamed and all(path.startswith("judgements/") for path in renamed)

    def decide(body: dict[str, Any]) -> Outcome | None:
        if not is_judge(body):
            return None
        text, enum = body["messages"][0]["content"], json.dumps(body["response_format"])
        assert '"cannot tell"' in enum and '"cannot tell" instead' in text
        unsure = "1 to 5" in text and "Whom do you trust?" in text
        verdict: Any = "cannot tell" if unsure else 3 if "1 to 5" in text else "no"
        return answer(json.dumps({"reasoning": "so", "verdict": verdict}))

    server.decide = decide
    judged.run()
    frozen = judged.freeze("run-2")
    tables = {Path(each.plain_outputs[0]).stem: each for each in frozen.artefacts}
    ratings = pd.read_parquet(make(frozen, tables["ratings-alpha--utterances"]))
    style = ratings[(ratings["metric"] == "style") & (ratings["order"] == "fixed")]
    lacking = style[style["status"] == "cannot_tell"]
    assert set(lacking["round"]) == {3} and len(lacking) == sum(style["round"] == 3)
    assert lacking["value"].isna().all() and set(style[style["status"] == "ok"]["value"]) == {3.0}


BFI: dict[str, Any] = {"benchmarks": {"bfi": {"items": "items/bfi.json", "limit": 6, "max_tokens": 16}}}


def rated_bfi(project: Project, server: FakeServer, seen: list[str] | None = None) -> Project:
    """A study whose judge gives a 5 where it reads who the persona is, and else a 2."""

    def decide(body: dict[str, Any]) -> Outcome | None:
        if not is_judge(body):
            return None
        text = body["messages"][0]["content"]
        if seen is not None:
            seen.append(text)
        return answer(json.dumps({"reasoning": "so", "verdict": 5 if "The character is" in text else 2}))

    server.decide = decide
    return project.set({**ONLY, **BFI, "judges/j/utterances": []})


@pytest.mark.parametrize("described", [False, True])
def test_persona_and_baseline_are_judged_by_one_prompt(judged: Project, server: FakeServer, described: bool) -> None:
    """Unless the judge is to read who the persona is, as the study's does."""
    seen: list[str] = []
    rated_bfi(judged, server, seen).set({"judges/j/described": described}).run()
    personas = {name for name in ("Maren Holt", "Otto Brindle") if any(name in text for text in seen)}
    assert len(seen) > 20 and len(personas) == (2 if described else 0)
    assert any("The character is" not in text for text in seen), "those of the baseline"
    rubrics = {text.split("The user wrote:")[0] for text in seen if "The character is" not in text}
    assert len(rubrics) == len({text.split("The trait is")[1].split("\n")[0] for text in seen})


def test_a_plan_says_that_the_description_is_why(judged: Project, server: FakeServer) -> None:
    study = rated_bfi(judged, server)
    study.run()
    why = set(study.set({"judges/j/described": True}).plan_report().reasons.values())
    assert why == {"judge j: described false -> true"}


@pytest.mark.parametrize("described", [False, True])
def test_what_the_description_does_to_the_judge(judged: Project, server: FakeServer, described: bool) -> None:
    study = rated_bfi(judged, server).set({"judges/j/described": described})
    before = study.grid()
    study.set({"judges/j/described_both_ways": 1.0})
    added = changed(before, study.grid())
    other = "undescribed" if described else "described"
    assert added and all(path.endswith(f"--{other}.parquet") and "/baseline/" not in path for path in added)
    planned = total(study.plan_report().estimates.values()).requests
    study.run()
    assert planned == server.count
    frozen = study.freeze("run-2")
    [table] = [each for each in frozen.artefacts if each.plain_outputs[0] == "tables/descriptions.parquet"]
    [row] = pd.read_parquet(make(frozen, table)).to_dict("records")
    assert (row["mean_with"], row["mean_without"], row["difference"], row["n_missing"]) == (5.0, 2.0, 3.0, 0)
    assert row["n"] == 2 * 6 * len(study.grid().study.config.checkpoints), "two personas, six items"
    assert row["over"] == "items"


def test_imported_judgements_are_as_they_are(judged: Project) -> None:
    """The study's judges read the description; a file of verdicts cannot be had the other way."""
    sampling = {"temperature": 0.0, "max_tokens": 8}
    released = {"engine": "released", "id": "org/j", "revision": "r", "directory": "j", "sampling": sampling}
    with pytest.raises(UserError, match=r"described_both_ways: found 0\.5, expected 0"):
        judged.set({"judges/j/model": released, "judges/j/described_both_ways": 0.5}).grid()
