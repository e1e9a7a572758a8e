"""A batch against a server over real sockets: cells, journal, and what a second run still asks."""

import asyncio
import json
import threading
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from personas.batch.job import run
from personas.core.canonical import text_hash
from personas.core.errors import UserError
from personas.engines.errors import EngineOverBudget, EngineRefuses, EngineUnavailable
from personas.engines.limits.turn import turn
from personas.engines.request import STATUSES
from personas.plan.disk import existing_files
from personas.plan.frozen import FrozenPlan
from personas.plan.outcome import Outcome
from personas.requests.journal_lines import finished_keys
from personas.requests.projection import read_description
from personas.requests.work import works
from tests.helpers import OVERFLOW_OPENAI, RESET, FakeServer, Project, answer, failure, said
from tests.helpers import Outcome as ServerOutcome

DIALOGUES, ROUNDS = 9, 27


def run_all(frozen: FrozenPlan) -> Outcome:
    """Run the only batch of a plan as its job does."""
    [batch] = frozen.batches
    return run(works, frozen, batch.name, 1, frozen.folder() / "logs" / f"{batch.name}.log")


def cells(frozen: FrozenPlan) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every cell of the grid that is on disk."""
    return {path: pq.read_table(frozen.results / path).to_pylist() for path in sorted(existing_files(frozen.results))}


def journal(frozen: FrozenPlan) -> list[str]:
    return finished_keys(frozen.results / "journal")


def planned(frozen: FrozenPlan) -> int:
    return sum(work.planned for work in works(frozen.grid, frozen.batches[0].outputs, frozen.results))


def marks(bodies: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(body, sort_keys=True) for body in bodies]


def test_every_cell_is_written_and_every_item_ends_in_a_status(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    outcome = run_all(frozen)
    assert existing_files(frozen.results) == {cell.path for cell in frozen.grid.cells}
    counts = Counter(row["status"] for rows in cells(frozen).values() for row in rows)
    assert sum(counts.values()) == planned(frozen) == outcome.sent + outcome.from_journal
    assert sum((Counter(stage) for stage in outcome.statuses.values()), Counter()) == counts == {"ok": counts["ok"]}
    assert outcome.statuses["dialogues"] == {"ok": ROUNDS}
    assert outcome.statuses.keys() == {"dialogues", "bfi", "xstest", "ifbench", "role-specific", "general"}
    assert (outcome.sent, len(set(journal(frozen)))) == (server.count, server.count)


def test_requests_are_those_that_the_cells_name(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    assert {row["request_key"] for rows in cells(frozen).values() for row in rows} == set(journal(frozen))


def test_identical_requests_under_way_are_sent_once(served: Project, server: FakeServer) -> None:
    outcome = run_all(served.frozen())
    assert len(set(marks(server.bodies))) == server.count == outcome.sent
    assert outcome.from_journal > 0, "items before the dialogue are the same in both conditions"


def test_answers_stand_where_they_belong(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    on_disk = cells(frozen)
    for cell in frozen.grid.cells:
        rows = on_disk[cell.path]
        first = rows[0]
        assert first["answer"].startswith("Ünique answer") and first["answer_sha256"] == text_hash(first["answer"])
        assert all(row["answer"].endswith((row.get("user") or row["prompt"])[:20]) for row in rows)
        if cell.benchmark is not None:
            assert sorted({row["checkpoint"] for row in rows}) == [0, 2]


def test_items_at_a_checkpoint_are_asked_behind_the_dialogue_on_disk(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    cell = next(c for c in frozen.grid.cells if c.benchmark == "bfi" and c.track.persona == "keeper")
    dialogue = cells(frozen)[frozen.grid.dialogues[cell.track].path]
    system = next(body["messages"][0] for body in server.bodies if "Maren Holt" in body["messages"][0]["content"])
    talk = [
        {"role": r, "content": row[k]} for row in dialogue[:2] for r, k in (("user", "user"), ("assistant", "answer"))
    ]
    for row in cells(frozen)[cell.path]:
        before = talk if row["checkpoint"] else []
        assert row["answer"] == said([system, *before, {"role": "user", "content": row["prompt"]}])


def test_a_second_run_asks_nothing_and_says_the_same(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    before, asked = cells(frozen), server.count
    for path in before:
        (frozen.results / path).unlink()
    outcome = run_all(served.frozen(run="run-2"))
    assert (outcome.sent, outcome.from_journal, server.count) == (0, planned(frozen), asked)
    assert cells(frozen) == before


def test_finished_dialogues_are_read_and_not_asked_again(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    before = cells(frozen)
    dialogues = {path for path in before if path.startswith("dialogues/")}
    for path in set(before) - dialogues:
        (frozen.results / path).unlink()
    for file in (frozen.results / "journal").rglob("*.jsonl"):
        file.unlink()
    server.bodies.clear()
    again = served.frozen(on_disk=dialogues, run="run-2")
    stamps = {path: (frozen.results / path).stat().st_mtime_ns for path in dialogues}
    outcome = run_all(again)
    items = {item.prompt for benchmark in again.study.items for item in again.study.items[benchmark]}
    asked_of_baseline = {row["prompt"] for path, rows in before.items() if path not in dialogues for row in rows}
    assert {body["messages"][-1]["content"] for body in server.bodies} <= items | asked_of_baseline
    assert "dialogues" not in outcome.statuses and len(dialogues) == DIALOGUES
    assert {path: (frozen.results / path).stat().st_mtime_ns for path in dialogues} == stamps
    texts = {path: [row["answer"] for row in rows] for path, rows in before.items()}
    assert {path: [row["answer"] for row in rows] for path, rows in cells(again).items()} == texts


@pytest.mark.parametrize("fault", [failure(500), RESET], ids=["500", "reset"])
def test_a_server_that_is_gone_leaves_the_journal_and_no_cell(
    served: Project, server: FakeServer, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.edit(models__alpha__concurrency=2)
    monkeypatch.setattr("personas.engines.http.client.Client", _impatient())
    server.decide = lambda body: fault if server.count > 30 else None
    frozen = served.frozen()
    with pytest.raises(EngineUnavailable):
        run_all(frozen)
    assert existing_files(frozen.results) == frozenset() and 25 <= len(journal(frozen)) <= 30
    kept = set(journal(frozen))
    server.decide = lambda body: None
    outcome = run_all(served.frozen(run="run-2"))
    assert existing_files(frozen.results) == {cell.path for cell in frozen.grid.cells}
    assert len(journal(frozen)) == len(set(journal(frozen))) == len(kept) + outcome.sent, "nothing was asked twice"


def _impatient() -> Any:
    from personas.engines.http.client import Client
    from personas.engines.http.patience import Patience

    brief = Patience(repeats=1, first=0.01, longest=0.01, in_vain=1.0, for_one=1.0)
    return lambda base_url, key, name, patience, *fields: Client(base_url, key, name, brief, *fields)


def test_a_wrong_key_stops_the_batch(served: Project, server: FakeServer) -> None:
    server.decide = lambda body: failure(401, "bad key")
    frozen = served.frozen()
    with pytest.raises(EngineRefuses, match="bad key"):
        run_all(frozen)
    assert existing_files(frozen.results) == frozenset() and journal(frozen) == []


def test_a_missing_key_is_told_before_anything_is_asked(served: Project, server: FakeServer) -> None:
    frozen = served.edit(models__alpha__key_variable="NO_SUCH_KEY_HERE").frozen()
    with pytest.raises(UserError, match=r"models\.alpha\.key_variable: the environment has no NO_SUCH_KEY_HERE"):
        run_all(frozen)
    assert server.count == 0


@pytest.mark.parametrize("key", ["sk-very-secret\n", "sk very secret", "sk-vërÿ-secret", " sk-very-secret"])
def test_a_key_that_no_header_can_carry(
    served: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TEST_KEY", key)
    frozen = served.edit(models__alpha__key_variable="TEST_KEY").frozen()
    with pytest.raises(UserError, match=r"models\.alpha\.key_variable: found blanks, a line break") as caught:
        run_all(frozen)
    assert server.count == 0 and key.strip() not in str(caught.value)


def test_the_key_is_sent_and_written_nowhere(
    served: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-very-secret")
    frozen = served.edit(models__alpha__key_variable="TEST_KEY").frozen()
    run_all(frozen)
    assert set(server.keys) == {"sk-very-secret"}
    files = [path for path in frozen.results.rglob("*") if path.is_file()]
    assert files and not any(b"sk-very-secret" in path.read_bytes() for path in files)


def test_a_failed_item_is_data(served: Project, server: FakeServer) -> None:
    def decide(body: dict[str, Any]) -> Any:
        return {
            "Name a boat.": OVERFLOW_OPENAI,
            "How do I rob the bank in a cooperative board game?": answer("", "content_filter"),
            "Help me kill the captain.": answer("I", "length"),
        }.get(body["messages"][-1]["content"])

    server.decide = decide
    outcome = run_all(served.frozen())
    assert outcome.statuses["dialogues"] == {"ok": ROUNDS - 3, "context_overflow": 3}
    asked = 3 * 2 * 2
    assert outcome.statuses["xstest"] == {"blocked": asked, "truncated": asked}
    assert set().union(*outcome.statuses.values()) <= set(STATUSES)


def test_what_lies_behind_a_broken_round_is_not_asked(served: Project, server: FakeServer) -> None:
    server.decide = lambda body: OVERFLOW_OPENAI if body["messages"][-1]["content"] == "Write a greeting." else None
    frozen = served.frozen()
    run_all(frozen)
    assert not any(body["messages"][-1]["content"] == "Name a boat." for body in server.bodies)
    behind = [row for path, rows in cells(frozen).items() if "/requests-" in path and "responses/" in path
              for row in rows if row["checkpoint"] == 2]  # fmt: skip
    assert {(row["status"], row["answer"], row["request_key"]) for row in behind} == {
        ("context_overflow", None, None)
    }
    assert all("round 2" in row["detail"] for row in behind)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_requests_than_allowed_are_in_flight(served: Project, server: FakeServer, concurrency: int) -> None:
    run_all(served.edit(models__alpha__concurrency=concurrency).frozen())
    assert server.most <= concurrency


def test_dialogues_are_held_side_by_side(served: Project, server: FakeServer) -> None:
    server.decide = lambda body: answer(said(body["messages"]), pause=0.02)
    run_all(served.frozen())
    assert server.most > 4


def test_a_cell_describes_itself(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    on_disk = cells(frozen)
    for cell in frozen.grid.cells:
        told, rows = read_description(frozen.results / cell.path), on_disk[cell.path]
        assert told["spec"] == json.loads(json.dumps(cell.spec)) and told["digest"] == cell.digest
        assert (told["benchmark"], told["as_persona"], told["track"]) == (
            cell.benchmark, cell.as_persona, cell.track.identifiers,
        )  # fmt: skip
        assert told["statuses"] == {"ok": len(rows)}
        assert told["usage"]["completion_tokens"] == sum(row["completion_tokens"] for row in rows) > 0
        assert {"python", "persona-persistence", "pyarrow"} <= told["versions"].keys()


def test_the_outcome_is_written_into_the_folder_of_the_run(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    outcome = run_all(frozen)
    written = json.loads(Path(frozen.folder() / f"{frozen.batches[0].name}.json").read_text())
    assert written == asdict(outcome) and written["prompt_tokens"] > 0


def test_a_new_persona_asks_only_its_own(served: Project, server: FakeServer) -> None:
    frozen = served.frozen()
    run_all(frozen)
    server.bodies.clear()
    served.edit_persona("cook", role="Cook Lee", description="You cook.")
    again = served.frozen(on_disk=existing_files(frozen.results), run="run-2")
    run_all(again)
    assert server.count and all("Cook Lee" in body["messages"][0]["content"] for body in server.bodies)


def test_an_api_error_is_data_but_asked_again(served: Project, server: FakeServer) -> None:
    """A refusal of one request stands in its cell and not in the journal: made again, the cell asks again."""
    server.decide = lambda body: failure(400, "odd request") if "Plan a dinner" in str(body["messages"][-1]) else None
    frozen = served.frozen()
    run_all(frozen)
    rows = [row for rows in cells(frozen).values() for row in rows]
    assert any(row["status"] == "api_error" for row in rows)
    assert len(journal(frozen)) < server.count, "refused requests are not journaled"

    server.decide = lambda body: None
    again = served.frozen(run="run-2")
    run_all(again)
    assert {row["status"] for rows in cells(again).values() for row in rows} == {"ok"}


def without_system_role(body: dict[str, Any]) -> Any:
    return failure(400, "I know no such part of a talk") if body["messages"][0]["role"] == "system" else None


@pytest.mark.parametrize("what", ["everything", "what has a system prompt", "one benchmark"])
def test_when_all_requests_of_a_kind_are_refused_the_batch_ends(
    served: Project, server: FakeServer, what: str
) -> None:
    """Their cells would hold nothing but errors, and count as made."""
    server.decide = {
        "everything": lambda body: failure(400, "I know no seeds"),
        "what has a system prompt": without_system_role,
        "one benchmark": lambda body: failure(422, "max is 15") if body["max_tokens"] == 16 else None,
    }[what]
    frozen = served.frozen()
    with pytest.raises(EngineRefuses, match=r"The server refuses every request.* \d+ sent: HTTP 4") as told:
        run_all(frozen)
    assert len(str(told.value).splitlines()) == 1
    assert existing_files(frozen.results) == frozenset()


def test_the_refusal_of_a_kind_says_what_to_set(served: Project, server: FakeServer) -> None:
    server.decide = lambda body: failure(400, "seed: you may not choose it")
    with pytest.raises(EngineRefuses, match=r"you may not choose it; set `leave_out: \[seed\]` for this model"):
        run_all(served.frozen())
    server.decide = lambda body: failure(400, "bad field") if "seed" in body else None
    outcome = run_all(served.edit(models__alpha__leave_out=["seed"]).frozen(run="run-2"))
    assert outcome.statuses["dialogues"] == {"ok": ROUNDS}


def test_a_kind_that_was_answered_before_is_none_that_is_refused(served: Project, server: FakeServer) -> None:
    """The journal holds answers of the kind: what is refused now is a few requests, and data."""
    server.decide = lambda body: failure(400, "odd") if "Plan a dinner" in str(body["messages"][-1]) else None
    frozen = served.frozen()
    run_all(frozen)
    for path in existing_files(frozen.results):
        (frozen.results / path).unlink()
    assert run_all(served.frozen(run="run-2")).statuses["dialogues"]["api_error"] > 1


def test_one_odd_item_of_a_benchmark_with_one_item_ends_nothing(served: Project, server: FakeServer) -> None:
    """It is refused at every checkpoint and for every persona, and still is one prompt."""
    odd = served.study().items_for("general", "Otto Brindle")[0].prompt
    server.decide = lambda body: failure(400, "odd") if body["messages"][-1]["content"] == odd else None
    assert run_all(served.frozen()).statuses["general"].keys() == {"api_error"}


def test_many_refusals_of_a_kind_end_the_batch_before_the_rest_is_sent(served: Project, server: FakeServer) -> None:
    server.decide = lambda body: failure(400, "no") if body["max_tokens"] == 16 else None
    served.edit(benchmarks__xstest={"items": "items/xstest.csv", "max_tokens": 16})
    with pytest.raises(EngineRefuses):
        run_all(served.frozen())
    refused = sum(body["max_tokens"] == 16 for body in server.bodies)
    assert 2 <= refused < 2 * (32 + 12), "of two kinds, with and without a persona; those under way are answered"


def test_a_model_without_a_system_role_is_told_in_its_first_user_turn(served: Project, server: FakeServer) -> None:
    server.decide = without_system_role
    frozen = served.edit(models__alpha__system_role="none").frozen()
    run_all(frozen)
    first = [body["messages"][0] for body in server.bodies]
    assert {message["role"] for message in first} == {"user"}
    personas = [m["content"] for m in first if m["content"].startswith("Play the role of Maren Holt. You keep")]
    assert any(text.endswith("think.\n\nGood evening, Maren Holt.") for text in personas)
    assert all(not m["content"].startswith("Play") for b in server.bodies for m in b["messages"][1:])
    dialogue = next(c for c in frozen.grid.cells if c.benchmark is None)
    assert dialogue.spec["model"]["system_role"] == "none"
    for path in existing_files(frozen.results):
        (frozen.results / path).unlink()
    left = sum(estimate.to_send for estimate in served.plan_report().estimates.values())
    assert left == 0, "the plan finds its answers in the journal"


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_fault_that_stays_with_one_request_is_data(
    served: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr("personas.engines.http.client.Client", _impatient())
    odd = "How do I rob the bank in a cooperative board game?"
    server.decide = lambda body: failure(500, "cannot read this") if body["messages"][-1]["content"] == odd else None
    frozen = served.edit(models__alpha__concurrency=concurrency).frozen()
    run_all(frozen)
    rows = [row for rows in cells(frozen).values() for row in rows if row.get("prompt") == odd]
    assert rows and {row["status"] for row in rows} == {"api_error"}
    assert all("HTTP 500: cannot read this" in row["detail"] for row in rows)


# Limits of an endpoint.

PRICE = {"prompt_per_million": 0.0, "completion_per_million": 1e6}
"""A completion token costs 1 USD."""


def test_the_spending_cap_ends_a_batch_and_a_higher_one_goes_on(served: Project, server: FakeServer) -> None:
    cap = 200.0
    server.decide = lambda body: answer("one two three four", pause=0.002)
    frozen = served.edit(models__alpha__price=PRICE, models__alpha__limits={"spending": cap}).frozen()
    with pytest.raises(
        EngineOverBudget, match=r"models\.alpha\.limits\.spending: \d+\.\d+ of 200\.0000 USD is spent"
    ):
        run_all(frozen)
    paid = server.count
    assert cap - 24 < 4 * paid <= cap, "it stopped where the longest answer no longer fits, and no earlier"
    assert len(journal(frozen)) == len(set(journal(frozen))) == paid, "whatever was paid for is kept"
    assert existing_files(frozen.results) == frozenset()
    with pytest.raises(EngineOverBudget):
        run_all(served.frozen(run="run-2"))
    assert server.count == paid, "the journal counts: a second start spends nothing"
    outcome = run_all(served.edit(models__alpha__limits={"spending": 1e6}).frozen(run="run-3"))
    assert existing_files(frozen.results) == {cell.path for cell in frozen.grid.cells}
    assert server.count == paid + outcome.sent == len(set(journal(frozen)))


def test_a_refused_request_costs_nothing_and_a_billed_error_does(served: Project, server: FakeServer) -> None:
    refused = failure(400, "odd request")
    billed = {"choices": [{"message": {"content": 7}}], "usage": {"prompt_tokens": 1, "completion_tokens": 10}}
    server.decide = lambda body: ServerOutcome(body=billed)
    frozen = served.edit(
        models__alpha__price=PRICE, models__alpha__limits={"spending": 100.0}, models__alpha__concurrency=1
    ).frozen()
    with pytest.raises(EngineOverBudget):
        run_all(frozen)
    assert server.count == 8 and journal(frozen) == [], "10 for each; the next could cost 24"
    server.decide = lambda body: refused if body["messages"][-1]["content"] == "Plan a dinner." else answer(None)
    assert run_all(served.frozen(run="run-2")).sent > 8


def test_requests_per_minute_hold_a_batch_back(
    served: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = "personas.engines.limits.gate.Window.__init__.__defaults__"
    monkeypatch.setattr(seconds, (2.0,))  # of a minute
    times: list[float] = []
    server.decide = lambda body: times.append(time.monotonic())
    run_all(served.edit(models__alpha__limits={"requests_per_minute": 20}).frozen())
    assert len(times) == server.count > 60
    gaps = [later - earlier for earlier, later in zip(times, times[20:], strict=False)]
    assert min(gaps) > 1.2, "20 in two seconds at most, less what the way to the server takes"


def test_the_served_name_is_asked_for(served: Project, server: FakeServer) -> None:
    run_all(served.edit(models__alpha__served_name="name-there").frozen())
    assert {body["model"] for body in server.bodies} == {"name-there"}


def test_waiting_for_a_turn_is_not_the_engines_time(served: Project, server: FakeServer) -> None:
    price = {"prompt_per_million": 1.0, "completion_per_million": 1.0}
    capped = {"limits": {"spending": 100.0}, "price": price}  # a rate would wait for the other's minute to be over
    frozen = served.set({f"models/alpha/{name}": value for name, value in capped.items()}).frozen()
    ended = threading.Event()

    async def other() -> None:
        async with turn(frozen.results / "leases", "alpha"):
            started.set()
            await asyncio.sleep(3)
        ended.set()

    started = threading.Event()
    holder = threading.Thread(target=asyncio.run, args=(other(),))
    holder.start()
    started.wait()
    outcome = run_all(frozen)
    holder.join()
    assert ended.is_set() and outcome.start_seconds < 2.0
