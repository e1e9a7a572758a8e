"""The same dialogues, checkpoints and items through this project, through Inspect, and through a bare aiohttp loop.

`uv run --group dev python -m tests.benchmarks.peers`: in turn, each in a process of its own, against a server without
latency; medians of wall time, processor time, memory and disk, and ratios to ours. Then each is killed (SIGKILL)
when half is answered, and started again: requests that were sent twice, seconds until the rest is there, and how much
of the prompts an engine with a perfect prefix cache computes, against the least possible. Inspect runs a task of
ours, a sample a dialogue (`inspect_task.py`), and resumes with `eval_retry`; the bare loop keeps all in memory.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

from tests.benchmarks.fake_server import fake_server
from tests.helpers import FakeServer, Outcome, Project, answer, make_project, said

DIALOGUES, ROUNDS, CHECKPOINTS, ITEMS = 12, 40, (0, 20, 40), 80
REQUESTS = DIALOGUES * (ROUNDS + len(CHECKPOINTS) * ITEMS)
CONCURRENCY = 64
TURNS = [f"What do you see in hour {number}?" for number in range(ROUNDS)]
QUESTIONS = [f"Question {number}: what would you do?" for number in range(ITEMS)]
PAUSE = 0.02
"""Seconds for an answer where somebody is killed in the middle."""


def prompt(number: int) -> str:
    return f"You are number {number}."


# This project.


def ours(folder: Path, base_url: str) -> None:
    """Make the project if it is not there, and run what is missing."""
    project = Project(folder / "project")
    if not project.config_file.exists():
        project = make_project(folder / "project")
        for path in (folder / "project/personas").glob("*.yaml"):
            path.unlink()
        for number in range(DIALOGUES - 1):  # beside the baseline
            project.edit_persona(f"p{number}", role=f"Person {number}", description=prompt(number))
        (folder / "project/turns/interview.json").write_text(json.dumps({"questions": TURNS}))
        (folder / "project/items/open.jsonl").write_text("\n".join(json.dumps({"question": q}) for q in QUESTIONS))
    changes: dict[str, Any] = {
        "models/beta": None,
        "models/alpha/base_url": base_url,
        "models/alpha/concurrency": CONCURRENCY,
        "conditions": {"interview": {"turns": "turns/interview.json", "rounds": ROUNDS}},
        "checkpoints": list(CHECKPOINTS),
        "benchmarks": {"open": {"items": "items/open.jsonl"}},
        "batches": {"max_minutes": 100_000.0},
    }
    project.set(changes).run(f"run-{os.getpid()}")


# Inspect.


def inspect(folder: Path, base_url: str) -> None:
    """Evaluate the task of `inspect_task.py`, or retry what an earlier start left unfinished."""
    from inspect_ai import eval, eval_retry
    from inspect_ai.log import list_eval_logs

    how: dict[str, Any] = {"log_dir": str(folder / "logs"), "display": "none", "max_samples": DIALOGUES}
    if logs := list_eval_logs(str(folder / "logs")):
        eval_retry(logs[0], **how)
        return
    task = Path(__file__).with_name("inspect_task.py")
    eval(
        f"{task}@dialogues",
        model="openai-api/peers/alpha",
        model_base_url=base_url,
        model_args={"memoize": False},
        temperature=0.0,
        max_tokens=24,
        max_connections=CONCURRENCY,
        **how,
    )


# A bare loop.


def bare(folder: Path, base_url: str) -> None:
    """Hold everything in a loop over aiohttp, as short as one would write it, and write one file at the end."""
    asyncio.run(_bare(folder / "answers.json", f"{base_url}/chat/completions"))


async def _bare(file: Path, url: str) -> None:
    import aiohttp

    room, kept = asyncio.Semaphore(CONCURRENCY), list[Any]()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(messages: Sequence[Mapping[str, str]]) -> str:
            body = {"model": "alpha", "messages": messages, "temperature": 0.0, "max_tokens": 24}
            async with room, session.post(url, json=body) as response:
                text: str = (await response.json())["choices"][0]["message"]["content"]
            kept.append([messages[-1]["content"], text])
            return text

        async def hold(number: int) -> None:
            messages = [{"role": "system", "content": prompt(number)}]
            for at in range(ROUNDS + 1):
                if at in CHECKPOINTS:
                    behind = [[*messages, {"role": "user", "content": question}] for question in QUESTIONS]
                    await asyncio.gather(*map(ask, behind))
                if at < ROUNDS:
                    messages.append({"role": "user", "content": TURNS[at]})
                    messages.append({"role": "assistant", "content": await ask(messages)})

        await asyncio.gather(*map(hold, range(DIALOGUES)))
    file.write_text(json.dumps(kept))


PEERS = {"ours": ours, "inspect": inspect, "bare": bare}


@dataclass(frozen=True)
class Taken:
    """What one run took: seconds by the clock, of processor, megabytes of memory at most and on disk."""

    seconds: float
    processor: float
    memory: float
    disk: float


def start(name: str, folder: Path, base_url: str) -> subprocess.Popen[bytes]:
    """Start a peer in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.peers", "run", name, str(folder), base_url]
    named = os.environ | {"PEERS_API_KEY": "none"}  # Inspect's own place for it: it keeps none for a second start
    return subprocess.Popen(
        command, env=named, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def measured(name: str, base_url: str) -> Taken:
    """Run a peer from nothing to the end."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = start(name, Path(folder), base_url)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status:
            _fail(process, f"{name} failed")
        left_out = ("items", "turns", "judges", "personas")
        files = [path for path in Path(folder).rglob("*") if path.is_file() and not set(left_out) & set(path.parts)]
        disk = sum(path.stat().st_size for path in files) / 1e6
        return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3, disk)


def _fail(process: subprocess.Popen[bytes], sentence: str) -> NoReturn:
    told = process.stderr.read().decode() if process.stderr else ""
    sys.exit(f"{sentence}: {told[-2000:]}")


class Cache:
    """The prefix cache of an engine that forgets nothing: what it computes of prompts as they come (characters)."""

    def __init__(self) -> None:
        self.computed, self._lock, self._kept = 0, Lock(), dict[int, int]()

    @property
    def least(self) -> int:
        """What it would have computed if no prompt had come before the answer to one that begins alike."""
        return sum(self._kept.values())

    def answer(self, body: Mapping[str, Any]) -> Outcome:
        """Answer after a while; only from then on is a prompt in the cache."""
        beginning, new = 0, dict[int, int]()
        for message in body["messages"]:
            beginning = hash((beginning, message["role"], message["content"]))
            new[beginning] = len(message["content"])
        with self._lock:
            self.computed += sum(size for part, size in new.items() if part not in self._kept)
        time.sleep(PAUSE)
        with self._lock:
            self._kept |= new
        return answer(said(body["messages"]))


def watched(name: str, kill: bool) -> tuple[int, float, float]:
    """Run a peer, killed at half and started again or not; return the requests sent twice, the prompt computed over
    the least possible, and the seconds of the last start.
    """
    cache = Cache()
    with tempfile.TemporaryDirectory() as folder, FakeServer() as server:
        server.decide = cache.answer
        process, began = start(name, Path(folder), server.base_url), time.perf_counter()
        if kill:
            while server.count < REQUESTS // 2 and process.poll() is None:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process, began = start(name, Path(folder), server.base_url), time.perf_counter()
        if process.wait():
            _fail(process, f"{name} did not end well")
        counts = Counter(json.dumps(body["messages"], sort_keys=True) for body in server.bodies)
        return sum(counts.values()) - len(counts), cache.computed / cache.least, time.perf_counter() - began


def main() -> None:
    """Measure, and print the tables."""
    if sys.argv[1:2] == ["run"]:
        name, folder, base_url = sys.argv[2:]
        PEERS[name](Path(folder), base_url)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{DIALOGUES} dialogues, {REQUESTS:,} requests, {CONCURRENCY} at once, load {os.getloadavg()[0]:.1f}")
    runs: dict[str, list[Taken]] = {name: [] for name in PEERS}
    with fake_server() as port:
        for _ in range(repeats):
            for name, taken in runs.items():
                taken.append(measured(name, f"http://127.0.0.1:{port}/v1"))
    middle = {
        name: [statistics.median(getattr(run, field) for run in taken) for field in Taken.__dataclass_fields__]
        for name, taken in runs.items()
    }
    print("             seconds  processor  memory MB  disk MB")
    for name, values in middle.items():
        print(f"{name:10} {values[0]:9.2f} {values[1]:10.2f} {values[2]:10.0f} {values[3]:8.2f}")
    for name, values in middle.items():
        if name != "ours":
            print(f"{name} / ours " + " ".join(f"{v / o:9.2f}" for v, o in zip(values, middle["ours"], strict=True)))
    print("             sent twice  computed / least  seconds")
    for kill in (False, True):
        print("killed at half and started again" if kill else f"answers after {PAUSE} s")
        for name in PEERS:
            twice, ratio, seconds = watched(name, kill)
            print(f"{name:12} {twice:10,} {ratio:17.2f} {seconds:8.1f}", flush=True)


if __name__ == "__main__":
    main()
