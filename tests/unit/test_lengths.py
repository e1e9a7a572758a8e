"""Lengths of dialogues in tokens, from what servers counted, and ratings against them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.engines import request
from personas.engines.kinds.vllm import VllmModel
from personas.external.tokenizer import counter, tokenizer_file
from personas.tables.series.by_length import by_length, length_means
from personas.tables.series.lengths import LENGTH_DTYPES, WITH_TEXT, dialogue_lengths, prompt_sizes
from tests.helpers import Project

HELD = {
    "model": "m",
    "group": "persona",
    "persona": "hal",
    "condition": "goal",
    "order": "fixed",
    "replicate": 1,
    "user": "Plan a dinner.",
    "status": "ok",
}


def held(round_: int, prompt: float | None, said: float | None, **changes: Any) -> dict[str, Any]:
    return {**HELD, "round": round_, "prompt_tokens": prompt, "completion_tokens": said, **changes}


def baseline(round_: int, prompt: float | None, said: float | None, **changes: Any) -> dict[str, Any]:
    return held(round_, prompt, said, group="baseline", persona=None, **changes)


def lengths(*rows: dict[str, Any]) -> pd.DataFrame:
    found = dialogue_lengths(pd.DataFrame(rows))
    assert list(found.columns) == list(LENGTH_DTYPES)
    return found


def tokens(found: pd.DataFrame, group: str = "persona") -> list[float]:
    return found[found["group"] == group]["tokens"].to_list()


def test_tokens_are_cumulative_and_without_the_personas_prompt():
    found = lengths(held(1, 110, 20), held(2, 140, 30), baseline(1, 10, 25), baseline(2, 45, 5))
    assert tokens(found) == [0.0, 30.0, 70.0], "the prompt has 100 tokens: 110 of the persona less 10 of the baseline"
    assert tokens(found, "baseline") == [0.0, 35.0, 50.0]
    assert set(found["source"]) == {"usage"}


def test_a_turn_that_names_the_role_tells_nothing_and_another_condition_does():
    interview = [
        held(1, 115, 20, condition="talk", user="Hello, Hal."),
        baseline(1, 12, 9, condition="talk", user="Hello, m."),
    ]
    assert set(lengths(*interview)["source"]) == {"usage", "usage-with-prompt"}
    found = lengths(*interview, held(1, 110, 20), baseline(1, 10, 25))
    assert tokens(found[found["condition"] == "talk"]) == [0.0, 35.0]


def test_without_a_baseline_the_prompt_stays_in_and_the_source_says_so():
    found = lengths(held(1, 110, 20))
    assert tokens(found) == [0.0, 130.0] and found["source"].to_list() == ["usage", "usage-with-prompt"]


def test_prompt_sizes_are_by_model_and_persona():
    rows = [held(1, 110, 1), held(1, 60, 1, persona="gaston"), baseline(1, 10, 1), held(1, 90, 1, model="n")]
    assert prompt_sizes(pd.DataFrame(rows)) == {("m", "hal"): 100.0, ("m", "gaston"): 50.0}, "n has no baseline"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (held(2, None, 30), "the server told no prompt tokens"),
        (held(2, 140, None), "no completion tokens"),
        (held(2, None, None, status="context_overflow"), "the round was not held"),
    ],
)
def test_what_the_server_did_not_count_is_a_gap(row, reason):
    found = lengths(held(1, 110, 20), row, baseline(1, 10, 25))
    last = found[(found["group"] == "persona") & (found["round"] == 2)].iloc[0]
    assert np.isnan(last["tokens"]) and last["source"] == "missing", reason
    assert last["status"] == row["status"]


def words(text: str) -> int:
    return len(text.split())


def untold(*rows: dict[str, Any]) -> pd.DataFrame:
    return dialogue_lengths(pd.DataFrame([{"answer": "Of course.", **row} for row in rows]), {"m": words})


def test_a_tokenizer_counts_turns_and_answers_where_no_usage_was_told():
    found = untold(held(1, None, None), held(2, None, None, answer="Gladly, my friend."))
    assert tokens(found) == [0.0, 5.0, 11.0], "3 + 2, then 3 + 3 more"
    assert found["source"].to_list() == ["usage", "tokenizer", "tokenizer"]


def test_what_the_server_counted_comes_first_and_another_models_tokenizer_is_never_taken():
    found = untold(held(1, 110, 20), held(2, None, 30), baseline(1, 10, 25), held(1, None, None, model="n"))
    mine = found[(found["model"] == "m") & (found["group"] == "persona")]
    assert list(zip(mine["tokens"], mine["source"], strict=True)) == [(0, "usage"), (30, "usage"), (10, "tokenizer")]
    assert found[found["model"] == "n"]["source"].to_list() == ["usage", "missing"]


def test_behind_a_round_without_an_answer_nothing_is_counted():
    found = untold(held(1, None, None), held(2, None, None, answer=None, status="blocked"), held(3, None, None))
    assert found["source"].to_list() == ["usage", "tokenizer", "missing", "missing"]
    assert found["tokens"].isna().to_list() == [False, False, True, True]


def test_an_empty_answer_is_held():
    assert tokens(untold(held(1, None, None, answer=None, status="empty"))) == [0.0, 3.0]
    assert request.WITH_TEXT == WITH_TEXT


REVISION = "0123456789abcdef0123456789abcdef01234567"


def write_tokenizer(cache: Path) -> Path:
    """Put a real tokenizer, of words, where the Hugging Face libraries would have it."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    unknown = "<unk>"
    tokenizer = Tokenizer(models.WordLevel({unknown: 0, "Gladly": 1, ".": 2}, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    file = cache / f"models--org--alpha-1b/snapshots/{REVISION}/tokenizer.json"
    file.parent.mkdir(parents=True)
    tokenizer.save(str(file))
    return file


def test_a_tokenizer_is_found_at_the_pinned_revision_only(project: Project, tmp_path: Path) -> None:
    file, machine = write_tokenizer(tmp_path), Machine(weights_cache=str(tmp_path))
    for revision, expected in ((REVISION, file), ("r1", None), (REVISION.replace("0", "a"), None)):
        model = project.edit(models__alpha__revision=revision).study().config.models["alpha"]
        assert tokenizer_file(model, machine) == expected, revision
    pinned = project.edit(models__alpha__revision=REVISION).study().config.models["alpha"]
    section = {**pinned.model_dump(include={"id", "revision", "sampling"}), "engine": "vllm", "context_length": 1024}
    vllm = VllmModel.model_validate(section)
    assert tokenizer_file(vllm, machine) is None, "it counts by itself, and its weights arrive in a run"
    assert counter(file)("Gladly, Gladly.") == 4


def test_a_file_that_is_no_tokenizer_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"tokenizer\.json: cannot be read \(.*\), expected the tokenizer of a model"):
        counter(tmp_path / "tokenizer.json")


def test_a_round_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="rounds: 1 answers are rated twice"):
        lengths(held(1, 110, 20), held(1, 110, 20))


def ended(tokens: float | None, **place: Any) -> dict[str, Any]:
    row = {
        **{k: HELD[k] for k in ("model", "group", "persona", "condition", "order", "replicate", "status")},
        "round": 5,
    }
    return {**row, "tokens": tokens, "source": "missing" if tokens is None else "usage", **place}


def test_means_by_model_and_by_persona_after_the_last_round():
    rows = [
        ended(100.0),
        ended(300.0, order="shuffled"),
        ended(50.0, persona="gaston"),
        ended(125.0, persona="blair"),
        ended(None, persona="juno"),
        ended(80.0, group="baseline", persona=None),
        ended(9.0, round=4),
    ]
    found = length_means(pd.DataFrame(rows))
    rows_of = {(row["by"], row["name"], row["group"]): row for row in found.to_dict("records")}
    of_model = rows_of["model", "m", "persona"]
    assert (of_model["mean"], of_model["n_cells"], of_model["n_missing"]) == (125.0, 3, 1), "200, 50, 125; one gap"
    assert of_model["over"] == "personas" and of_model["low"] < 125.0 < of_model["high"]
    assert rows_of["persona", "hal", "persona"]["mean"] == 200.0
    assert rows_of["persona", "baseline", "baseline"]["mean"] == 80.0
    assert rows_of["persona", "juno", "persona"]["n_cells"] == 0


def value(found: float | None, position: int, axis: str = "checkpoint", **place: Any) -> dict[str, Any]:
    keys = ("model", "group", "persona", "condition", "order", "replicate")
    row = {**{k: HELD[k] for k in keys}, "measure": "x", "axis": axis, "position": position, "value": found}
    return {**row, **place}


def joined(values: list[dict[str, Any]], held_: list[dict[str, Any]]) -> pd.DataFrame:
    return by_length(pd.DataFrame(values), pd.DataFrame(held_))


@pytest.mark.parametrize(
    ("axis", "position", "expected", "reason"),
    [
        ("checkpoint", 4, 40.0, "a checkpoint has that many rounds before it"),
        ("round", 5, 40.0, "round 5 has four before it"),
        ("checkpoint", 5, 50.0, ""),
    ],
)
def test_a_rating_stands_against_the_tokens_before_it(axis, position, expected, reason):
    row = joined([value(3.0, position, axis)], [ended(40.0, round=4), ended(50.0, round=5)]).iloc[0]
    assert (row["mean"], row["tokens"]) == (3.0, expected), reason


def test_a_point_is_the_mean_over_cells_that_have_both_and_counts_the_others():
    values = [
        value(1.0, 5),
        value(2.0, 5, persona="gaston"),
        value(None, 5, persona="juno"),
        value(9.0, 5, model="n"),
    ]
    row = joined(values, [ended(10.0), ended(30.0, persona="gaston"), ended(20.0, persona="juno")]).iloc[0]
    assert (row["mean"], row["tokens"], row["n_cells"]) == (1.5, 20.0, 2)
    assert (row["n_without_value"], row["n_without_tokens"]) == (1, 1)


def test_the_baselines_dialogue_is_one_for_all_whose_items_it_answers():
    values = [value(v, 5, group="baseline", persona=p) for p, v in (("hal", 1.0), ("gaston", 0.0))]
    row = joined(values, [ended(70.0, group="baseline", persona=None), ended(10.0)]).iloc[0]
    assert (row["mean"], row["tokens"], row["n_cells"]) == (0.5, 70.0, 2)


def test_two_lengths_of_one_dialogue_are_refused():
    with pytest.raises(pd.errors.MergeError):
        joined([value(1.0, 5)], [ended(10.0), ended(11.0)])
