"""The tables of the release: its own tables, readings side by side, patterns compared."""

import pandas as pd
import pytest

from personas.exports.release.agreement import PLACE, pattern_agreement
from personas.exports.release.regexes import Reading, study_reading
from personas.exports.release.summaries import mined_places, summary
from personas.exports.release.verdicts import verdicts
from personas.plan.frozen import Run, freeze
from personas.prompts.judge import parse
from personas.prompts.judge.rubrics import Scale
from personas.workflow.artefacts import downstream
from tests.helpers import make_plan
from tests.released.conftest import Small
from tests.released.world import SELENE


def test_accuracies(small_release: Small) -> None:
    table, faults = summary(small_release.grid().study, "ifbench")
    assert not faults and len(table) == 3 * 4 * 2 * 3, "models, speakers, conditions, checkpoints"
    row = table[(table.model == "gemini") & (table.persona == "hal-9000") & (table.checkpoint == 6)]
    assert list(row[row.condition == "goal-oriented"].accuracy) == [len("HAL_9000") % 4 / 4 + 0.006]


def test_lengths(small_release: Small) -> None:
    table, faults = summary(small_release.grid().study, "round-lengths")
    assert not faults and len(table) == 3 * 4 * 7 * 2
    at = table[(table.model == "gemma") & (table.persona == "baseline") & (table.rounds == 5)]
    assert dict(zip(at.condition, at.tokens, strict=True)) == {"persona-directed": 500, "goal-oriented": 550}


def test_ratings_by_item(small_release: Small) -> None:
    table, faults = summary(small_release.grid().study, "bfi-ratings")
    assert not faults and len(table) == 3 * 2 * 4 * 3 * 5
    at = table[(table.model == "gemma") & (table.persona == "gaston") & (table.checkpoint == 3)]
    of = at[at.condition == "goal-oriented"]
    assert dict(zip(of.item_id, of.rating, strict=True)) == {str(n + 1): 1 + (n + 3) % 5 for n in range(5)}


def test_released_patterns(small_release: Small) -> None:
    table, faults = summary(small_release.grid().study, "patterns")
    assert not faults and len(table) == 3 * 3 * 5 * 3 * 3, "models, personas, benchmarks, files, patterns"
    places = {tuple(place) for place in table[["condition", "mined_at"]].drop_duplicates().itertuples(index=False)}
    assert places == {("persona-directed", 0), ("persona-directed", 6), ("goal-oriented", 6)}
    assert set(table[table.pattern_group == "baseline"].pattern.map(tuple)) == {("nobody",)}


@pytest.mark.parametrize(
    ("scale", "text", "theirs", "ours"),
    [
        pytest.param("likert", "**Result:** 4", Reading("4", "pattern"), "4", id="as it should be"),
        pytest.param("pairwise", "**Result:** Both", Reading("B", "pattern"), None, id="Both is B to them"),
        pytest.param("pairwise", "**Result:** Answer A", Reading("A", "pattern"), "A", id="by luck: A of Answer"),
        pytest.param("pairwise", "**Result:** a", Reading("a", "stopped"), "A", id="small letter"),
        pytest.param("pairwise", "**Result:** neither", Reading(None, "drawn at random"), None, id="a coin"),
        pytest.param("likert", "I give a score of 3.", Reading("3", "fallback"), None, id="fallback of utterances"),
        pytest.param("likert", "**Result:** 42", Reading("42", "pattern"), None, id="no range"),
        pytest.param("yes-no", "**Result:** Yes", Reading("Yes", "pattern"), "yes", id="yes"),
        pytest.param("yes-no", "nothing", Reading(None, "stopped"), None, id="no verdict on a refusal"),
        pytest.param("likert", "**Result:** 2\n\n**Result:** 5", Reading("2", "pattern"), None, id="two verdicts"),
    ],
)
def test_readings(scale: Scale, text: str, theirs: Reading, ours: str | None) -> None:
    assert study_reading("reasoning-result", scale, text, is_utterance=True) == theirs
    verdict = parse("reasoning-result", scale, text)
    assert (verdict.label or (verdict.value and str(int(verdict.value)))) == ours


def test_the_second_judge_is_read_by_its_tags() -> None:
    text = "<feedback>\nfine\n</feedback>\n<score>\n4\n</score>"
    assert study_reading("feedback-score", "likert", text, is_utterance=False) == Reading("4", "pattern")


def test_differences_are_listed_one_by_one(small_release: Small) -> None:
    path = small_release.release / f"metrics/bfi/{SELENE}/gemma-3-4b-it/bfi_Gaston_3.json.csv"
    texts = ["**Result:** 3", "**Result:** 9", "no verdict", "**Result:** 1 or 2", "**Result:** 5"]
    path.write_text("bfi\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    grid = small_release.import_all("gemma")
    frozen = freeze(make_plan(grid, frozenset()), Run("r", "h", 1, 0.0), small_release.results)
    cells = [cell for cell in grid.cells if cell.judge == "selene" and cell.track.model == "gemma"]
    table = verdicts(frozen, cells)
    differing = table[table.outcome == "differs"]
    assert list(differing.item_id) == ["2", "3", "4"] and set(differing.checkpoint) == {3}
    assert list(differing.study.astype(object).where(differing.study.notna(), None)) == ["9", None, "1"]
    assert differing.ours.isna().all() and list(differing.study_how) == ["pattern", "stopped", "pattern"]
    agreed = table[(table.outcome == "same") & (table.metric == "bfi")]
    assert list(agreed.n) == [5 * 3 * 2 * 4 - 3]


def test_patterns_are_compared_where_both_mined() -> None:
    place = {"model": "m", "persona": "p", "benchmark": "bfi"}
    at = [("persona-directed", 0), ("goal-oriented", 0)]
    counts = pd.DataFrame([{**place, "condition": c, "mined_at": t, "mining": "ok"} for c, t in at for _ in range(4)])
    ours = pd.DataFrame(
        [
            {**place, "condition": "persona-directed", "mined_at": 0, "pattern_group": "persona", "pattern": p}
            for p in ([["a"]], [["b"], ["c"]], [["d"]])
        ]
    )
    released = pd.DataFrame(
        [
            {**place, "condition": "persona-directed", "mined_at": 0, "pattern_group": "persona", "pattern": p}
            for p in (["c", "b"], ["x"])
        ]
    )
    there = {("m", "p", "bfi", "persona-directed", 0)}
    table = pattern_agreement(ours, counts, released, there)
    assert list(table.condition) == ["persona-directed"] * 2, "the other condition was released for no such round"
    row = table[table.pattern_group == "persona"].iloc[0]
    assert (row.n_ours, row.n_released, row.n_common, row.jaccard, row.mining) == (3, 2, 1, 0.25, "ok")
    assert pd.isna(table[table.pattern_group == "baseline"].jaccard.iloc[0])
    none = pattern_agreement(ours, counts, released[:0], there)
    assert list(none.n_released) == [0, 0] and none.jaccard.max() == 0, "they mined, and found none"


def test_a_file_of_patterns_without_any_is_a_place_where_they_mined(small_release: Small) -> None:
    study = small_release.grid().study
    everywhere = mined_places(study, {})
    path = small_release.release / "results/premise/premise_gemma-3-4b-it_bfi_Gaston.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    study = small_release.grid().study
    table, faults = summary(study, "patterns")
    assert not faults and mined_places(study, faults) == everywhere
    place = ("gemma", "gaston", "bfi", "persona-directed", 0)
    assert place in everywhere and place not in set(table[list(PLACE)].itertuples(index=False, name=None))


def test_the_plan_has_the_tables(small_release: Small) -> None:
    made = {a.plain_outputs[0] for a in downstream(small_release.grid()) if a.family.startswith("release_")}
    names = ["files", "ifbench", "round-lengths", "bfi-ratings", "patterns", "pattern-agreement"]
    names += [f"verdicts-selene--{model}" for model in ("gemma", "nemotron", "gemini")] + [
        "verdicts-flow-judge--gemma"
    ]
    assert made == {f"tables/released-{name}.parquet" for name in names}
