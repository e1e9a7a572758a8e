"""Dialogues whose user turns a model writes, of several scripts, or held elsewhere: asked, planned, resumed."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personas.core.errors import UserError
from personas.plan.costs.estimate import total
from personas.plan.plan_report import PlanReport
from personas.workflow.upkeep.keys import request_keys
from tests.helpers import FakeServer, Outcome, Project, answer, by_plain_path, changed, failure, make, said
from tests.interventions import with_interventions
from tests.users import HELD, MESSAGES, PLAYED, SEGMENTS, WRITER, put_brief, put_transcript

LIMITS: dict[str, Any] = {
    "benchmarks": {"xstest": {"items": "items/xstest.csv", "limit": 2, "max_tokens": 16}},
    "conditions/interview": None,
    "conditions/requests/rounds": 4,
    "models/beta": None,
}


def is_user(body: dict[str, Any]) -> bool:
    return "You are the user in a conversation" in str(body["messages"][0]["content"])


def bodies(server: FakeServer, since: int = 0) -> list[str]:
    return [json.dumps(body, sort_keys=True) for body in server.bodies[since:]]


@pytest.fixture
def chat(served: Project) -> Project:
    """The tiny study with a condition whose user the measured model plays."""
    return put_brief(served).set(LIMITS | {"conditions/chat": PLAYED})


@pytest.fixture
def written(chat: Project, server: FakeServer) -> Project:
    """Another model plays the user."""
    writer = WRITER | {"base_url": server.base_url}
    return chat.set({"users": {"writer": writer}, "conditions/chat/user/model": "writer"})


@pytest.fixture
def again(written: Project) -> Project:
    """The baseline answers the turns of each persona's user."""
    return written.set({"conditions/chat/user/replay": "persona"})


@pytest.fixture(params=["chat", "written", "again"])
def played(request: pytest.FixtureRequest) -> Project:
    project: Project = request.getfixturevalue(request.param)
    return project


def requests(plan_report: PlanReport) -> int:
    return total(plan_report.estimates.values()).requests


def dialogue(project: Project, stem: str = "chat-fixed", persona: str = "keeper") -> pa.Table:
    [path] = (project.results / "dialogues/alpha" / persona).glob(f"{stem}.*.parquet")
    return pq.read_table(path)


def test_a_plan_counts_what_is_sent(played: Project, server: FakeServer) -> None:
    plan_report = played.plan_report()
    played.run()
    assert requests(plan_report) == server.count == len(set(bodies(server)))
    assert played.plan_report().plan.missing == []


def test_with_interventions_and_replicates_too(played: Project, server: FakeServer) -> None:
    with_interventions(played.set({"replicates": 2}), "reminded", "restated", "narrow")
    plan_report = played.plan_report()
    played.run()
    assert requests(plan_report) == server.count == len(set(bodies(server)))


def test_judgements_too(judged: Project, server: FakeServer) -> None:
    put_brief(judged).set(LIMITS | {"conditions/chat": PLAYED, "judges/j/references": ["dataset", "zero"]})
    plan_report = judged.plan_report()
    judged.run()
    assert requests(plan_report) == server.count


def test_the_user_reads_the_conversation_from_the_other_side(chat: Project, server: FakeServer) -> None:
    chat.run()
    rows = dialogue(chat).to_pylist()
    assert rows[0]["user"] == "Hello, Maren Holt." and rows[0]["user_reply"] is None
    mine = [b for b in server.bodies if is_user(b) and "Maren Holt" in b["messages"][0]["content"]]
    assert len(mine) == 3
    system, begin, first, heard = next(b["messages"] for b in mine if len(b["messages"]) == 4)
    assert "You are Kim, and curious about Maren Holt." in system["content"] and "GOODBYE" in system["content"]
    assert (begin["role"], first["role"], heard["role"]) == ("user", "assistant", "user")
    assert (first["content"], heard["content"]) == (rows[0]["user"], rows[0]["answer"])
    assert rows[1]["user"] == said([system, begin, first, heard]) == rows[1]["user_reply"]["answer"]
    assert rows[1]["user_reply"]["request_key"] != rows[1]["request_key"]
    assert "lighthouse" not in system["content"], "a user does not know what the persona was told"


def test_each_persona_has_a_user_of_its_own(chat: Project, server: FakeServer) -> None:
    chat.run()
    turns = {who: tuple(dialogue(chat, persona=who).column("user").to_pylist()) for who in ("keeper", "baseline")}
    assert turns["keeper"] != turns["baseline"] and turns["baseline"][0] == "Hello, alpha-1b."


def test_another_model_has_a_journal_and_a_price_of_its_own(written: Project, server: FakeServer) -> None:
    plan_report = written.plan_report()
    asked = [cell for cell in plan_report.plan.missing if cell.stage == "dialogues" and cell.kind == "dialogues"]
    chats = [cell for cell in asked if cell.track.condition == "chat"]
    money = total(plan_report.estimates[cell.path] for cell in chats).money
    frozen = written.run()
    by_model = [b["model"] for b in server.bodies if is_user(b)]
    assert set(by_model) == {"org/writer-1b"} and len(by_model) == 3 * len(chats)
    lines = [path.read_text().splitlines() for path in (written.results / "journal/writer").glob("*.jsonl")]
    assert sum(map(len, lines)) == len(by_model)
    [outcome] = [json.loads(path.read_text()) for path in frozen.folder().glob("generate_*.json")]
    of_users = [row for row in outcome["measured"] if row["by"] == "writer"]
    assert {row["what"] for row in of_users} == {"user-turns"}
    usage = [(r["prompt_tokens"], r["completion_tokens"]) for r in of_users]
    assert outcome["money"] == pytest.approx(sum(p * 1e-4 + c * 2e-4 for p, c in usage), abs=1e-5) and money > 0


def refuse_after(project: Project, server: FakeServer, after: int) -> list[dict[str, Any]]:
    """Answer so many requests, which it returns, and refuse the next once the journals hold these answers."""
    answered: list[dict[str, Any]] = []
    arrived = itertools.count()

    def decide(body: dict[str, Any]) -> Outcome | None:
        if next(arrived) < after:
            answered.append(body)
            return None
        while sum(path.read_bytes().count(b"\n") for path in (project.results / "journal").glob("*/*.jsonl")) < after:
            server.wait(0.02)
        return failure(401, "no")

    server.decide = decide
    return answered


@pytest.mark.parametrize("after", [3, 12, 40])
def test_a_run_that_broke_off_goes_on_and_asks_nothing_twice(played: Project, server: FakeServer, after: int) -> None:
    whole = requests(played.plan_report())
    answered = refuse_after(played, server, after)
    with pytest.raises(BaseException):  # noqa: B017 (however the batch ends)
        played.run("run-broken")
    server.decide = lambda body: None
    server.wait_until_idle()
    plan_report, before = played.plan_report(), server.count
    left = total(plan_report.estimates.values())
    assert left.requests == whole and left.journaled == len(answered) == after
    played.run("run-2")
    again = bodies(server, before)
    assert len(again) == len(set(again)) == left.to_send, "the journals answer what was answered"
    assert not set(again) & {json.dumps(body, sort_keys=True) for body in answered}
    assert played.plan_report().plan.missing == []


def test_items_behind_a_finished_dialogue_ask_nobody_to_play_the_user(played: Project, server: FakeServer) -> None:
    played.run()
    before = server.count
    plan_report = played.set({"checkpoints": [0, 2, 4]}).plan_report()
    played.run("run-2")
    assert server.count - before == total(plan_report.estimates.values()).to_send
    assert not any(map(is_user, server.bodies[before:]))


def test_a_user_who_ends_the_conversation(played: Project, server: FakeServer) -> None:
    def decide(body: dict[str, Any]) -> Outcome | None:
        return answer("Thank you. Goodbye!") if is_user(body) and len(body["messages"]) > 5 else None

    server.decide = decide
    plan_report = played.set({"checkpoints": [0, 2, 4]}).plan_report()
    played.run()
    rows = dialogue(played).to_pylist()
    assert [row["status"] for row in rows] == ["ok", "ok", "ended", "ended"]
    assert rows[2]["user"] == "Thank you. Goodbye!" and rows[3]["user"] == ""
    assert rows[3]["detail"] == "not asked: the user ended the conversation behind round 2"
    [path] = (played.results / "responses/alpha/keeper/xstest").glob("chat-fixed.*")
    items = pq.read_table(path).to_pylist()
    assert {row["status"] for row in items if row["checkpoint"] == 4} == {"ended"}
    assert {row["status"] for row in items if row["checkpoint"] == 2} == {"ok"}
    assert server.count < requests(plan_report), "a plan cannot know, and counts the most"
    assert played.plan_report().plan.missing == []


def test_a_user_without_a_turn_ends_the_dialogue(chat: Project, server: FakeServer) -> None:
    server.decide = lambda body: answer("<think>What now?</think>") if is_user(body) else None
    chat.run()
    rows = dialogue(chat).to_pylist()
    assert [row["status"] for row in rows][:2] == ["ok", "empty"]
    assert "the user wrote nothing behind round 1" in rows[1]["detail"]


def test_thinking_is_not_said(chat: Project, server: FakeServer) -> None:
    server.decide = lambda body: answer(f"<think>Hm.</think>{said(body['messages'])}")
    chat.run()
    assert not any("Hm." in row["user"] for row in dialogue(chat).to_pylist())
    assert not any("Hm." in m["content"] for b in server.bodies if is_user(b) for m in b["messages"])


def test_journals_are_kept_as_long_as_a_dialogue_stands_on_them(played: Project) -> None:
    played.run()
    [path] = (played.results / "dialogues/alpha/keeper").glob("chat-fixed.*.parquet")
    table = pq.read_table(path)
    keys = {row["request_key"] for row in table.column("user_reply").to_pylist() if row}
    assert len(keys) == 3 and {bytes.fromhex(key) for key in keys} < (request_keys(path) or set())


def edits(project: Project) -> Iterator[tuple[str, set[str]]]:
    """Yield edits of who the user is, each with the plain paths that it makes anew."""
    before = project.grid()

    def touched(what: str) -> tuple[str, set[str]]:
        return what, changed(before, project.grid())

    chats = {path for path in by_plain_path(before) if "chat-fixed" in path}
    for what, brief in {
        "brief": {"brief": "You are Lee."},
        "opening": {"opening": "Hi."},
        "stop": {"stop": "THE END"},
    }.items():
        put_brief(project, **brief)
        yield touched(what)[0], touched(what)[1] ^ chats
    put_brief(project)
    project.set({"conditions/chat/user/max_tokens": 7})
    yield "max_tokens", touched("max_tokens")[1] ^ chats
    project.set({"conditions/chat/user/max_tokens": None})
    yield "as before", changed(before, project.grid())


def test_an_edit_makes_what_depends_on_the_user(chat: Project) -> None:
    for what, wrong in edits(chat):
        assert wrong == set(), what


def test_who_plays_the_user_shapes_the_dialogue(written: Project) -> None:
    before = written.grid()
    for place, value in (("id", "org/other"), ("sampling/temperature", 0.9)):
        written.set({f"users/writer/{place}": value})
        made = changed(before, written.grid())
        assert made == {path for path in by_plain_path(before) if "chat-fixed" in path}, place
        written.set({f"users/writer/{place}": WRITER["id"] if place == "id" else 0.3})
    written.set({"users/writer/price": None, "users/writer/concurrency": 3})
    assert changed(before, written.grid()) == set()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"conditions/chat/turns": "turns/requests.json"},
            "found turns and user, expected one of turns, segments and user",
        ),
        ({"conditions/chat/user": None}, "found none, expected one of turns, segments and user"),
        ({"conditions/chat/user/model": "nobody"}, "conditions.chat.user.model: found nobody, expected same"),
        ({"conditions/chat/orders": ["fixed", "shuffled"]}, "found shuffled, expected fixed only"),
        ({"conditions/chat/rounds": None}, "rounds: missing or 0"),
        ({"conditions/chat/user/brief": "users/none.yaml"}, "users/none.yaml: no such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_in_a_sentence(chat: Project, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told.replace(".", r"\.")):
        chat.set(changes).grid()


def test_a_script_that_comes_back_goes_on_where_it_stopped(served: Project, server: FakeServer) -> None:
    served.set(LIMITS | {"conditions": {"mixed": {"segments": SEGMENTS, "orders": ["fixed", "shuffled"]}}})
    plan_report = served.plan_report()
    served.run()
    turns = dialogue(served, "mixed-fixed").column("user").to_pylist()
    assert turns == [
        "Good evening, Maren Holt.",
        "What do you see in the morning?",
        "Plan a dinner.",
        "Write a greeting.",
        "Whom do you trust?",
        "What do you hope for?",
    ]
    mixed = dialogue(served, "mixed-shuffled").column("user").to_pylist()
    assert [sorted(mixed[n : n + 2]) for n in (0, 2, 4)] == [sorted(turns[n : n + 2]) for n in (0, 2, 4)]
    assert requests(plan_report) == server.count


def test_segments_that_begin_alike_share_requests(served: Project, server: FakeServer) -> None:
    first = {"turns": "turns/requests.json", "rounds": 2}
    both = {"plain": {"turns": "turns/requests.json", "rounds": 4}, "mixed": {"segments": [first, SEGMENTS[0]]}}
    plan_report = served.set(LIMITS | {"conditions": both}).plan_report()
    served.run()
    assert requests(plan_report) == server.count == len(set(bodies(server)))


def test_too_many_rounds_of_a_script_that_comes_back(served: Project) -> None:
    served.set({"conditions": {"mixed": {"segments": [SEGMENTS[0], {**SEGMENTS[2], "rounds": 3}]}}})
    with pytest.raises(
        UserError, match=r"segments\.1\.rounds: found 3, expected 0 to 2, the user turns that are left"
    ):
        served.grid()


@pytest.fixture
def held(served: Project) -> Project:
    return put_transcript(served, MESSAGES).set(LIMITS | {"conditions/chat": HELD})


def test_a_conversation_that_was_held_elsewhere_is_not_asked(held: Project, server: FakeServer) -> None:
    plan_report = held.plan_report()
    held.run()
    assert requests(plan_report) == server.count == len(set(bodies(server)))
    rows = dialogue(held).to_pylist()
    assert [(row["user"], row["answer"]) for row in rows] == [
        (f"user says {n}", f"assistant says {n}") for n in (1, 2, 3, 4)
    ]
    assert {row["request_key"] for row in rows} == {None} and {row["status"] for row in rows} == {"ok"}
    behind = [b["messages"] for b in server.bodies if any(m["content"] == "assistant says 2" for m in b["messages"])]
    assert behind and all(m[-1]["content"] != "user says 3" for m in behind), "items only"


def test_with_interventions_that_ask_something_themselves(held: Project, server: FakeServer) -> None:
    plan_report = with_interventions(held, "restated", "narrow").plan_report()
    held.run()
    assert requests(plan_report) == server.count


def test_only_the_turns_of_a_conversation(held: Project, server: FakeServer) -> None:
    plan_report = held.set({"conditions/chat/answers": "own"}).plan_report()
    held.run()
    assert requests(plan_report) == server.count
    assert dialogue(held).column("user").to_pylist() == [f"user says {n}" for n in (1, 2, 3, 4)]
    assert "assistant says 1" not in dialogue(held).column("answer").to_pylist()


def test_an_answer_shapes_what_follows_it(held: Project) -> None:
    before = held.grid()
    put_transcript(held, [*MESSAGES[:-1], {"role": "assistant", "content": "another end"}])
    made = changed(before, held.grid())
    assert made == {path for path in by_plain_path(before) if "chat-fixed" in path and path.startswith("dialogues")}


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "found no message"),
        (MESSAGES[:3], "a user turn at its end"),
        (MESSAGES[1:], "line 1: found 'assistant', expected a message of the role user"),
        ([MESSAGES[0], MESSAGES[0]], "line 2: found 'user', expected a message of the role assistant"),
        ([{"role": "user", "content": " "}], "line 1: content: found no text"),
        (MESSAGES[:4], r"rounds: found 4, expected 1 to 2, the rounds of"),
    ],
)
def test_files_that_are_no_conversation(held: Project, messages: list[dict[str, Any]], told: str) -> None:
    put_transcript(held, messages)
    with pytest.raises(UserError, match=told):
        held.grid()


def test_planted_reversals_are_counted(chat: Project, server: FakeServer) -> None:
    """The user begins to serve in the second half, the persona asks for help everywhere."""

    def decide(body: dict[str, Any]) -> Outcome:
        text = said(body["messages"])
        if is_user(body):
            return answer(f"How can I help you? {text}" if len(body["messages"]) > 5 else text)
        return answer(f"Could you help me? {text}" if "Maren Holt" in str(body["messages"][0]) else text)

    server.decide = decide
    chat.run()
    frozen = chat.freeze("run-2")
    [table] = [each for each in frozen.artefacts if each.plain_outputs[0] == "tables/role-reversals.parquet"]
    rows = pd.read_parquet(make(frozen, table))
    rows = rows[rows["persona"] == "keeper"].set_index(["who", "half"])
    assert rows["share"].to_dict() == {
        ("persona", "all"): 1.0,
        ("persona", "first"): 1.0,
        ("persona", "second"): 1.0,
        ("user", "all"): pytest.approx(2 / 3),
        ("user", "first"): 0.0,
        ("user", "second"): 1.0,
    }
    assert (rows["low"] < rows["high"]).all() and rows.loc[("user", "all"), "n_turns"] == 3


def test_without_a_played_user_there_is_no_such_table(served: Project) -> None:
    assert not any("role-reversals" in each.plain_outputs[0] for each in served.freeze().artefacts)
