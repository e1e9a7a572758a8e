"""GPU slots are disjoint, die with their holder, and wait for memory. `nvidia-smi` is a script that prints lines."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.engines import gpus, slots
from personas.engines.errors import EngineOutOfMemory
from personas.engines.slots import gpu_slots
from tests.helpers import ROOT

Install = Callable[..., Path]
MACHINE = Machine()


@pytest.fixture
def nvidia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put an `nvidia-smi` for GPUs of 80 GiB on the PATH; its arguments are the MiB that each GPU uses."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(slots, "_PAUSE", 0.02)

    def install(*used: int) -> Path:
        table = tmp_path / "table"
        table.write_text("".join(f"{i}, GPU-{i}{i}, 81920, {mib}\n" for i, mib in enumerate(used)))
        program = tmp_path / "nvidia-smi"
        program.write_text(f'#!/bin/sh\ncat "{table}"\n')
        program.chmod(0o755)
        return table

    return install


def test_gpus_are_those_that_nvidia_smi_shows(nvidia: Install) -> None:
    nvidia(10, 500)
    assert [(g.name, g.identity, g.total, g.used) for g in gpus.usable(MACHINE)] == [
        ("0", "GPU-00", 81920, 10),
        ("1", "GPU-11", 81920, 500),
    ]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        pytest.param("1", ["1"], id="by number"),
        pytest.param("GPU-11,0", ["GPU-11", "0"], id="by identity, in the order given"),
        pytest.param("", [], id="all hidden"),
        pytest.param("-1", [], id="hidden the other way"),
        pytest.param("MIG-5", ["MIG-5"], id="a slice that nvidia-smi does not list"),
    ],
)
def test_a_scheduler_decides_what_is_visible(
    nvidia: Install, monkeypatch: pytest.MonkeyPatch, visible: str, names: list[str]
) -> None:
    nvidia(0, 0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [gpu.name for gpu in gpus.usable(MACHINE)] == names


def test_the_machine_may_keep_gpus_for_others(nvidia: Install) -> None:
    nvidia(0, 0, 0)
    assert [gpu.name for gpu in gpus.usable(Machine(gpus=(2, 1)))] == ["2", "1"]
    with pytest.raises(UserError, match=r"machine\.gpus: found 5, expected some of 0, 1, 2\."):
        gpus.usable(Machine(gpus=(5,)))


def test_a_broken_nvidia_smi_is_no_gpu(nvidia: Install, tmp_path: Path) -> None:
    nvidia(0)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'no driver'\nexit 9\n")
    assert gpus.usable(MACHINE) == []


async def test_no_gpu_names_the_embedded_engine(nvidia: Install) -> None:
    nvidia()
    with pytest.raises(UserError, match=r"models\.m\.engine: .*no GPU.*engine: llama\.cpp"):
        async with gpu_slots(1, MACHINE, "models.m", 0.9):
            pass


async def test_more_than_there_are(nvidia: Install) -> None:
    nvidia(0, 0)
    with pytest.raises(UserError, match=r"models\.m\.tensor_parallel: found 4, expected at most 2"):
        async with gpu_slots(4, MACHINE, "models.m", 0.9):
            pass


async def test_holders_side_by_side_have_disjoint_gpus(nvidia: Install) -> None:
    """Eight batches, of one GPU and of two, on four GPUs: at no time is one held twice, and all get their turn."""
    nvidia(0, 0, 0, 0)
    held: list[str] = []
    turns = 0

    async def batch(count: int) -> None:
        nonlocal turns
        async with gpu_slots(count, MACHINE, "models.m", 0.9) as mine:
            held.extend(mine)
            assert len(mine) == count and len(held) == len(set(held))
            await asyncio.sleep(0.05)
            for name in mine:
                held.remove(name)
            turns += 1

    await asyncio.wait_for(asyncio.gather(*(batch(count) for count in (1, 2, 1, 4, 2, 1, 3, 1))), 60)
    assert turns == 8


HOLDER = """
import asyncio, sys
from personas.config.machine import Machine
from personas.engines.slots import gpu_slots

async def main():
    async with gpu_slots(1, Machine(), "models.m", 0.9) as mine:
        print(*mine, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_slot_dies_with_its_holder(nvidia: Install) -> None:
    nvidia(0)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, cwd=ROOT)
    assert holder.stdout and await asyncio.to_thread(holder.stdout.readline) == b"0\n"
    waiting = asyncio.create_task(_hold_briefly())
    await asyncio.sleep(0.3)
    assert not waiting.done(), "another process holds the only GPU"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert await asyncio.wait_for(waiting, 30) == ["0"]


async def _hold_briefly() -> list[str]:
    async with gpu_slots(1, MACHINE, "models.m", 0.9) as mine:
        return mine


async def test_an_engine_before_us_gets_time_to_give_its_memory_back(nvidia: Install) -> None:
    table = nvidia(70_000)
    waiting = asyncio.create_task(_hold_briefly())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    table.write_text("0, GPU-00, 81920, 300\n")
    assert await asyncio.wait_for(waiting, 30) == ["0"]


async def test_memory_that_somebody_else_keeps_has_a_name(nvidia: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia(70_000)
    monkeypatch.setattr(slots, "MEMORY_PATIENCE", 0.1)
    with pytest.raises(EngineOutOfMemory, match=r"GPU 0 has 11\.6 of 80\.0 GiB free, expected 72\.0"):
        await _hold_briefly()
    monkeypatch.setattr(slots, "MEMORY_PATIENCE", 30.0)
    nvidia(0)
    assert await _hold_briefly() == ["0"], "the slot was given back"
