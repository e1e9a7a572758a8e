"""All that needs no test to run: `uv run --group dev python -m tests.checks [NAME ...]`, one check for each core."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = {
    "types": ["mypy", "--num-workers", "auto"],
    "workflow": ["snakemake", "--lint"],
    "layers": ["lint-imports", "--no-cache"],
    "spelling": ["codespell"],
    "rules": ["snakefmt", "--check", "Snakefile", "rules"],
    "lint": ["ruff", "check"],
    "format": ["ruff", "format", "--check"],
}
"""The command behind each name. The longest begin, so that the others run beside them."""


def main(names: list[str]) -> int:
    """Run the checks of these names, all if there are none; print each one's time and, if it failed, its output."""
    if unknown := set(names) - CHECKS.keys():
        sys.exit(f"no such check: {', '.join(sorted(unknown))}; expected some of {', '.join(CHECKS)}")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as cores:
        passed = list(cores.map(_passes, names or CHECKS))
    return int(not all(passed))


def _passes(name: str) -> bool:
    started = time.monotonic()
    beside_python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    check = subprocess.run(
        CHECKS[name], cwd=ROOT, env=os.environ | {"PATH": beside_python}, capture_output=True, text=True
    )
    failed = check.returncode != 0
    told = f"\n{check.stdout}{check.stderr}" if failed else ""
    print(f"{'failed' if failed else 'passed'} {name:<9}{time.monotonic() - started:5.1f} s{told}", flush=True)
    return not failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
