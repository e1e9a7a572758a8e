"""The GPUs of this machine: which there are, which we may use, and how much of their memory is free."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from personas.config.machine import Machine
from personas.core.errors import UserError

_QUERY = "index,uuid,memory.total,memory.used"
_VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Gpu:
    """A GPU by the name that CUDA_VISIBLE_DEVICES takes. Memory in MiB, None where it cannot be asked for.

    `identity` tells the same physical GPU under whatever number.
    """

    name: str
    identity: str
    total: int | None = None
    used: int | None = None

    def short_of(self, share: float) -> str | None:
        """Say how much memory is free if that is less than `share` of the whole; None if it is enough."""
        if self.total is None or self.used is None or self.total - self.used >= share * self.total:
            return None
        free, least = (self.total - self.used) / 1024, share * self.total / 1024
        return f"GPU {self.name} has {free:.1f} of {self.total / 1024:.1f} GiB free, expected {least:.1f}"


def usable(machine: Machine) -> list[Gpu]:
    """Return the GPUs that we may use: those visible to us (a scheduler may hide some), of them `machine.gpus`.

    UserError where `machine.gpus` names one that is not there.
    """
    all_of_them = _ask()
    visible = os.environ.get(_VISIBLE)
    usable_gpus = all_of_them if visible is None else [_gpu_named(name, all_of_them) for name in _names(visible)]
    if machine.gpus is None:
        return usable_gpus
    by_name = {gpu.name: gpu for gpu in usable_gpus}
    for number in machine.gpus:
        if str(number) not in by_name:
            raise UserError(f"machine.gpus: found {number}, expected some of {', '.join(by_name) or 'none'}.")
    return [by_name[str(number)] for number in machine.gpus]


def now(gpus: Sequence[Gpu]) -> list[Gpu]:
    """Return the same GPUs with their memory as it is now."""
    all_of_them = _ask()
    return [_gpu_named(gpu.name, all_of_them) for gpu in gpus]


def _names(visible: str) -> list[str]:
    return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1")]


def _gpu_named(name: str, gpus: Sequence[Gpu]) -> Gpu:
    for gpu in gpus:
        if name in (gpu.name, gpu.identity):
            return Gpu(name, gpu.identity, gpu.total, gpu.used)
    return Gpu(name, name)  # a slice of a GPU, or a machine without nvidia-smi: it can be used but not looked into


def _ask() -> list[Gpu]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    result = subprocess.run(
        [program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if result.returncode != 0:  # installed, and no driver or GPU behind it
        return []
    return [_gpu(line) for line in result.stdout.splitlines() if line.strip()]


def _gpu(line: str) -> Gpu:
    index, uuid, total, used = (part.strip() for part in line.split(","))
    return Gpu(index, uuid, _number(total), _number(used))


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None
