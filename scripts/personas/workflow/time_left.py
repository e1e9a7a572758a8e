"""When all batches of a run will be done: those under way, and those that wait, one after the other."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personas.plan.batches import Batch
from personas.plan.costs.estimate import Estimate
from personas.plan.outcome import FINISHED, ITS_TURN, UNDER_WAY, Live, Outcome


@dataclass(frozen=True)
class BatchProgress:
    """A batch as its plan and its outcome tell of it; `outcome` is None before it begins.

    `done` of its `planned` requests are answered: by the engine, by the journal, or by an equal one.
    """

    batch: Batch
    estimate: Estimate
    outcome: Outcome | None

    @property
    def planned(self) -> int:
        """Requests that are answered in all."""
        return (self.outcome.planned if self.outcome else 0) or self.batch.requests

    @property
    def remaining(self) -> int:
        """Requests that are still to be sent, as far as is known."""
        if self.outcome is None:
            return self.estimate.to_send
        if self.live:
            return self.live.left
        tried = self.outcome.sent_before + self.outcome.sent
        return 0 if self.is_finished else max(0, self.estimate.to_send - tried)

    @property
    def n_done(self) -> int:
        """Requests that need not be sent any more."""
        return max(0, self.planned - self.remaining)

    @property
    def live(self) -> Live | None:
        """What it does now, if it is under way."""
        return self.outcome.live if self.outcome and self.is_under_way else None

    @property
    def is_finished(self) -> bool:
        """Tell whether its cells are there."""
        return self.outcome is not None and self.outcome.ended == FINISHED

    @property
    def is_under_way(self) -> bool:
        """Tell whether somebody works on it, or was killed while doing so."""
        return self.outcome is not None and self.outcome.ended == UNDER_WAY


def seconds_left(rows: Sequence[BatchProgress], now: float) -> float:
    """Return the seconds until all batches are done, as far as is known at `now` (seconds since 1970).

    As many work side by side as do now. A batch that judges waits for those whose answers it reads, and batches that
    take turns at one address follow each other. What has not begun takes as long for each request as its model took
    in this run, or as planned.
    """
    measured, turns = _timings(rows), _taking_turns(rows)
    free = [0.0] * max(1, sum(row.is_under_way for row in rows))
    ends, last_turn, makers = dict[str, float](), dict[str, float](), _makers(rows)
    for row in sorted(rows, key=lambda row: not row.is_under_way):
        if row.is_finished:
            continue
        needs = {makers[path] for path in row.batch.inputs if path in makers}
        slug = row.batch.asked_slug
        start = max([heapq.heappop(free), *(ends.get(name, 0.0) for name in needs)])
        if slug in turns:
            start = max(start, last_turn.get(slug, 0.0))
        end = start + _own_seconds(row, measured, now)
        ends[row.batch.name] = last_turn[slug] = end
        heapq.heappush(free, end)
    return max(ends.values(), default=0.0)


def _own_seconds(row: BatchProgress, measured: Mapping[str, tuple[float, float]], now: float) -> float:
    if row.live and row.live.seconds_left is not None:
        return max(0.0, row.live.seconds_left - (now - row.live.at))
    if row.batch.asked_slug in measured:
        start, each = measured[row.batch.asked_slug]
        return start + row.remaining * each
    to_send = row.estimate.to_send
    return row.estimate.seconds * row.remaining / to_send if to_send else 0.0


def _timings(rows: Iterable[BatchProgress]) -> dict[str, tuple[float, float]]:
    """Return the seconds that an engine took to start and for each request, by the slug of the model asked."""
    outcomes = defaultdict[str, list[Outcome]](list)
    for row in rows:
        if row.outcome and row.outcome.sent:
            outcomes[row.batch.asked_slug].append(row.outcome)
    return {slug: _means(group) for slug, group in outcomes.items()}


def _means(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    starts = sum(o.start_seconds for o in outcomes)
    busy = sum(o.engine_seconds for o in outcomes) - starts
    return starts / len(outcomes), busy / sum(o.sent for o in outcomes)


def _taking_turns(rows: Iterable[BatchProgress]) -> set[str]:
    return {row.batch.asked_slug for row in rows if row.live and row.live.waits_for == ITS_TURN}


def _makers(rows: Iterable[BatchProgress]) -> dict[str, str]:
    return {path: row.batch.name for row in rows for path in row.batch.outputs}
