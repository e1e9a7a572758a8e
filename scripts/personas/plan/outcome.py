"""The outcome of a batch: one small file in the folder of its run, from its start on, renewed while it works."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from personas.core.files import write_atomically

UNDER_WAY = "under-way"
FINISHED = "finished"

ITS_TURN = "its turn: another batch asks this model"
"""What a batch waits for whose model has limits, which are for all batches together."""


@dataclass
class Measurement:
    """What the requests of one kind took together: `what` is asked, `before` rounds stand before it, `by` the model
    of that slug where it is another than the batch's.

    `seconds` is the sum over requests of the time from sending to the whole reply, so more than the time that
    passed where requests overlap. Characters are those of all messages sent.
    """

    what: str
    before: int
    max_tokens: int
    requests: int = 0
    messages: int = 0
    characters: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    by: str = ""


@dataclass
class Live:
    """What a batch is doing at a moment, `at` in seconds since 1970.

    `left` requests are still to be sent, as far as is known, which takes `seconds_left` (None before the first
    answers). Rates are of the last minute, and count no answers of the journal. `waits_for` names what holds it up,
    until `waits_until`, 0 where nobody can tell.
    """

    at: float
    left: int
    requests_per_second: float = 0.0
    tokens_per_second: float = 0.0
    seconds_left: float | None = None
    waits_for: str = ""
    waits_until: float = 0.0


@dataclass
class Outcome:
    """What a batch did, for the summary of the run and for the estimates of later plans.

    `ended` is `under-way` until it is `finished` or the name of a failure; a batch that was killed stays
    `under-way`. `least_tokens`: prompt tokens that had to be computed at least, every distinct beginning of a prompt
    once, estimated by characters. `start_seconds` of the `engine_seconds` passed before the engine was ready.
    `why` is the sentence of a failure.
    `began` and `over` are seconds since 1970, `job` a SLURM job, `devices` the GPUs it could use, by CUDA's names.
    `planned` requests are answered in all, by whomever. `sent_before` counts those that earlier tries of this run
    sent, whose price is part of `money` (in `currency`). `live` is there while it works, and renewed meanwhile.
    """

    batch: str
    model: str = ""
    engine: str = ""
    ended: str = UNDER_WAY
    cells: list[str] = field(default_factory=list)
    sent: int = 0
    from_journal: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    least_tokens: int = 0
    completion_tokens: int = 0
    engine_seconds: float = 0.0
    start_seconds: float = 0.0
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    measured: list[Measurement] = field(default_factory=list)
    began: float = 0.0
    over: float = 0.0
    job: str | None = None
    devices: str | None = None
    planned: int = 0
    sent_before: int = 0
    money: float = 0.0
    currency: str = ""
    why: str = ""
    live: Live | None = None

    def write(self, folder: Path) -> None:
        """Write the outcome into the folder of its run."""
        write_atomically(outcome_file(folder, self.batch), self.content())

    def content(self) -> bytes:
        """Return what its file holds."""
        return json.dumps(asdict(self), indent=1).encode()


def outcome_file(folder: Path, batch: str) -> Path:
    """Return where the outcome of a batch lies, in the folder of its run."""
    return folder / f"{batch}.json"


def read_outcomes(folder: Path) -> Iterator[Outcome]:
    """Yield the outcomes in the folder of one run, by name of the batch; unreadable ones are left out."""
    for path in sorted([*folder.glob("generate_*.json"), *folder.glob("judge_*.json")]):
        if outcome := read_outcome(path):
            yield outcome


def read_outcome(path: Path) -> Outcome | None:
    """Read an outcome; None where there is none that can be read."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        measured = [Measurement(**row) for row in raw.pop("measured", [])]
        live = raw.pop("live", None)
        return Outcome(**raw, measured=measured, live=Live(**live) if live else None)
    except (OSError, ValueError, TypeError):
        return None


def all_outcomes(results: Path) -> Iterator[Outcome]:
    """Yield the outcomes of every run below the results folder, older runs first."""
    for folder in sorted((results / "runs").glob("*")):
        yield from read_outcomes(folder)
