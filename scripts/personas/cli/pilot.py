"""`personas plan --pilot`: run a small part first, so that the plan stands on measured rates.

The part is one persona (the first) with the baseline and one item in a hundred of each benchmark, of every model and
judge. Its answers are in the journals, so the whole study does not ask them again.
"""

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from personas.cli.run import snakemake_command
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.grid.study import Study

SHARE = 0.01
FILE = "pilot.yaml"
_STAGES = ("generate", "judge")


def run_pilot(study: Study, files: Sequence[Path], profile: str | None) -> None:
    """Run the pilot of a study with Snakemake; UserError where it fails."""
    import yaml  # not everybody who plans writes one

    results = Path(study.config.results)
    results.mkdir(parents=True, exist_ok=True)
    write_atomically(results / FILE, yaml.safe_dump(pilot_of(study), sort_keys=False).encode())
    command = snakemake_command(_stages(study), [*files, results / FILE], profile)
    sys.stdout.flush()
    if subprocess.run([sys.executable, "-m", *command], check=False).returncode:
        raise UserError("--pilot: it did not finish, for the reason above; what was answered is in the journals.")


def pilot_of(study: Study) -> dict[str, Any]:
    """Return what of a config is otherwise in its pilot."""
    return {
        "personas": {"include": [next(iter(study.personas))]},
        "benchmarks": {slug: {"limit": _limit(study, slug)} for slug in study.config.benchmarks},
        "noise": None,
        "replicates": 1,
    }


def _limit(study: Study, benchmark: str) -> int:
    """Return how many items are asked: at least one, and no more than the study itself asks."""
    role = next(iter(study.personas.values())).role
    count = len(study.items_for(benchmark, role if study.persona_bound(benchmark) else None))
    return max(1, math.ceil(SHARE * count))


def _stages(study: Study) -> list[str]:
    return [stage for stage in _STAGES if stage == "generate" or study.config.judges]
