"""What an engine takes of a machine and of time, before anything was measured."""

from typing import NamedTuple


class Needs(NamedTuple):
    """Stated defaults of one engine.

    `threads` of a job, at most, and `megabytes` of the host's memory; `seconds_per_token` from one token of an answer
    to the next while eight answers are under way; `start_seconds` until the engine is ready. `counts_tokens`: it
    tells the tokens of every request, so that no tokenizer is ever needed.
    """

    threads: int
    megabytes: int
    seconds_per_token: float
    start_seconds: float
    counts_tokens: bool


LLAMA_CPP = Needs(threads=8, megabytes=3000, seconds_per_token=0.1, start_seconds=2.0, counts_tokens=True)
VLLM = Needs(threads=4, megabytes=32000, seconds_per_token=0.02, start_seconds=120.0, counts_tokens=True)
"""On a GPU it keeps few threads busy; it reads weights through the memory of the host."""
ENDPOINT = Needs(threads=1, megabytes=2000, seconds_per_token=0.02, start_seconds=0.0, counts_tokens=False)
"""It computes elsewhere."""
