"""The baseline answers the turns of each persona's user: what is held, asked, planned, named, and compared."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from starlette.testclient import TestClient

import personas
from personas.benchmarks.bfi import FROM_BASELINE
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.figures.drawing import style
from personas.grid.cells import Cell
from personas.plan.costs.estimate import total
from personas.viewer.app import build_app
from personas.viewer.data.corpus import Corpus
from personas.viewer.guard import PARAMETER
from personas.viewer.pages.dialogue import others
from personas.workflow.artefacts import downstream
from personas.workflow.links import refresh_links
from tests.helpers import (
    JUDGE,
    FakeServer,
    Outcome,
    Project,
    answer,
    by_plain_path,
    changed,
    failure,
    make,
    said,
)
from tests.integration.test_users import LIMITS, bodies, dialogue, is_user
from tests.interventions import with_interventions
from tests.users import PLAYED, put_brief

REPLAYED: dict[str, Any] = {"user": {**PLAYED["user"], "replay": "persona"}, "rounds": 4}
PERSONAS = ("keeper", "baker")


@pytest.fixture
def again(served: Project) -> Project:
    return put_brief(served).set(LIMITS | {"conditions/chat": REPLAYED})


def in_place_of(project: Project, persona: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = dialogue(project, f"chat-fixed--as-{persona}", "baseline").to_pylist()
    return rows


def chats(project: Project) -> list[Cell]:
    return [cell for cell in project.grid().cells if cell.track.condition == "chat"]


def test_the_baseline_answers_the_turns_of_each_persona(again: Project, server: FakeServer) -> None:
    again.run()
    for persona in PERSONAS:
        own, baseline = dialogue(again, persona=persona).to_pylist(), in_place_of(again, persona)
        assert [row["user"] for row in baseline] == [row["user"] for row in own]
        assert [row["answer"] for row in baseline] != [row["answer"] for row in own]
        assert all(row["user_reply"] is None for row in baseline if "user_reply" in row)
    assert in_place_of(again, "keeper")[1]["user"] != in_place_of(again, "baker")[1]["user"]
    assert sum(map(is_user, server.bodies)) == 2 * 3, "nobody plays a user for the baseline"
    held = [cell for cell in chats(again) if cell.track.persona == "baseline" and cell.stage == "dialogues"]
    assert {cell.as_persona for cell in held} == {*PERSONAS}


def test_where_the_user_ends_the_conversation_the_baseline_ends_too(again: Project, server: FakeServer) -> None:
    server.decide = lambda body: answer("Goodbye!") if is_user(body) and len(body["messages"]) > 5 else None
    again.run()
    for persona in PERSONAS:
        rows = in_place_of(again, persona)
        assert [row["status"] for row in rows] == ["ok", "ok", "ended", "ended"]
        assert rows[2]["detail"] == "not asked: the dialogue it replays has no round 3"
    assert again.plan_report().plan.missing == []


def test_an_answer_that_failed_does_not_leave_the_baseline_without_its_turn(
    again: Project, server: FakeServer
) -> None:
    """The turn was said; what follows it in the persona's dialogue was not."""

    def decide(body: dict[str, Any]) -> Outcome | None:
        rounds = len(body["messages"]) // 2
        is_keeper = "lighthouse" in body["messages"][0]["content"]
        return failure(400, "no") if is_keeper and rounds == 2 and not is_user(body) else None

    server.decide = decide
    again.set({"benchmarks/xstest/limit": 1}).run()
    own, baseline = dialogue(again).to_pylist(), in_place_of(again, "keeper")
    failed = own[1]["status"]
    assert failed != "ok" and [row["status"] for row in own] == ["ok", failed, failed, failed]
    assert [row["status"] for row in baseline] == ["ok", "ok", failed, failed]


def test_a_dialogue_of_an_earlier_run_is_read(again: Project, server: FakeServer) -> None:
    again.run()
    kept, before = in_place_of(again, "keeper"), server.count
    [path] = (again.results / "dialogues/alpha/baseline").glob("chat-fixed--as-keeper.*.parquet")
    path.unlink()
    report = again.plan_report()
    [batch] = [each for each in report.plan.batches if each.stage == "generate"]
    source = by_plain_path(again.grid())["dialogues/alpha/keeper/chat-fixed.parquet"]
    assert batch.inputs == (f"dialogues/alpha/keeper/chat-fixed.{source}.parquet",), "which is no part of the batch"
    assert total(report.estimates.values()).to_send == 0
    again.run("run-2")
    assert server.count == before and in_place_of(again, "keeper") == kept


def test_what_is_said_anew_is_answered_anew(again: Project, server: FakeServer) -> None:
    """The persona's dialogue is lost, and what the journal knew of it: its user speaks otherwise now."""
    again.run()
    others = dialogue(again, "chat-fixed--as-baker", "baseline").to_pylist()
    [path] = (again.results / "dialogues/alpha/keeper").glob("chat-fixed.*.parquet")
    path.unlink()
    shutil.rmtree(again.results / "journal")
    missing = {cell.plain_path for cell in again.plan_report().plan.missing if cell.track.persona == "baseline"}
    assert missing == {path for path in by_plain_path(again.grid()) if path.endswith("chat-fixed--as-keeper.parquet")}
    server.decide = lambda body: answer(f"And then? {said(body['messages'])}") if is_user(body) else None
    again.run("run-2")
    rows = in_place_of(again, "keeper")
    assert [row["user"] for row in rows] == [row["user"] for row in dialogue(again).to_pylist()]
    assert rows[1]["user"].startswith("And then?")
    assert in_place_of(again, "baker") == others
    assert again.plan_report().plan.missing == []


def test_batches_of_the_baseline_wait_for_those_of_personas(again: Project, server: FakeServer) -> None:
    again.set({"batches": {"max_cells": 1}})
    plan = again.plan_report().plan
    batches = [each for each in plan.batches if each.stage == "generate"]
    made = {path: number for number, each in enumerate(batches) for path in each.outputs}
    [last] = [each for each in batches if any("chat-fixed--as-" in path for path in each.outputs)]
    own = [each.path for each in chats(again) if each.stage == "dialogues" and each.track.persona in PERSONAS]
    assert len(batches) == 3 and set(last.inputs) == set(own)
    assert all(made[path] < batches.index(last) for path in own)
    again.run()
    assert again.plan_report().plan.missing == []
    assert [row["user"] for row in in_place_of(again, "baker")] == [
        row["user"] for row in dialogue(again, persona="baker").to_pylist()
    ]


def test_with_interventions_each_answers_its_own(served: Project, server: FakeServer) -> None:
    again = with_interventions(put_brief(served)).set(LIMITS | {"conditions/chat": REPLAYED, "replicates": 2})
    report = again.plan_report()
    again.run()
    assert total(report.estimates.values()).requests == server.count
    assert len(set(bodies(server))) == server.count
    for cell in chats(again):
        if cell.stage == "dialogues" and cell.track.source:
            turns = [
                pd.read_parquet(again.results / each.path)["user"].tolist()
                for each in (cell, again.grid().dialogues[cell.track.source])
            ]
            assert turns[0] == turns[1], cell.plain_path


def test_where_all_users_begin_alike_a_plan_counts_what_is_sent(again: Project, server: FakeServer) -> None:
    """Round 1 of the baseline is one request for all personas then, and no other round is."""
    put_brief(again, opening="Hello.").set({"checkpoints": [0, 1, 3]})
    report = again.plan_report()
    again.run()
    assert total(report.estimates.values()).requests == server.count == len(set(bodies(server)))


def test_judgements_too(judged: Project, server: FakeServer) -> None:
    """A judge reads the answers of each of the baseline's dialogues as those of one persona."""
    put_brief(judged).set(LIMITS | {"conditions/chat": REPLAYED, "judges/j/references": ["dataset", "zero"]})
    report = judged.plan_report()
    judged.run()
    assert total(report.estimates.values()).requests == server.count == len(set(bodies(server)))
    made = [each for each in chats(judged) if each.metric and each.track.persona == "baseline"]
    assert made and all(each.as_persona == each.track.replays for each in made)


def test_an_edit_of_a_persona_moves_its_baseline_alone(again: Project) -> None:
    before = again.grid()
    again.edit_persona("keeper", description="You keep bees now.")
    moved = {path for path in changed(before, again.grid()) if "/baseline/" in path}
    assert moved == {path for path in by_plain_path(before) if path.endswith("--as-keeper.parquet")}
    again.edit_persona("keeper", description="You keep a lighthouse.")
    before = again.grid()
    again.set({"conditions/chat/user/replay": None})
    assert all("/baseline/" in path for path in changed(before, again.grid()))


def test_a_replay_needs_a_baseline(again: Project) -> None:
    with pytest.raises(UserError, match=r"conditions.chat.user.replay: found persona, expected it with"):
        again.set({"personas/baseline": False}).grid()


def test_a_persona_is_compared_with_the_baseline_in_its_place(
    again: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In all that follows from cells, of a study in which one condition is replayed and the other is not."""
    judge = {**JUDGE, "model": {**JUDGE["model"], "base_url": server.base_url}}
    benchmarks = LIMITS["benchmarks"] | {"bfi": {"items": "items/bfi.json"}}
    again.set({"judges": {"j": judge}, "benchmarks": benchmarks, "patterns": {"benchmarks": ["xstest"]}})
    server.decide = _verdict
    frozen = again.run()
    drawn: set[str] = set()
    monkeypatch.setattr(style, "save", _leave_empty)  # what is drawn matters here, not how it is written
    for artefact in frozen.artefacts:
        if artefact.stage != "figures" or artefact.maker not in drawn:  # of each family of figures one
            make(frozen, artefact)
            drawn.add(artefact.maker)
    refresh_links(frozen)
    _look(again)
    made = {artefact.name: again.results / artefact.outputs[0] for artefact in frozen.artefacts}
    words = ["xstest-words"]

    values = pd.read_parquet(made["values"]).query("group == 'baseline'")
    assert set(values.loc[values["condition"] == "chat", "persona"]) == {*PERSONAS}
    assert values[values["measure"].isin(words) & (values["condition"] == "requests")]["persona"].isna().all()

    paired = pd.read_parquet(made["contrasts"]).query("contrast == 'baseline' and measure in @words")
    assert set(paired["condition"]) == {"chat", "requests"} and (paired["n_pairs"] == 2).all()

    profiles = pd.read_parquet(made["bfi-distances-by-j"])
    apart = profiles[profiles["metric"] == FROM_BASELINE]
    assert not apart.duplicated(["persona", "condition", "checkpoint"]).any()
    assert set(apart["condition"]) == {"chat", "requests"} and set(apart["persona"]) == {*PERSONAS}

    lengths = pd.read_parquet(made["lengths"]).query("condition == 'chat' and group == 'baseline'")
    points = pd.read_parquet(made["by-length"]).query("condition == 'chat' and group == 'baseline'")
    point = points[points["measure"].isin(words)].nlargest(1, "position").iloc[0]
    ends = lengths.loc[lengths["round"] == point["position"], "tokens"]
    assert (point["tokens"], point["n_cells"], point["n_without_tokens"]) == (ends.mean(), 2, 0)
    by_persona = pd.read_parquet(made["length-means"]).query("by == 'persona' and group == 'baseline'")
    assert set(by_persona["name"]) == {"baseline"}


def _leave_empty(_: Figure, *paths: Path) -> None:
    for path in paths:
        write_atomically(path, b"")


def _verdict(body: dict[str, Any]) -> Outcome | None:
    """Rate, not every answer alike."""
    if "response_format" not in body:
        return None
    return answer(json.dumps({"reasoning": "", "verdict": 1 + len(said(body["messages"])) % 5}))


def _look(project: Project) -> None:
    """The viewer and frames tell the two dialogues of the baseline apart, and whose ratings are whose."""
    results = personas.load(project.results)
    held, rated = (rows[rows["condition"] == "chat"] for rows in (results.dialogues(), results.ratings()))
    assert set(held.loc[held["persona"] == "baseline", "reference_persona"]) == {*PERSONAS}
    utterances = rated[rated["round"].notna() & rated["judge"].notna()]
    with contextlib.chdir(project.folder):
        corpus = Corpus(project.grid(), artefacts=downstream)
    corpus.results = project.results
    reader = TestClient(build_app(corpus, "key"), base_url="http://127.0.0.1:8000", follow_redirects=True)
    reader.get(f"/?{PARAMETER}=key")
    for persona, other in (PERSONAS, PERSONAS[::-1]):
        own, name = f"alpha/{persona}/chat-fixed", f"alpha/baseline/chat-fixed--as-{persona}"
        page = reader.get(f"/dialogues/{name}")
        assert page.status_code == 200 and "user&#39;s" not in page.text
        assert others(corpus, corpus.dialogues[own])["persona"][0] == name
        assert f"alpha/baseline/chat-fixed--as-{other}" not in str(others(corpus, corpus.dialogues[own]))
        values = utterances[(utterances["persona"] == "baseline") & (utterances["reference_persona"] == persona)]
        shown = corpus.query().rows("SELECT measure, value FROM value WHERE id = $name", {"name": name})
        by_measure = {row["measure"]: row["value"] for row in shown}
        for metric, mean in values.groupby("metric")["value"].mean().items():
            [found] = [value for measure, value in by_measure.items() if f"{metric}-by-j" in measure]
            assert found == pytest.approx(mean), metric
