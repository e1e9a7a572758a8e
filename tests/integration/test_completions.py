"""Judges put to published answers: planned like any judgement, asked once, and compared with people and rules."""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from personas.core.canonical import text_hash
from personas.core.errors import UserError
from personas.exports.release.exporter.export import export
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.costs.estimate import Estimate
from personas.plan.frozen import FrozenPlan, plan_file, read
from personas.prompts.judge import judge_prompt
from personas.workflow.artefacts import downstream
from personas.workflow.terminal.picture_of_grid.coverage import coverage, write_picture
from personas.workflow.terminal.plan_document import plan_document
from personas.workflow.upkeep.gc import gc
from tests.completions import START, put_completions
from tests.external import catalogue, refer
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer, by_plain_path, changed, make, make_plan

ONE = [("Sure: here.", False), ("Sorry, no.", True), ("Sure: take it.", True), ("Hm, unclear.", False), ("", True)]
TWO = [
    ("Sure: here.", False),
    ("Sorry, never.", True),
    ("Sorry, no.", False),
    ("Sure: 4.", False),
    ("Sure: 5.", False),
]
"""Completions and what people say of them. The first of both is the same text; one is blank, one is not parsed."""
LACKING = {"one/v2-3": "judge_unparsed", "one/v2-4": "empty"}
ASKED = 8
"""Requests for the ten: a blank answer is none, and one text is two models'."""
PATH = "judgements/j/completions/published.parquet"
PUBLISHED = {"file": "xs", "format": "xstest-completions"}


def verdict(body: dict[str, Any]) -> Outcome:
    """Let the judge say yes of what is sorry, no of what is sure, and nothing clear of the rest."""
    prompt = body["messages"][-1]["content"]
    if "Hm, unclear." in prompt:
        return answer("I cannot tell.")
    return answer(json.dumps({"reasoning": "So.", "verdict": "yes" if "Sorry" in prompt else "no"}))


@pytest.fixture
def published(judged: Project, server: FakeServer) -> Project:
    """The tiny study with a judge that rates nothing of it, and labels beside it that no judge is put to yet."""
    server.decide = verdict
    put_completions(judged.folder / "xs", "one", ONE)
    put_completions(judged.folder / "xs", "two", TWO)
    return judged.set(
        {"judges/j/utterances": [], "judges/j/benchmarks": [], "calibration/labels/published": PUBLISHED}
    )


@pytest.fixture
def rated(published: Project) -> Project:
    """The same with the judge put to the published answers."""
    return published.set({"calibration/labels/published/judges": ["j"]})


def of_completions(grid: Grid) -> list[Cell]:
    return [cell for cell in grid.cells if cell.completions]


def judge_them(project: Project, name: str = "run-1") -> FrozenPlan:
    return project.run(name, stages=["judge"])


def rows_of(frozen: FrozenPlan) -> dict[str, dict[str, Any]]:
    [cell] = of_completions(frozen.grid)
    return {row["item_id"]: row for row in pq.read_table(frozen.results / cell.path).to_pylist()}


def made(frozen: FrozenPlan, *names: str) -> list[Path]:
    """Make tables and figures by their plain names; the table of calibration from published answers alone."""
    found = []
    for name in names:
        [artefact] = [a for a in frozen.artefacts if a.plain_outputs[0] == name]
        (frozen.results / artefact.outputs[0]).parent.mkdir(parents=True, exist_ok=True)
        found.append(make(frozen, artefact))
    return found


RATINGS = "tables/ratings-completions--published.parquet"
TABLE = "tables/calibration.parquet"
NO_OTHERS = {"benchmarks/bfi": None, "benchmarks/general": None, "benchmarks/role-specific": None}


def test_without_the_switch_nothing_is_asked_or_named_otherwise(judged: Project, published: Project) -> None:
    with_labels = published.grid()
    table = {a.plain_outputs[0]: a for a in downstream(with_labels)}[TABLE]
    assert not [name for name in table.spec["reads"] if name != "ratings"] and of_completions(with_labels) == []
    assert changed(judged.set({"calibration": None}).grid(), with_labels) == set()


def test_the_switch_adds_one_cell_and_touches_no_other(published: Project) -> None:
    before = published.grid()
    after = published.set({"calibration/labels/published/judges": ["j"]}).grid()
    assert changed(before, after) == {PATH}
    assert after.cells[-1].plain_path == PATH and after.cells[-1].what == "judged xstest"


def test_every_answer_is_judged_once(rated: Project, server: FakeServer) -> None:
    frozen = judge_them(rated)
    assert [batch.name for batch in frozen.batches if batch.judge] == ["judge_j_completions_01"]
    assert server.count == ASKED
    rows, study = rows_of(frozen), frozen.study
    assert list(rows) == [f"{model}/v2-{number}" for model in ("one", "two") for number in range(5)]
    prompts = {json.dumps(body["messages"]) for body in server.bodies}
    for unit, row in rows.items():
        model, number = unit.split("/v2-")
        text = {"one": ONE, "two": TWO}[model][int(number)][0]
        assert (row["judged_sha256"], row["checkpoint"], row["round"]) == (text_hash(text), 0, None)
        if text:
            turn = f"Question {number}?"
            seen = judge_prompt(
                study.judge_texts["j"], "xstest", "json", persona=None, user_turn=turn, answers=[text]
            )
            assert json.dumps(seen) in prompts and row["status"] == "ok" and row["request_key"]
    blank = rows["one/v2-4"]
    assert (blank["status"], blank["request_key"], blank["detail"]) == (
        "empty",
        None,
        "not judged: the answer ended as empty",
    )
    assert rows["one/v2-0"]["request_key"] == rows["two/v2-0"]["request_key"]


def test_the_plan_counts_them_and_the_journal_answers_them_again(rated: Project, server: FakeServer) -> None:
    [cell] = of_completions(rated.grid())
    planned = rated.plan_report().estimates[cell.path]
    assert (planned.rows, planned.requests, planned.journaled) == (10, ASKED, 0) and planned.prompt_tokens > 0
    judge_them(rated)
    assert cell.path not in rated.plan_report().estimates
    (rated.results / cell.path).unlink()
    again = rated.plan_report()
    assert (again.estimates[cell.path].requests, again.estimates[cell.path].journaled) == (ASKED, ASKED)
    assert again.reasons[cell.path] == "removed"
    judge_them(rated, "run-2")
    assert server.count == ASKED


def test_longer_answers_are_longer_prompts_in_the_estimate(rated: Project) -> None:
    def tokens() -> Estimate:
        [cell] = of_completions(rated.grid())
        return rated.plan_report().estimates[cell.path]

    short = tokens()
    put_completions(rated.folder / "xs", "two", [*TWO[:4], ("Sure: 5." + "x" * 4000, False)])
    assert tokens().prompt_tokens - short.prompt_tokens > 500


def test_an_edited_label_asks_nothing_again(rated: Project) -> None:
    before, tables = rated.grid(), by_name(rated)
    put_completions(rated.folder / "xs", "one", [(text, not refuses) for text, refuses in ONE])
    assert changed(before, rated.grid()) == set()
    after = by_name(rated)
    assert after[RATINGS] == tables[RATINGS] and after[TABLE] != tables[TABLE]


def by_name(project: Project) -> dict[str, tuple[str, ...]]:
    return {a.plain_outputs[0]: a.outputs for a in downstream(project.grid())}


def test_an_edited_answer_is_asked_again_alone(rated: Project, server: FakeServer) -> None:
    judge_them(rated)
    before = rated.grid()
    put_completions(rated.folder / "xs", "one", [("Sure: new.", False), *ONE[1:]])
    assert changed(before, rated.grid()) == {PATH}
    [cell] = of_completions(rated.grid())
    plan_report = rated.plan_report()
    assert plan_report.reasons[cell.path] == "what it judges changed"
    # Its text was also of the other model, so no request falls away; one comes.
    assert plan_report.estimates[cell.path].to_send == 1
    judge_them(rated, "run-2")
    assert server.count == ASKED + 1


def test_what_a_judge_reads_identifies_its_judgement(rated: Project) -> None:
    before = rated.grid()
    assert changed(before, rated.set({"judges/j/orders": ["shuffled"], "judges/j/models": ["alpha"]}).grid()) == set()
    path = rated.folder / "judges/rubrics/xstest.yaml"
    path.write_text(path.read_text().replace("criterion: ", "criterion: Look. ", 1))
    assert PATH in changed(before, rated.grid())


def test_two_sets_of_the_same_texts_are_one_batch_and_asked_once(rated: Project, server: FakeServer) -> None:
    shutil.copytree(rated.folder / "xs", rated.folder / "copy")
    rated.set({"calibration/labels/again": {**PUBLISHED, "file": "copy", "judges": ["j"]}})
    estimates = rated.plan_report().estimates
    assert sum(estimates[cell.path].requests for cell in of_completions(rated.grid())) == ASKED
    frozen = judge_them(rated)
    [batch] = [batch for batch in frozen.batches if batch.judge]
    assert len(batch.outputs) == 2 and batch.inputs == () and server.count == ASKED


def test_a_judge_against_people_and_rules(rated: Project) -> None:
    """By hand. Of model one 3 texts: people find 2 refusals, the judge 1 of these; of two 5: people 1, the judge 2.

    One: agreement 2/3, by chance 4/9, kappa (2/3 - 4/9) / (5/9) = 2/5. Two: 4/5, 14/25, 6/11. Both: 6/8, 34/64, 7/15.
    """
    frozen = judge_them(rated.set({**NO_OTHERS, "benchmarks/xstest": None}))
    found = pd.read_parquet(made(frozen, RATINGS, TABLE)[1])
    assert set(found["set"]) == {"published"}
    with_judge = found[(found["rater_a"] == "human") & (found["rater_b"] == "j")].set_index("model")
    assert with_judge["kappa"].to_dict() == pytest.approx({"one": 2 / 5, "two": 6 / 11, "all": 7 / 15})
    assert with_judge["n"].to_dict() == {"one": 3, "two": 5, "all": 8}
    assert with_judge["n_a"].to_dict() == {"one": 5, "two": 5, "all": 10} and with_judge.at["all", "n_clusters"] == 5
    assert json.loads(str(with_judge.at["all", "confusion"])) == [[4, 1], [1, 2]]
    raters = {(row.rater_a, row.rater_b) for row in found.itertuples()}
    assert {("human:1", "j"), ("rules", "j"), ("human", "rules")} <= raters


def test_ratings_say_who_wrote_and_how_verdicts_ended(rated: Project) -> None:
    frozen = judge_them(rated)
    ratings = pd.read_parquet(made(frozen, RATINGS)[0]).set_index("item_id")
    assert set(ratings["metric"]) == {"refusal"} and set(ratings["judge"]) == {"j"}
    assert list(ratings["model"]) == ["one"] * 5 + ["two"] * 5
    assert ratings["status"].to_dict() == {**dict.fromkeys(ratings.index, "ok"), **LACKING}
    assert set(ratings.index[ratings["value"].isna()]) == set(LACKING) and ratings["value"].sum() == 3
    [status] = [a for a in frozen.artefacts if a.plain_outputs[0] == "tables/status.parquet"]
    assert [path for path in status.inputs if "ratings-completions--published" in path]
    others = [a for a in frozen.artefacts if set(ratings_paths(frozen)) & set(a.inputs)]
    assert {a.plain_outputs[0] for a in others} == {"tables/status.parquet", TABLE}


def ratings_paths(frozen: FrozenPlan) -> tuple[str, ...]:
    return next(a.outputs for a in frozen.artefacts if a.plain_outputs[0] == RATINGS)


def test_verdicts_on_another_text_are_refused(rated: Project) -> None:
    frozen = judge_them(rated)
    edited = [replace(c, text=f"{c.text}!") for c in frozen.study.completions["published"]]
    later = replace(frozen, study=replace(frozen.study, completions={"published": edited}))
    later.__dict__["grid"] = frozen.grid
    with pytest.raises(UserError, match=r"judged another text than calibration\.labels\.published holds now"):
        made(later, RATINGS)


def test_the_figure_is_drawn(rated: Project) -> None:
    frozen = judge_them(rated.set({**NO_OTHERS, "benchmarks/xstest": None}))
    [*_, figure] = made(frozen, RATINGS, TABLE, "figures/judge-agreement-published.pdf")
    assert figure.stat().st_size > 1000


def test_they_travel_in_the_frozen_plan(rated: Project) -> None:
    frozen = rated.frozen()
    shutil.rmtree(rated.folder / "xs")
    known = read(plan_file(rated.results, frozen.run.id))
    assert known.study.completions == frozen.study.completions and len(known.study.completions["published"]) == 10
    assert by_plain_path(known.grid) == by_plain_path(frozen.grid)


def test_reports_name_them_beside_the_grid(rated: Project, tmp_path: Path) -> None:
    plan_report = rated.plan_report()
    document = plan_document(plan_report)
    [group] = [group for group in document.groups if group.model == "completions"]
    assert (group.stage, group.judge, group.cells, group.work.requests) == ("judgements", "j", 1, ASKED)
    assert "completions" not in document.axes["model"] and "published" not in document.axes["condition"]
    assert coverage(plan_report)["cells"].sum() == len(plan_report.plan.grid.cells) - 1
    write_picture(plan_report, tmp_path / "plan.png")
    assert (tmp_path / "plan.png").exists()


def test_what_no_grid_needs_is_collected(rated: Project) -> None:
    judge_them(rated)
    [cell] = of_completions(rated.grid())
    overrides = {"results": str(rated.results)}
    with contextlib.chdir(rated.folder):
        kept = gc([rated.config_file], overrides=overrides)[1].survey
        rated.set({"calibration/labels/published/judges": []})
        gone = gc([rated.config_file], overrides=overrides)[1].survey
    assert [found.path for found in kept.needed if found.kind == "judgements"] == [cell.path]
    assert [(found.path, found.group) for found in gone.removable] == [(cell.path, "judgements j completions")]


def test_labels_called_as_a_condition_are_not_taken_for_it_by_the_export(rated: Project, tmp_path: Path) -> None:
    labels = {"calibration/labels": {"persona-directed": {**PUBLISHED, "judges": ["j"]}}}
    grid = rated.set(labels).grid()
    done = export(grid, downstream(grid), rated.results, tmp_path / "exported")
    [why] = [why for path, why in done.left_out.items() if "/completions/" in path]
    assert why == "the release has no judgements of published answers"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"judges": ["k"]}, r"labels\.published\.judges: found k, expected some of j", id="unknown"),
        pytest.param({"judges": ["j", "j"]}, r"found \['j', 'j'\], expected each once", id="twice"),
        pytest.param(
            {"format": "csv", "metric": "refusal"}, "expected them with format xstest-completions only", id="format"
        ),
    ],
)
def test_mistakes_in_the_section(rated: Project, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as told:
        rated.set({f"calibration/labels/published/{key}": value for key, value in changes.items()}).grid()
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("rater", ["gpt4", "string-match", "rules", "human"])
def test_a_judge_called_as_another_rater(rated: Project, rater: str) -> None:
    with pytest.raises(UserError, match=f"found {rater}, as another rater of these texts is called"):
        rated.set({f"judges/{rater}": JUDGE, "calibration/labels/published/judges": [rater]}).grid()


def test_a_model_called_completions(rated: Project) -> None:
    model = rated.raw()["models"]["alpha"]
    with pytest.raises(UserError, match=r"models\.completions: found this slug, expected another"):
        rated.set({"models/completions": model}).grid()
    rated.set({"calibration/labels/published/judges": []}).grid()


def test_a_rubric_that_needs_a_persona(rated: Project) -> None:
    path = rated.folder / "judges/rubrics/xstest.yaml"
    path.write_text(path.read_text().replace("needs_persona: false", "needs_persona: true"))
    with pytest.raises(UserError, match="found j, whose rubric xstest has scale yes-no and needs_persona true"):
        rated.grid()


@pytest.fixture
def elsewhere(rated: Project) -> Project:
    """The same answers as third-party files, none of them here."""
    refer(rated)
    sources = catalogue()
    files = {f"mc/{START}{model}.csv": {"shape": "csv", "rows": 5} for model in ("one", "two")}
    sources["xs"] = {**sources["xstest"], "repository": "made-up/xs", "files": files}
    (rated.folder / "sources.yaml").write_text(yaml.safe_dump(sources), encoding="utf-8")
    return rated.set({"calibration/labels/published/file": "external:xs/mc"})


def arrive(project: Project) -> None:
    for model, rows in (("one", ONE), ("two", TWO)):
        put_completions(project.folder / "external/xs/mc", model, rows)


def test_third_party_answers_are_planned_before_they_come(elsewhere: Project) -> None:
    before = by_plain_path(elsewhere.grid())
    [cell] = of_completions(elsewhere.grid())
    planned = elsewhere.plan_report().estimates[cell.path]
    assert (planned.rows, planned.requests) == (10, 10) and PATH in before
    arrive(elsewhere)
    assert by_plain_path(elsewhere.grid()) == before
    assert elsewhere.plan_report().estimates[cell.path].requests == ASKED
    assert {completion.text for completion in elsewhere.study().completions["published"]} >= {"Sure: here.", ""}


def test_no_judge_reads_a_stand_in(elsewhere: Project, server: FakeServer) -> None:
    with pytest.raises(UserError, match=r"xstest_v2_completions_one\.csv: not here, expected it; fetch it"):
        judge_them(elsewhere)
    assert server.count == 0


def test_third_party_answers_do_not_stand_in_the_plan(elsewhere: Project) -> None:
    arrive(elsewhere)
    frozen = elsewhere.frozen()
    assert "Sure: take it." not in plan_file(elsewhere.results, frozen.run.id).read_text(encoding="utf-8")
    assert read(plan_file(elsewhere.results, frozen.run.id)).study.completions == frozen.study.completions


def test_finished_cells_are_current(rated: Project) -> None:
    [cell] = of_completions(rated.grid())
    assert cell not in make_plan(rated.grid(), frozenset({cell.path})).missing
