"""How fast requests go through client, asker and journal, and dialogues through a batch.

`uv run python -m tests.benchmarks.throughput client`: requests a second against a server without latency, beside a
bare asyncio loop that sends the same bytes and parses nothing; `--requests 100000 --characters 600` shows its memory.
`uv run python -m tests.benchmarks.throughput dialogues`: 36 dialogues side by side against one at a time, at 50 ms a
request. `... throughput long`: 36 dialogues of 102 rounds through a batch, journal, cells and all, beside a bare
aiohttp loop that holds the same and keeps nothing, in turns, without latency. Figures depend on what else the machine
does; its load is printed beside them.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import aiohttp
import psutil

from personas.batch.asker import Asker
from personas.batch.job import run as run_job
from personas.batch.progress import Progress
from personas.core.garbage import collect_rarely
from personas.engines.http.client import Client
from personas.engines.request import Request
from personas.engines.running import RunningEngine
from personas.grid.grid import Grid
from personas.requests.journal import Journal
from personas.requests.track import TrackWork
from personas.requests.work import works
from tests.benchmarks.fake_server import fake_server
from tests.helpers import Project, make_project


@dataclass(frozen=True)
class Address:
    """A server on this machine."""

    port: int
    key: str = "none"
    model: str = "alpha"


SHORT, LONG = 600, 250_000
"""Characters of a prompt."""
DIALOGUES, ROUNDS, LATENCY = 36, 60, 0.05


@dataclass(frozen=True)
class Run:
    """One measurement: `seconds` passed, `cpu` seconds of this process, `memory` (MB) at start, middle and end."""

    requests: int
    seconds: float
    cpu: float
    memory: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def requests(count: int, characters: int, first: int = 0, max_tokens: int = 64) -> Iterator[Request]:
    """Yield requests whose prompts differ in their last message only, as items behind one dialogue do.

    `first` is the number of the first question: other numbers are other requests.
    """
    held = [("user", "assistant")[n % 2] for n in range(0 if characters <= SHORT else 200)]
    text = "x" * (characters // (len(held) + 1))
    before = [{"role": "system", "content": text}] + [{"role": role, "content": text} for role in held]
    for number in range(first, first + count):
        yield Request(
            model={"id": "org/alpha", "revision": "r1", "engine": "endpoint", "weights": None},
            messages=[*before, {"role": "user", "content": f"Question {number}?"}],
            temperature=0.0,
            top_p=1.0,
            max_tokens=max_tokens,
            seed=0,
            template_arguments={},
            what="bfi",
            before=len(held) // 2,
        )


async def ours(address: Address, source: Iterator[Request], count: int, concurrency: int, folder: Path) -> Run:
    """Send `count` requests the way a batch does, journal and fsync included."""

    @asynccontextmanager
    async def start():
        client = Client(f"http://127.0.0.1:{address.port}/v1", address.key, address.model)
        try:
            yield RunningEngine(client)
        finally:
            await client.close()

    memory = [_memory()]
    with Progress("throughput", count) as progress:
        async with Journal(folder, "b") as journal, Asker(journal, start, concurrency, progress) as asker:

            async def send() -> None:
                for request in source:
                    reply = await asker.ask(request, {})
                    assert reply.text
                    if progress.sent == count // 2:
                        memory.append(_memory())

            seconds, cpu = await _timed(send, concurrency)
            memory.append(_memory())
            assert len(journal) == progress.sent == count
    return Run(count, seconds, cpu, (memory[0], memory[1], memory[-1]))


async def bare(address: Address, bodies: Iterator[bytes], count: int, concurrency: int) -> Run:
    """Send `count` bodies over as many sockets, and look at nothing that comes back."""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {address.key}\r\n"
        "content-type: application/json\r\ncontent-length: {}\r\n\r\n"
    )

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        for body in bodies:
            writer.write(head.format(len(body)).encode() + body)
            told = await reader.readuntil(b"\r\n\r\n")
            assert told.startswith(b"HTTP/1.1 200")
            await reader.readexactly(int(told.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        writer.close()

    seconds, cpu = await _timed(send, concurrency)
    return Run(count, seconds, cpu)


def body(address: Address, request: Request) -> bytes:
    """Return what stands in a request on the wire."""
    told = {"model": address.model, "messages": list(request.messages), "max_tokens": request.max_tokens}
    return json.dumps({**told, "temperature": request.temperature, "seed": request.seed}).encode()


async def _timed(send: Callable, concurrency: int) -> tuple[float, float]:
    started, used = time.perf_counter(), _cpu()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(send())
    return time.perf_counter() - started, _cpu() - used


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _memory() -> float:
    rss: int = psutil.Process().memory_info().rss
    return rss / 1e6


def client_mode(options: argparse.Namespace) -> None:
    """Print requests a second, CPU time a request, and memory, for short and long prompts."""
    print(f"{options.concurrency} requests under way, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("prompt    requests  ours/s  bare/s  ratio  CPU ms/request  memory MB: start, middle, end")
    for characters in options.characters:
        count = options.requests if characters <= SHORT else max(options.requests // 10, 1)
        own, plain = _pairs(options, count, characters)
        rate, other = _median(own), _median(plain)
        memory = ", ".join(f"{value:.0f}" for value in own[-1].memory)
        cpu = 1000 * statistics.median(run.cpu / run.requests for run in own)
        speeds = f"{rate:7,.0f} {other:7,.0f} {rate / other:6.2f}"
        print(f"{characters / 1000:5.1f} kB {count:9,} {speeds} {cpu:15.2f}  {memory}", flush=True)


def _pairs(options: argparse.Namespace, count: int, characters: int) -> tuple[list[Run], list[Run]]:
    """Measure in turns, so that what else the machine does meets both alike."""
    own, plain = [], []
    with fake_server() as port:
        address, few = Address(port), min(count, 20_000)
        [request] = requests(1, characters)
        same = body(address, request)
        for _ in range(options.repeats):
            with tempfile.TemporaryDirectory() as folder:
                source = requests(count, characters)
                own.append(asyncio.run(ours(address, source, count, options.concurrency, Path(folder))))
            plain.append(asyncio.run(bare(address, repeat(same, few), few, options.concurrency)))
    return own, plain


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(run.rate for run in runs)


def dialogues_mode(options: argparse.Namespace) -> None:
    """Print how much sooner dialogues end side by side than one at a time."""
    load = os.getloadavg()[0]
    print(f"{DIALOGUES} dialogues of {options.rounds} rounds, {LATENCY * 1000:.0f} ms a request, load {load:.1f}")
    with fake_server(LATENCY) as port:
        runs = [hold_dialogues(port, options.rounds, DIALOGUES) for _ in range(options.repeats)]
        together = statistics.median(run.seconds for run in runs)
        cpu = statistics.median(run.cpu for run in runs)
        print(f"side by side   {together:6.2f} s, of which {cpu:.2f} s CPU", flush=True)
        alone = hold_dialogues(port, options.rounds, 1).seconds
    print(f"one at a time  {alone:6.2f} s\nratio          {alone / together:6.1f}")


def hold_dialogues(port: int, rounds: int, concurrency: int) -> Run:
    """Run a batch of dialogues as its job does: it reads the plan, asks, and writes its cells."""
    with tempfile.TemporaryDirectory() as folder:
        frozen = _study(Path(folder) / "project", port, rounds, concurrency).frozen()
        [batch] = frozen.batches
        started, used = time.perf_counter(), _cpu()
        outcome = run_job(only_dialogues, frozen, batch.name, 1, frozen.folder() / "logs" / "b.log")
        assert outcome.sent == DIALOGUES * rounds and outcome.statuses == {"dialogues": {"ok": outcome.sent}}
        return Run(outcome.sent, time.perf_counter() - started, _cpu() - used)


def long_mode(options: argparse.Namespace) -> None:
    """Print seconds and processor seconds of long dialogues, through a batch and through a bare loop."""
    print(f"{DIALOGUES} dialogues of {options.rounds} rounds, load {os.getloadavg()[0]:.1f}")
    collect_rarely()  # as a job does
    own, plain = [], []
    with fake_server() as port:
        for _ in range(options.repeats):
            own.append(hold_dialogues(port, options.rounds, DIALOGUES))
            plain.append(asyncio.run(bare_dialogues(port, options.rounds)))
    for name, of in (("seconds", lambda run: run.seconds), ("processor", lambda run: run.cpu)):
        ours_, bare_ = (statistics.median(map(of, runs)) for runs in (own, plain))
        print(f"{name:10} ours {ours_:6.2f}  bare {bare_:6.2f}  ratio {ours_ / bare_:5.2f}", flush=True)


async def bare_dialogues(port: int, rounds: int) -> Run:
    """Hold the dialogues in a loop over `aiohttp`, as short as one would write it."""
    numbers = iter(range(DIALOGUES))
    url = f"http://127.0.0.1:{port}/v1/chat/completions"

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def hold() -> None:
            said = [{"role": "system", "content": f"You are number {next(numbers)}."}]
            for number in range(rounds):
                said.append({"role": "user", "content": f"What do you see in hour {number}?"})
                body = {"model": "alpha", "messages": said, "temperature": 0.0, "max_tokens": 64}
                async with session.post(url, json=body) as response:
                    answer = await response.json()
                said.append({"role": "assistant", "content": answer["choices"][0]["message"]["content"]})

        seconds, cpu = await _timed(hold, DIALOGUES)
    return Run(DIALOGUES * rounds, seconds, cpu)


def only_dialogues(grid: Grid, paths: Sequence[str], results: Path) -> list[TrackWork]:
    found = works(grid, paths, results)
    for work in found:
        work.cell_items = []
    return found


def _study(folder: Path, port: int, rounds: int, concurrency: int) -> Project:
    project = make_project(folder)
    for number in range(DIALOGUES - 3):  # beside the two personas that are there, and the baseline
        project.edit_persona(f"persona-{number}", role=f"Person {number}", description=f"You are number {number}.")
    turns = {"questions": [f"What do you see in hour {number}?" for number in range(rounds)]}
    (folder / "turns/interview.json").write_text(json.dumps(turns), encoding="utf-8")
    return project.set(
        {
            "models/beta": None,
            "models/alpha/base_url": f"http://127.0.0.1:{port}/v1",
            "models/alpha/concurrency": concurrency,
            "conditions/requests": None,
            "conditions/interview": {"turns": "turns/interview.json", "rounds": rounds},
            "checkpoints": [0],
            "benchmarks": {"bfi": {"items": "items/bfi.json", "limit": 1}},
            "batches": {"max_minutes": 100_000},
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    client = modes.add_parser("client", help="requests through client, asker and journal")
    client.add_argument("--requests", type=int, default=5000)
    client.add_argument("--concurrency", type=int, default=64)
    client.add_argument("--characters", type=int, nargs="+", default=[SHORT, LONG], help="of a prompt")
    client.set_defaults(run=client_mode)
    dialogues = modes.add_parser("dialogues", help="dialogues through a batch")
    dialogues.add_argument("--rounds", type=int, default=ROUNDS)
    dialogues.set_defaults(run=dialogues_mode)
    long = modes.add_parser("long", help="long dialogues through a batch, beside a bare loop")
    long.add_argument("--rounds", type=int, default=102)
    long.set_defaults(run=long_mode)
    for mode in (client, dialogues, long):
        mode.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
