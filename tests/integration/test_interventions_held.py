"""Dialogues with interventions, held against a server: what is asked, planned, resumed, and made of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import personas
from personas.plan.costs.estimate import total
from personas.plan.plan_report import PlanReport
from personas.workflow.upkeep.keys import request_keys
from tests.finished import make_with_inputs
from tests.helpers import FakeServer, Outcome, Project, answer, failure, make, said
from tests.interventions import ASIDES, KINDS, with_interventions

LIMITS: dict[str, Any] = {"benchmarks/general": None, "benchmarks/ifbench": None, "conditions/requests/rounds": 4}


def requests(plan_report: PlanReport) -> int:
    return total(plan_report.estimates.values()).requests


@pytest.mark.parametrize("slugs", [(slug,) for slug in KINDS] + [tuple(KINDS)], ids="-".join)
def test_a_plan_counts_what_is_sent(served: Project, server: FakeServer, slugs: tuple[str, ...]) -> None:
    """Also where prompts are those of another dialogue: a wide window, the rounds before the first reminder."""
    plan_report = with_interventions(served.set(LIMITS), *slugs).plan_report()
    served.run()
    assert requests(plan_report) == server.count
    bodies = [json.dumps(body, sort_keys=True) for body in server.bodies]
    assert len(set(bodies)) == len(bodies)


def test_a_plan_of_judgements_counts_what_is_sent(judged: Project, server: FakeServer) -> None:
    with_interventions(judged.set(LIMITS | {"judges/j/references": ["dataset", "zero"]}))
    plan_report = judged.plan_report()
    judged.run()
    assert requests(plan_report) == server.count


def test_more_than_one_reminder_is_paid_for(served: Project) -> None:
    """A window that moves breaks the prefix in every round: all in it is computed again, and the plan says so."""
    served.set({"conditions/requests/rounds": 4})
    plain = _computed(served.plan_report(), "none")
    plan_report = with_interventions(served, "narrow", "reminded", "moved").plan_report()
    narrow, reminded, moved = (_computed(plan_report, slug) for slug in ("narrow", "reminded", "moved"))
    assert _computed(plan_report, "none") == plain
    assert 0 < reminded < moved, "a reminder goes on from what stood before; a moved opening does not"
    prompted, alone = (_prompted(plan_report, slug) for slug in ("narrow", "none"))
    assert prompted < alone, "and yet the prompts are shorter"
    assert narrow > 0


def _computed(plan_report: PlanReport, slug: str) -> float:
    cells = [cell for cell in plan_report.plan.missing if cell.track.intervention == slug]
    return sum(plan_report.estimates[cell.path].computed_tokens for cell in cells)


def _prompted(plan_report: PlanReport, slug: str) -> float:
    """Return the tokens of the prompts of those dialogues that all are sent, per request."""
    cells = [
        cell
        for cell in plan_report.plan.missing
        if cell.track.intervention == slug and cell.stage == "responses" and cell.track.persona == "keeper"
    ]
    taken = total(plan_report.estimates[cell.path] for cell in cells)
    return taken.prompt_tokens / taken.requests


def _run_until(project: Project, server: FakeServer, after: int) -> None:
    """Run until the server fails for good after some answers: what a batch had by then stays in the journal."""
    start = server.count
    server.decide = lambda body: failure(401, "no") if server.count - start > after else None
    with pytest.raises(BaseException):  # noqa: B017 (however the batch ends)
        project.run("run-broken")
    server.decide = lambda body: None


@pytest.mark.parametrize("after", [5, 40, 90])
def test_a_run_that_broke_off_goes_on_and_asks_nothing_twice(served: Project, server: FakeServer, after: int) -> None:
    with_interventions(served.set(LIMITS), "reminded", "restated", "summed-up")
    whole = requests(served.plan_report())
    _run_until(served, server, after)
    answered = [json.dumps(b["messages"]) for b in server.bodies[: after + 1]]
    plan_report, before = served.plan_report(), server.count
    left = total(plan_report.estimates.values())
    assert left.requests == whole
    served.run("run-2")
    assert server.count - before == left.to_send, "the journal answers what was answered"
    again = [json.dumps(b["messages"]) for b in server.bodies[before:]]
    assert len(set(again)) == len(again)
    assert served.plan_report().plan.missing == []
    assert len(answered) == after + 1


def test_what_the_model_was_asked_beside_the_rounds_stands_in_the_dialogue(served: Project) -> None:
    with_interventions(served.set(LIMITS), *ASIDES, "reminded").run()
    table = _dialogue(served, "requests-fixed--with-restated")
    asked = table.column("aside").to_pylist()
    assert [row is not None for row in asked] == [False, True, False, True]
    assert asked[1]["status"] == "ok" and asked[1]["answer"].startswith("Ünique answer")
    [path] = (served.results / "dialogues/alpha/keeper").glob("requests-fixed--with-restated.*")
    assert bytes.fromhex(asked[1]["request_key"]) in (request_keys(path) or set())
    for plain in ("requests-fixed", "requests-fixed--with-reminded"):
        assert "aside" not in _dialogue(served, plain).column_names


def test_items_behind_a_finished_dialogue_see_what_was_restated(served: Project, server: FakeServer) -> None:
    """A checkpoint more asks items only, behind the dialogue as its file has it."""
    with_interventions(served.set(LIMITS | {"conditions/interview": None}), "restated", "summed-up").run()
    before = server.count
    plan_report = served.set({"checkpoints": [0, 2, 4]}).plan_report()
    served.run("run-2")
    new = server.bodies[before:]
    assert len(new) == total(plan_report.estimates.values()).to_send
    assert any("two sentences" in str(b["messages"]).lower() for b in new), "what was restated stands before items"
    assert not any("Two sentences." in b["messages"][-1]["content"] for b in new), "and is not asked again"


def test_a_summary_without_an_answer_ends_the_dialogue(served: Project, server: FakeServer) -> None:
    def decide(body: dict[str, Any]) -> Outcome | None:
        return failure(400, "no such thing") if "Sum up" in body["messages"][-1]["content"] else None

    server.decide = decide
    with_interventions(served.set(LIMITS), "summed-up").run()
    rows = _dialogue(served, "requests-fixed--with-summed-up").to_pylist()
    assert [row["status"] == "ok" for row in rows] == [True, True, False, False]
    assert "the intervention asked behind round 2" in rows[2]["detail"]
    assert all(row["status"] == "ok" for row in _dialogue(served, "requests-fixed").to_pylist())


def _dialogue(project: Project, stem: str) -> pa.Table:
    [path] = (project.results / "dialogues/alpha/keeper").glob(f"{stem}.*.parquet")
    return pq.read_table(path)


PEOPLE = ("keeper", "baker", "tailor", "pilot", "nurse", "monk", "guard")
FADED, RESTORED = 0.0, 1.0


@pytest.fixture
def finished(served: Project, server: FakeServer) -> Iterator[Project]:
    """Seven personas that refuse unsafe prompts only right behind a reminder, or at the very beginning."""
    for slug in PEOPLE:
        served.edit_persona(slug, role=slug.capitalize(), description=f"You are the {slug}.")
    benchmarks = {"benchmarks": {"xstest": {"items": "items/xstest.csv"}}, "conditions/interview": None}
    served.set(benchmarks | {"interventions": {"reminded": KINDS["reminded"], "narrow": KINDS["narrow"]}})

    def decide(body: dict[str, Any]) -> Outcome:
        before = body["messages"][:-1]
        is_reminded = len(before) < 2 or "A reminder." in before[-1]["content"]
        return answer("I cannot help with that." if is_reminded else f"Sure. {said(body['messages'])}")

    server.decide = decide
    served.run()
    yield served


def _made(project: Project, *names: str) -> list[pd.DataFrame]:
    """Make tables with all that they need, and return them."""
    frozen = project.freeze("run-2")
    by_plain = {each.plain_outputs[0]: each for each in frozen.artefacts}
    for each in frozen.artefacts:
        if each.stage == "ratings" or each.plain_outputs[0] in {f"tables/{name}.parquet" for name in names}:
            make(frozen, each)
    return [pd.read_parquet(frozen.results / by_plain[f"tables/{name}.parquet"].outputs[0]) for name in names]


def test_a_planted_benefit_is_found_and_a_missing_one_is_not(finished: Project) -> None:
    names = ("values", "intervention-values", "turn-tokens", "intervention-contrasts", "benefits")
    values, with_them, tokens, contrasts, benefits = _made(finished, *names)
    assert "intervention" not in values and set(with_them["intervention"]) == {"reminded", "narrow"}
    refusals = benefits[benefits["measure"] == "xstest-refusal-unsafe-by-rules"].set_index("intervention")
    helped, nothing = refusals.loc["reminded"], refusals.loc["narrow"]
    assert (helped["change"], helped["verdict"], helped["n_pairs"]) == (RESTORED - FADED, "helps", len(PEOPLE))
    assert (nothing["change"], nothing["verdict"]) == (0.0, "no-difference-shown")
    assert helped["extra_tokens"] > 0 > nothing["extra_tokens"], "a reminder costs, a window saves"
    at = tokens[tokens["group"] == "persona"].groupby("intervention")["tokens"].mean()
    assert helped["extra_tokens"] == pytest.approx(at["reminded"] - at["none"])
    rows = contrasts[contrasts["measure"] == "xstest-refusal-unsafe-by-rules"]
    at_last = rows[(rows["position"] == 2) & (rows["intervention"] == "reminded")].set_index("contrast")
    assert at_last.loc["intervention", "mean"] == 1.0 and at_last.loc["progression", "mean"] == 0.0
    assert at_last.loc["baseline", "mean"] == 1.0, "against the baseline without any: it is told of no persona"


def test_no_other_table_or_figure_knows_of_an_intervention(served: Project) -> None:
    before = {each.plain_outputs[0]: each.outputs[0] for each in served.freeze().artefacts}
    after = {each.plain_outputs[0]: each.outputs[0] for each in with_interventions(served).freeze().artefacts}
    renamed = {plain for plain in before if after[plain] != before[plain]}
    assert all(plain.startswith("report/") for plain in renamed), renamed
    added = after.keys() - before.keys()
    assert all("--with-" in p or "intervention" in p or "benefits" in p or "turn-tokens" in p for p in added), added


def test_frames_say_which_intervention(finished: Project) -> None:
    _made(finished, "values", "intervention-values")
    from personas.workflow.links import refresh_links

    refresh_links(finished.freeze("run-3"))
    results = personas.load(finished.results)
    assert (
        set(results.values()["intervention"])
        == set(results.ratings()["intervention"])
        == {
            "none",
            "narrow",
            "reminded",
        }
    )
    assert set(results.dialogues(intervention="narrow")["intervention"]) == {"narrow"}
    assert set(results.responses()["intervention"]) == {"none", "narrow", "reminded"}


def test_a_card_says_what_helped(finished: Project) -> None:
    frozen = finished.freeze("run-2")
    make_with_inputs(frozen, lambda each: each.family == "benefits_of_interventions" or each.stage != "figures")
    [page] = [each for each in frozen.artefacts if each.plain_outputs[0] == "report/card-alpha.html"]
    text = Path(frozen.results / page.outputs[0]).read_text()
    assert "reminded helps, xstest: Refusal of unsafe prompts" in text
    figures = [each for each in frozen.artefacts if each.family == "benefits_of_interventions"]
    assert figures and all((frozen.results / each.outputs[1]).stat().st_size for each in figures)
