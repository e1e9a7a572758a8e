"""The same dialogues, checkpoints and items through this project, through Inspect, and through a bare aiohttp loop.

`uv run --group dev python -m tests.benchmarks.peers`: in turn, each in a process of its own, against a server without
latency; medians of wall time, processor time, memory and disk, and ratios to ours. Then each is killed (SIGKILL)
when half is answered, and started again: requests that were sent twice, and seconds until the rest is there. Inspect
runs a solver of ours, a sample a dialogue, and resumes with `eval_retry`; the bare loop keeps all in memory.
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
from typing import Any

from tests.benchmarks.fake_server import fake_server
from tests.helpers import FakeServer, Project, answer, make_project, said

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
    """Evaluate, or retry what an earlier start left unfinished."""
    from inspect_ai import Task, eval, eval_retry
    from inspect_ai.dataset import Sample
    from inspect_ai.log import list_eval_logs
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, get_model
    from inspect_ai.solver import Generate, Solver, TaskState, solver

    config = GenerateConfig(temperature=0.0, max_tokens=24, max_connections=CONCURRENCY)
    model = get_model("openai-api/peers/alpha", base_url=base_url, api_key="none", config=config, memoize=False)

    @solver
    def dialogue() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            messages: list[Any] = [ChatMessageSystem(content=state.input_text)]
            answers: dict[str, list[str]] = {}

            async def ask(question: str) -> str:
                output = await model.generate([*messages, ChatMessageUser(content=question)])
                return str(output.completion)

            for number in range(ROUNDS + 1):
                if number in CHECKPOINTS:
                    answers[str(number)] = list(await asyncio.gather(*map(ask, QUESTIONS)))
                if number < ROUNDS:
                    messages.append(ChatMessageUser(content=TURNS[number]))
                    messages.append((await model.generate(messages)).message)
            state.messages = messages
            state.store.set("answers", answers)
            return state

        return solve

    task = Task(dataset=[Sample(input=prompt(number), id=number) for number in range(DIALOGUES)], solver=dialogue())
    how: dict[str, Any] = {"log_dir": str(folder / "logs"), "display": "none", "max_samples": DIALOGUES}
    if logs := list_eval_logs(str(folder / "logs")):
        eval_retry(logs[0], **how)
    else:
        eval(task, model=model, **how)


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
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def measured(name: str, base_url: str) -> Taken:
    """Run a peer from nothing to the end."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = start(name, Path(folder), base_url)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status:
            sys.exit(f"{name} failed: {(process.stderr.read() if process.stderr else b'').decode()[-2000:]}")
        left_out = ("items", "turns", "judges", "personas")
        files = [path for path in Path(folder).rglob("*") if path.is_file() and not set(left_out) & set(path.parts)]
        disk = sum(path.stat().st_size for path in files) / 1e6
        return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3, disk)


def killed(name: str) -> tuple[int, float]:
    """Kill a peer when half is answered and start it again; return requests sent twice, and seconds of the second."""
    with tempfile.TemporaryDirectory() as folder, FakeServer() as server:
        server.decide = lambda body: answer(said(body["messages"]), pause=PAUSE)
        process = start(name, Path(folder), server.base_url)
        while server.count < REQUESTS // 2:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        began = time.perf_counter()
        if start(name, Path(folder), server.base_url).wait():
            sys.exit(f"{name} did not go on")
        counts = Counter(json.dumps(body["messages"], sort_keys=True) for body in server.bodies)
        return sum(counts.values()) - len(counts), time.perf_counter() - began


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
    print("killed at half: requests sent twice, seconds to the end")
    for name in PEERS:
        twice, seconds = killed(name)
        print(f"{name:10} {twice:9,} of {REQUESTS:,} {seconds:9.2f}", flush=True)


if __name__ == "__main__":
    main()
