"""Every Python that the project is for: `uv run --group dev python -m tests.interpreters [3.12 ...]`.

Each gets an environment of its own below `.venvs/`, installed without a compiler, runs the unit tests, and makes one
small study with the embedded engine. uv finds interpreters on the PATH, here also those of pyenv, and fetches what is
missing where it may.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.helpers import ROOT, copy_project, edited

VERSIONS = ("3.11", "3.12", "3.13")
SMALL = {
    "models/smollm2-warm": None,
    "personas/include": ["lighthouse-keeper"],
    "conditions/goal-oriented": None,
    "conditions/persona-directed/orders": ["fixed"],
    "conditions/persona-directed/rounds": 2,
    "checkpoints": [0, 2],
    "benchmarks/bfi/limit": 1,
    "benchmarks/role-specific": None,
}
"""What makes the demo small and leaves it a model, a judge, patterns and figures."""


def main(versions: list[str]) -> int:
    """Check these versions, all if there are none, one after the other; 1 if one of them failed."""
    results = {version: _check(version) for version in versions or VERSIONS}
    for version, failed in results.items():
        print(f"Python {version}: {f'failed: {failed}' if failed else 'passed'}")
    return int(any(results.values()))


def _check(version: str) -> str | None:
    """Install, test and run under one version; name the step that failed."""
    home = ROOT / ".venvs" / version
    python = str(home / "bin/python")
    with tempfile.TemporaryDirectory() as temporary:
        study = _make_study(Path(temporary) / "study")
        steps = {
            "install": ([os.environ.get("UV", "uv"), "sync", "--python", version, "--group", "test"], ROOT),
            "unit tests": ([python, "-m", "pytest", "-q", "-n", "auto", "tests/unit", "tests/integration"], ROOT),
            "run": ([python, "-m", "snakemake"], study),
            "no second run": ([python, "-c", _NOTHING_LEFT], study),
        }
        for name, (command, folder) in steps.items():
            with _timed(f"Python {version}: {name}"):
                if subprocess.run(command, cwd=folder, env=_environment(home)).returncode != 0:
                    return name
    return None


_NOTHING_LEFT = """
import subprocess, sys
told = subprocess.run([sys.executable, "-m", "snakemake", "-n"], capture_output=True, text=True)
sys.exit(0 if "Nothing to be done" in told.stdout + told.stderr else f"{told.stdout}{told.stderr}")
"""


def _make_study(folder: Path) -> Path:
    copy_project(folder)
    config = folder / "config/config.yaml"
    config.write_text(yaml.safe_dump(edited(yaml.safe_load(config.read_text()), SMALL), sort_keys=False))
    return folder


def _environment(home: Path) -> dict[str, str]:
    """Ours, with `home` as uv's environment, pyenv's interpreters on the PATH, and a compiler that always fails."""
    kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    path = os.pathsep.join([kept.get("PATH", ""), *(str(p) for p in sorted(pyenv.glob("versions/*/bin")))])
    return kept | {"UV_PROJECT_ENVIRONMENT": str(home), "PATH": path, "CC": "false", "CXX": "false"}


@contextmanager
def _timed(name: str) -> Iterator[None]:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    yield
    print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
