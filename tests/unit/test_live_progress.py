"""How far a run is: what batches write while they work, what is made of it, and that estimates come true."""

import asyncio
import contextlib
import dataclasses
import io
import json
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from unittest import mock

import pytest
from rich.console import Console

from personas.batch.asker import Asker
from personas.batch.pace import Pace
from personas.batch.progress import Progress
from personas.config.sampling import Price
from personas.core.lease import lease
from personas.engines.request import Reply, Request
from personas.engines.running import RunningEngine
from personas.plan.batches import Batch
from personas.plan.costs.estimate import Estimate
from personas.plan.frozen import FrozenPlan, write
from personas.plan.outcome import FINISHED, ITS_TURN, UNDER_WAY, Live, Outcome, outcome_file, read_outcome
from personas.requests.same_prefix import works as judging
from personas.requests.work import works as generating
from personas.workflow.progress_log import SECONDS, _log
from personas.workflow.terminal.progress import progress_line, progress_lines
from personas.workflow.terminal.watch import watch
from personas.workflow.time_left import BatchProgress, seconds_left
from tests.helpers import JUDGE, FakeServer, Project, carry_out
from tests.virtual_time import run as run_in_virtual_time

MINUTE = 60.0


class Remembered:
    """A journal in memory."""

    def __init__(self, replies: Mapping[str, Reply] = {}) -> None:
        self.replies = dict(replies)

    def get(self, key: str) -> Reply | None:
        return self.replies.get(key)

    async def append(self, key: str, reply: Reply) -> None:
        self.replies[key] = reply


@dataclasses.dataclass
class Steady:
    """A server that takes the same time for every token, whatever else it does."""

    seconds: Callable[[Request], float]

    async def send(self, request: Request, hints: Any) -> Reply:
        took = self.seconds(request)
        await asyncio.sleep(took)
        return Reply("ok", "A fine morning.", prompt_tokens=50, completion_tokens=5, seconds=took)

    def waiting(self) -> tuple[str, float]:
        return "", 0.0


@dataclasses.dataclass
class Steadily:
    """A batch in virtual time: (second, estimate of the seconds left) at every look, and the second of its end."""

    looks: list[tuple[float, float | None]]
    end: float
    journal: Remembered


async def steadily(
    works: Sequence[Any], server: Steady, room: int, lanes: bool, known: Remembered, to_send: int | None = None
) -> Steadily:
    clock = asyncio.get_running_loop().time
    progress = Progress(
        "batch",
        sum(work.planned for work in works),
        to_send,
        pace=Pace(room, clock),
        in_a_row=lambda: max(work.in_a_row(lanes) for work in works),
    )
    looks: list[tuple[float, float | None]] = []

    async def look() -> None:
        while True:
            looks.append((clock(), progress.live().seconds_left))
            await asyncio.sleep(5)

    @asynccontextmanager
    async def start() -> AsyncIterator[RunningEngine]:
        yield RunningEngine(cast(Any, server))

    looking = asyncio.create_task(look())
    free = asyncio.Semaphore(room if lanes else len(works))

    async def one(rank: int, work: Any, asker: Asker) -> None:
        async with free:
            await work.run(lambda request: asker.ask(request, {}, rank), in_order=lanes)

    async with Asker(cast(Any, known), start, room, progress) as asker, asyncio.TaskGroup() as group:
        for rank, work in enumerate(works):
            group.create_task(one(rank, work, asker))
    looking.cancel()
    assert progress.remaining() == 0
    return Steadily(looks, clock(), known)


def equal(request: Request) -> float:
    return 4.0


def longer_behind_rounds(request: Request) -> float:
    return 2.0 + 1.5 * request.before + (3.0 if request.what == "dialogues" else 0.0)


CASES = [
    pytest.param(1, False, equal, 0.0, id="one after the other"),
    pytest.param(4, False, equal, 0.0, id="four at once"),
    pytest.param(4, False, longer_behind_rounds, 0.0, id="slower behind rounds"),
    pytest.param(64, False, lambda request: 20.0, 0.0, id="more room than dialogues"),
    pytest.param(3, True, longer_behind_rounds, 0.0, id="lanes"),
    pytest.param(4, False, equal, 0.5, id="half of it in the journal"),
    pytest.param(3, True, equal, 0.5, id="lanes, half of it in the journal"),
]


@pytest.mark.parametrize("stage", ["generate", "judge"])
@pytest.mark.parametrize(("room", "lanes", "seconds", "share"), CASES)
def test_after_a_minute_no_estimate_is_off_by_a_factor_of_three(
    served: Project, room: int, lanes: bool, seconds: Callable[[Request], float], share: float, stage: str
) -> None:
    """On a steady server. Nobody can tell better than to a request: one that is under way has some time left."""
    whole = run_in_virtual_time(
        steadily(_works(served, stage), Steady(lambda request: 0.0), room, lanes, Remembered())
    )
    everything = whole.journal.replies
    kept = random.Random(1).sample(sorted(everything), int(share * len(everything)))
    known, to_send = Remembered({key: everything[key] for key in kept}), len(everything) - len(kept)
    told = run_in_virtual_time(steadily(_works(served, stage), Steady(seconds), room, lanes, known, to_send))
    longest = max(seconds(Request({}, [], 0, 1, 1, 0, {}, what="dialogues", before=t)) for t in range(4))
    checked = 0
    for at, estimate in told.looks:
        left = told.end - at
        if at >= MINUTE:
            assert estimate is not None and left / 3 - longest <= estimate <= 3 * left + longest, (at, left)
            checked += 1
    assert checked or told.end < MINUTE + 5


def _works(project: Project, stage: str) -> list[Any]:
    """Return the works of one batch; those of a judge read answers that an earlier batch made."""
    if stage == "generate":
        [batch] = project.frozen().batches
        return list(generating(project.grid(), batch.outputs, project.results))
    if not project.results.exists():
        with FakeServer() as server:
            project.set({"models/alpha/base_url": server.base_url, "judges/j": JUDGE})
            project.run(stages=["generate"])
    [batch] = [batch for batch in project.freeze("run-2").batches if batch.judge]
    return list(judging(project.grid(), batch.outputs, project.results))


BATCHES = [
    Batch("generate_a_01", "a", ("dialogues/1",), (), 100, 1.0),
    Batch("generate_a_02", "a", ("dialogues/2",), (), 100, 1.0),
    Batch("judge_j_a_01", "a", ("judgements/1",), ("dialogues/1",), 40, 1.0, judge="j"),
]
ESTIMATE = Estimate(rows=100, requests=80, journaled=20, seconds=120.0)  # 60 to send, 2 s each


def progress(batch: int, outcome: Outcome | None = None, estimate: Estimate = ESTIMATE) -> BatchProgress:
    return BatchProgress(BATCHES[batch], estimate, outcome)


def under_way(left: int, seconds: float | None, **changes: Any) -> Outcome:
    live = Live(1000.0, left, 2.0, 40.0, seconds, changes.pop("waits_for", ""), changes.pop("waits_until", 0.0))
    return Outcome("b", "a", planned=100, sent=30, engine_seconds=31.0, start_seconds=1.0, live=live, **changes)


FINISHED_OUTCOME = Outcome("b", "a", ended=FINISHED, planned=100, sent=60, engine_seconds=62.0, start_seconds=2.0)
LEFT = [
    pytest.param([progress(0)], 120.0, id="not begun: as planned"),
    pytest.param([progress(0), progress(1)], 240.0, id="one after the other"),
    pytest.param([progress(0, under_way(30, 45.0))], 35.0, id="what the batch says, ten seconds ago"),
    pytest.param([progress(0, under_way(30, None))], 1.0 + 30.0, id="no word yet: what its model took in this run"),
    pytest.param([progress(0, under_way(30, 45.0)), progress(1)], 35.0 + 1.0 + 60.0, id="the next one, as fast"),
    pytest.param([progress(0, under_way(9, 45.0)), progress(1, under_way(9, 75.0))], 65.0, id="side by side"),
    pytest.param([progress(0, FINISHED_OUTCOME)], 0.0, id="done"),
    pytest.param([progress(0, FINISHED_OUTCOME), progress(2)], 120.0, id="a judge, of whom nothing was measured"),
    pytest.param([progress(0, under_way(9, 45.0)), progress(1, under_way(9, 75.0)), progress(2)], 35.0 + 120.0,
                 id="a judge waits for what it reads, and not for more"),
    pytest.param([progress(0, under_way(9, 45.0)), progress(1, under_way(60, None, waits_for=ITS_TURN))],
                 35.0 + 1.0 + 60.0, id="two that take turns"),
    pytest.param([progress(0, Outcome("b", "a", ended="engine-died", sent=20, engine_seconds=20.0))], 40.0,
                 id="failed: the rest, once it is tried again"),
    pytest.param([progress(0, Outcome("b", "a", ended="stopped", sent=5, sent_before=15, engine_seconds=5.0))], 40.0,
                 id="and what was sent before counts"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), LEFT)
def test_time_left_over_all_batches(rows: list[BatchProgress], expected: float) -> None:
    assert seconds_left(rows, 1010.0) == pytest.approx(expected)


def test_what_the_journal_answers_is_done_before_it_is_asked_and_is_no_speed() -> None:
    assert progress_line([progress(0)], 1010.0) == "40 of 100 requests, about 2.0 min left"
    outcome = under_way(30, 45.0, prompt_tokens=900, completion_tokens=300, money=0.123, currency="USD")
    line = progress_line([progress(0, outcome), progress(1)], 1010.0)
    assert line == "110 of 200 requests, 2.0/s, 40 tok/s, 1.20 k tokens, 0.12 USD, about 1.6 min left"
    assert len(f"12:00:00  {line}") < 100


def test_waits_are_told_with_their_end() -> None:
    until = time.mktime((2026, 11, 30, 12, 31, 40, 0, 0, -1))
    rows = [progress(0, under_way(30, 45.0, waits_for="a limit", waits_until=until)), progress(1)]
    assert progress_lines(rows, until - 30)[1:] == ["generate_a_01 waits for a limit until 12:31:40"]
    assert progress_lines(rows, until - 1)[1:] == [], "a moment is not worth a line"
    rows = [progress(0, under_way(30, 45.0, waits_for=ITS_TURN))]
    assert progress_lines(rows, until)[1:] == [f"generate_a_01 waits for {ITS_TURN}"]


async def test_a_batch_renews_its_counts_while_it_works(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personas.batch.progress.WRITE_SECONDS", 0.01)
    outcome = Outcome("generate_a_01", "a", money=1.0, sent_before=7)
    held = Progress("generate_a_01", 10, 8)
    held.waiting = lambda: ("a limit", 20.0)
    file = outcome_file(tmp_path, outcome.batch)
    held.prices[None] = Price(prompt_per_million=1e6, completion_per_million=0.0)
    async with held.kept_on_disk(outcome, tmp_path):
        held.engine_starts()
        held.engine_answers()
        held.count_reused()
        request = Request({}, [{"role": "user", "content": "x"}], 0, 1, 1, 0, {})
        held.count_answer(request, Reply("ok", "a", prompt_tokens=2, completion_tokens=3), 4.0)
        while not ((told := read_outcome(file)) and told.sent):
            await asyncio.sleep(0.01)
        assert (told.planned, told.sent, told.from_journal, told.ended) == (10, 1, 1, UNDER_WAY)
        assert (told.money, told.currency, told.sent_before) == (3.0, "USD", 7)
        assert told.live and (told.live.left, told.live.waits_for) == (7, "a limit")
        assert told.live.waits_until == pytest.approx(told.live.at + 20, abs=1) and told.live.seconds_left == 28.0
    assert outcome.live is None and "live" in json.loads(outcome.content())


@pytest.fixture
def live_run(project: Project) -> FrozenPlan:
    """A run one of whose batches works, as its file says."""
    frozen = project.freeze()
    write(frozen)
    outcome = under_way(3, 45.0, waits_for=ITS_TURN)
    dataclasses.replace(outcome, batch=frozen.batches[0].name).write(frozen.folder())
    return frozen


def test_watching_ends_once_nobody_works(live_run: FrozenPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    page, stack = io.StringIO(), contextlib.ExitStack()
    stack.enter_context(lease(live_run.results / "leases", live_run.batches[0].name, live_run.run.id, ["a"]))
    monkeypatch.setattr("personas.workflow.terminal.watch.time.sleep", lambda seconds: stack.close())
    watch(live_run.results, Console(file=page, width=80))
    told, waiting = page.getvalue().splitlines()
    planned = 100 + live_run.batches[1].requests
    assert f" of {planned} requests, 2.0/s, 40 tok/s, about " in told
    assert waiting.endswith(f"  {live_run.batches[0].name} waits for {ITS_TURN}")
    watch(live_run.results, Console(file=page, width=80))


def test_a_run_without_a_terminal_tells_how_far_it_is(
    live_run: FrozenPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    over = mock.Mock()
    over.wait.side_effect = [False, True]
    _log(live_run, over)
    assert [call.args for call in over.wait.call_args_list] == [(SECONDS,), (SECONDS,)]
    told, _ = capsys.readouterr().err.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d  \d+ of \d+ requests, 2.0/s, ", told)


def test_a_second_try_goes_on_counting(served: Project, server: FakeServer) -> None:
    frozen = served.freeze()
    [batch] = frozen.batches
    Outcome(batch.name, "alpha", ended="engine-died", sent=5, sent_before=2, money=0.5, currency="USD").write(
        frozen.folder()
    )
    carry_out(frozen)
    told = read_outcome(outcome_file(frozen.folder(), batch.name))
    assert told and (told.sent_before, told.money, told.currency) == (7, 0.5, "USD")
    assert told.planned == told.sent + told.from_journal and told.live is None
