"""What journals take: `uv run python -m tests.benchmarks.journal_size [--requests N] [--tokens N]`.

Writes answers of a natural vocabulary (Zipf) through a journal, as a batch does, packs it as the end of a run does,
and prints for both forms the size, and the processor time to read the index and then all answers. Asserts nothing.
"""

import argparse
import asyncio
import hashlib
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from personas.engines.request import Reply
from personas.requests.journal import Journal, JournalIndex
from personas.requests.journal_lines import journal_files
from personas.workflow.upkeep.journals import compact
from tests.benchmarks.rare_tokens import draw

WORDS = 15_000


async def write(folder: Path, texts: Sequence[str]) -> list[str]:
    """Write a journal with an answer for each text; return the keys."""
    keys = [hashlib.sha256(f"{number}".encode()).hexdigest() for number in range(len(texts))]
    async with Journal(folder, "generate_alpha_01") as journal, asyncio.TaskGroup() as group:
        for number, (key, text) in enumerate(zip(keys, texts, strict=True)):
            tokens = len(text.split())
            reply = Reply(
                "ok", text, None, "stop", None, 150 + number, tokens, 100, 0.4 + number % 97 / 100, "build-1"
            )
            group.create_task(journal.append(key, reply))
    return keys


def look(folder: Path, keys: Sequence[str]) -> str:
    """Return size, and seconds for the index and for all answers, in the order in which they were given."""
    size = sum(path.stat().st_size for path in journal_files(folder))
    started = time.process_time()
    index = JournalIndex(folder)
    indexed = time.process_time()
    assert all(index.get(key) for key in keys)
    return (
        f"{size / 1e6:8.2f} MB, {size / len(keys):6.0f} bytes a request; index {indexed - started:6.3f} s, "
        f"all answers {time.process_time() - indexed:6.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3_360)
    parser.add_argument("--tokens", type=int, default=60, help="of an answer")
    options = parser.parse_args()
    texts = draw(random.Random(1), options.requests, options.tokens, WORDS, (), ())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = asyncio.run(write(folder, texts))
        print(f"as a run writes it {look(folder, keys)}")
        started = time.process_time()
        compact(folder)
        took = time.process_time() - started
        print(f"packed             {look(folder, keys)}; packing {took:.2f} s")


if __name__ == "__main__":
    main()
