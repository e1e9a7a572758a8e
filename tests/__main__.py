"""Run all tests: `python -m tests`. Those that need no machine to themselves run side by side, before the others."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIDE_BY_SIDE = ["tests/precision", "tests/unit"]
"""No test here needs the embedded model for long, a cluster, or a clock that nothing delays. The longest begin."""


def main() -> int:
    """Run both parts, the second whatever became of the first; 1 if a test failed in either."""
    first = ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", *SIDE_BY_SIDE]
    second = ["tests", *(f"--ignore={folder}" for folder in SIDE_BY_SIDE)]
    codes = [subprocess.run([sys.executable, "-m", "pytest", *part], cwd=ROOT).returncode for part in (first, second)]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
