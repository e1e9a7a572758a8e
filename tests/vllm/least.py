"""The fewest prompt tokens that an engine has to compute for the requests of a grid, in the model's own tokens."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from personas.config import load_config
from personas.engines.request import Request
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from personas.requests.judging import judge_work
from personas.requests.transcript import rounds_of
from personas.requests.work import new_work

_TOKENS = """
import json, sys
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
for line in sys.stdin:
    text = tokenizer.apply_chat_template(json.loads(line), add_generation_prompt=True, tokenize=False)
    print(json.dumps(tokenizer(text, add_special_tokens=False)["input_ids"]))
"""


@dataclass(frozen=True)
class Least:
    """Prompt tokens of all requests; every distinct prefix once; the same where only whole blocks can be shared."""

    prompt: int
    prefixes: int
    blocks: int


def least(tokens: Iterable[Sequence[int]], block: int) -> Least:
    """Return the least for requests with these tokens, on an engine that caches blocks of `block` tokens."""
    prefixes, blocks, prompt, tails = set[int](), set[int](), 0, 0
    for ids in tokens:
        prompt += len(ids)
        tails += len(ids) % block
        chain = 0
        for place, token in enumerate(ids, start=1):
            chain = hash((chain, token))
            prefixes.add(chain)
            if place % block == 0:
                blocks.add(chain)
    return Least(prompt, len(prefixes), block * len(blocks) + tails)


def requests_of(grid: Grid, results: Path, asked: str) -> list[Request]:
    """Return every distinct request that the cells of a finished grid took from the model `asked`."""
    found = {
        request.key: request for request in (*_generating(grid, results, asked), *_judging(grid, results, asked))
    }
    return list(found.values())


def _generating(grid: Grid, results: Path, asked: str) -> Iterator[Request]:
    for track, dialogue in grid.dialogues.items():
        if track.model != asked:
            continue
        cells = [cell for cell in grid.cells if cell.track == track and not cell.judge]
        work = new_work(grid, track, cells)
        work.rounds = rounds_of(pq.read_table(results / dialogue.path))
        yield from (work.request(work.round_behind(t)) for t in range(len(work.rounds)))
        yield from (work.request(question) for t in work.checkpoints for question in work.items_behind(t))


def _judging(grid: Grid, results: Path, asked: str) -> Iterator[Request]:
    for cell in grid.cells:
        work = judge_work(grid, cell, results) if cell.judge == asked else None
        yield from (request for _, request in work.requests()) if work else ()


def tokens_of(requests: Iterable[Request], weights: Path, python: Path) -> list[list[int]]:
    """Return the tokens of each prompt, by the tokenizer and chat template that the engine reads."""
    lines = "".join(json.dumps(list(request.messages)) + "\n" for request in requests)
    told = subprocess.run(
        [python, "-c", _TOKENS, weights], input=lines, capture_output=True, text=True, check=True
    ).stdout
    return [json.loads(line) for line in told.splitlines()]


def least_of(config: Path, asked: str, weights: Path, python: Path, block: int) -> Least:
    """Return the least for what a finished grid asked of a model."""
    study = resolve(load_config([config]))
    requests = requests_of(build_grid(study), Path(study.config.results), asked)
    return least(tokens_of(requests, weights, python), block)
