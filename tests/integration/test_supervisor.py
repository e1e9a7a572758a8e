"""The supervisor's engines are real processes: they answer or not, die, and leave nothing behind."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from personas.engines import supervisor as supervisor_module
from personas.engines.errors import EngineDidNotStart, EngineDied, EngineError, EngineOutOfMemory, EngineOutOfTime
from personas.engines.supervisor import Supervisor, free_port
from tests.helpers import ROOT

LISTEN = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"
SLEEP = "import time; time.sleep(600)"

# Ignores TERM and has a child that does too; writes both process ids.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + ".tmp", "w").write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
time.sleep(600)
"""
# Ends at TERM, but its child does not.
ORPHANING = STUBBORN.replace("time.sleep(600)\n", "signal.signal(signal.SIGTERM, signal.SIG_DFL)\ntime.sleep(600)\n")


def engine(code: str, *arguments: object, log: Path, **environment: str) -> Supervisor:
    return Supervisor([sys.executable, "-c", code, *map(str, arguments)], environment, log)


async def never() -> bool:
    return False


async def at_once() -> bool:
    return True


def listening(port: int) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    return probe


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def pid_of(owned: Supervisor, within: float = 30) -> int | None:
    deadline = time.monotonic() + within
    while not owned.pid and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return owned.pid


async def gone(*pids: int, within: float = 30) -> bool:
    deadline = time.monotonic() + within
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return not any(alive(pid) for pid in pids)


async def pids_in(path: Path, within: float = 30) -> list[int]:
    deadline = time.monotonic() + within
    while not path.exists() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return [int(pid) for pid in path.read_text().split()]


async def test_ready_once_it_answers_and_gone_once_stopped(tmp_path: Path) -> None:
    port = free_port()
    owned = engine(LISTEN, port, log=tmp_path / "logs" / "engine.log")
    await owned.start(listening(port), 60)
    pid = owned.pid
    assert pid and alive(pid) and os.getpgid(pid) == pid != os.getpgid(0)
    await owned.stop()
    assert await gone(pid) and not await listening(port)()
    await owned.stop()


FAILURES = [
    pytest.param("raise SystemExit(3)", EngineDidNotStart, "exit status 3", id="ends with a status"),
    pytest.param("print('bad weights'); raise SystemExit(1)", EngineDidNotStart, "bad weights", id="log is shown"),
    pytest.param("import os; os.kill(os.getpid(), 9)", EngineDidNotStart, "perhaps for lack of memory", id="killed"),
    pytest.param(
        "print('CUDA error: out of memory'); raise SystemExit(1)", EngineOutOfMemory, "out of memory", id="GPU memory"
    ),
    pytest.param("raise MemoryError('std::bad_alloc')", EngineOutOfMemory, "exit status 1", id="bad_alloc"),
]


@pytest.mark.parametrize(("code", "error", "told"), FAILURES)
async def test_dies_before_it_is_ready(tmp_path: Path, code: str, error: type[EngineError], told: str) -> None:
    owned = engine(code, log=tmp_path / "engine.log")
    with pytest.raises(error, match=told):
        await owned.start(never, 60)
    assert owned.pid is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("import time; time.sleep(0.5); raise SystemExit(4)", EngineDied, id="status"),
        pytest.param("import time; time.sleep(0.5); print('failed to allocate')", EngineOutOfMemory, id="memory"),
    ],
)
async def test_dies_later(tmp_path: Path, code: str, error: type[EngineError]) -> None:
    owned = engine(code, log=tmp_path / "engine.log")
    await owned.start(at_once, 60)
    with pytest.raises(error):
        await asyncio.wait_for(owned.watch(at_once), 60)
    await owned.stop()


async def test_the_log_of_an_earlier_attempt_does_not_name_this_death(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("CUDA error: out of memory\n")
    with pytest.raises(EngineDidNotStart, match="exit status 3"):
        await engine("raise SystemExit(3)", log=log).start(never, 60)
    assert "out of memory" in log.read_text(), "but the log keeps it"


async def test_what_an_engine_wrote_is_told_without_what_a_terminal_would_obey(tmp_path: Path) -> None:
    code = r"print('\x1b[31mred\x1b[0m \x07' + 'x' * 3000); raise ValueError('\x1b]0;title\x07')"
    with pytest.raises(EngineDidNotStart) as told:
        await engine(code, log=tmp_path / "engine.log").start(never, 60)
    lines = str(told.value).splitlines()
    assert all(line.isprintable() and len(line) < 1000 for line in lines) and "[31mred [0m x" in "".join(lines)


async def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(EngineDidNotStart, match="no-such-engine"):
        await Supervisor(["no-such-engine"], {}, tmp_path / "engine.log").start(never, 60)


async def test_the_deadline_passes(tmp_path: Path) -> None:
    code = f"print('loading', flush=True); {SLEEP}"
    owned = engine(code, log=tmp_path / "engine.log")
    starting = asyncio.create_task(owned.start(never, 2))
    pid = await pid_of(owned)
    with pytest.raises(EngineOutOfTime, match="not ready after 2 s"):
        await starting
    assert pid and await gone(pid)


async def test_cancelling_the_start_ends_the_engine(tmp_path: Path) -> None:
    owned = engine(SLEEP, log=tmp_path / "engine.log")
    starting = asyncio.create_task(owned.start(never, 60))
    pid = await pid_of(owned)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert pid and await gone(pid)


@pytest.mark.parametrize("code", [STUBBORN, ORPHANING], ids=["engine and child ignore TERM", "child ignores TERM"])
async def test_stop_ends_the_whole_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(supervisor_module, "GRACE_SECONDS", 0.0)
    owned = engine(code, tmp_path / "pids", log=tmp_path / "engine.log")
    await owned.start(at_once, 60)
    pids = await pids_in(tmp_path / "pids")
    assert len(pids) == 2 and all(map(alive, pids))
    await owned.stop()
    assert await gone(*pids)


async def test_stop_ends_children_of_an_engine_that_died(tmp_path: Path) -> None:
    owned = engine(STUBBORN, tmp_path / "pids", log=tmp_path / "engine.log")
    await owned.start(at_once, 60)
    main, child = await pids_in(tmp_path / "pids")
    os.kill(main, signal.SIGKILL)
    with pytest.raises(EngineDied, match="killed"):
        await asyncio.wait_for(owned.watch(at_once), 60)
    await owned.stop()
    assert await gone(child)


async def test_keys_travel_in_the_environment_only(tmp_path: Path) -> None:
    owned = engine(
        f"import os; print(os.environ['KEY'][::-1], flush=True); {SLEEP}", log=tmp_path / "l", KEY="secret"
    )
    await owned.start(at_once, 60)
    assert owned.pid
    keeper = psutil.Process(owned.pid)
    lines = [" ".join(process.cmdline()) for process in [keeper, *keeper.children(recursive=True)]]
    deadline = time.monotonic() + 30
    while not (tmp_path / "l").read_text() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    await owned.stop()
    assert (tmp_path / "l").read_text() == "terces\n" and not any("secret" in line for line in lines)


async def test_a_dead_engine_leaves_no_worker_even_without_an_owner(tmp_path: Path) -> None:
    """The owner may die in the moment after the engine: then only the keeper is left to end the workers."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "personas.core.process_guard", sys.executable, "-c", STUBBORN, str(tmp_path / "pids")],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )
    main, child = await pids_in(tmp_path / "pids")
    os.kill(main, signal.SIGKILL)
    assert await asyncio.to_thread(keeper.wait, 30) == 128 + signal.SIGKILL
    assert keeper.stdin and not alive(child)
    keeper.stdin.close()


async def test_an_engine_that_lives_but_is_never_sound_counts_as_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "HEALTH_SECONDS", 0.0)
    monkeypatch.setattr(supervisor_module, "HEALTH_PATIENCE", 1.0)
    owned = engine(SLEEP, log=tmp_path / "engine.log")
    await owned.start(at_once, 60)
    with pytest.raises(EngineDied, match="lives but was not sound"):
        await asyncio.wait_for(owned.watch(never), 60)
    await owned.stop()


VLLM_LOG = """
for line in ["INFO Loading weights", "WARNING errors like `OSError: too many`",
             "(Worker pid=7) ERROR [executor.py:9] ValueError: KV cache too small",
             "ERROR RuntimeError: Engine core initialization failed. See root cause above.", *["  frame"] * 30]:
    print(line)
raise SystemExit(1)
"""


async def test_the_first_error_in_the_log_is_told_however_long_the_rest(tmp_path: Path) -> None:
    with pytest.raises(EngineDidNotStart, match=r"It said: .*ValueError: KV cache too small"):
        await engine(VLLM_LOG, log=tmp_path / "engine.log").start(never, 60)


@pytest.mark.parametrize(
    "line",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.",
        "ValueError: 5.0 GiB KV cache is needed, which is larger than the available KV cache memory (1.0 GiB).",
        "ValueError: Free memory on device (3/79 GiB) on startup is less than desired GPU memory utilization (0.9)",
    ],
)
async def test_vllm_out_of_memory_is_told_in_its_own_line(tmp_path: Path, line: str) -> None:
    code = f"print('(EngineCore) ERROR [core.py:1] ' + {line!r}); print('frame\\n' * 40); raise SystemExit(1)"
    with pytest.raises(EngineOutOfMemory, match=re.escape(line[-40:])):
        await engine(code, log=tmp_path / "engine.log").start(never, 60)


OWNER = """
import asyncio, sys
from pathlib import Path
from personas.engines.supervisor import Supervisor

async def main():
    engine = Supervisor([sys.executable, "-c", sys.argv[1], sys.argv[2]], {}, Path(sys.argv[3]))
    async def ready():
        return Path(sys.argv[2]).exists()
    await engine.start(ready, 60)
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


GENTLE = STUBBORN.replace("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", "")


@pytest.mark.parametrize("stopped", [None, "keeper", "engine"])
@pytest.mark.parametrize("code", [GENTLE, ORPHANING], ids=["all heed TERM", "child ignores TERM"])
async def test_a_killed_owner_takes_the_engine_along(tmp_path: Path, code: str, stopped: str | None) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, code, str(tmp_path / "pids"), str(tmp_path / "engine.log")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    )
    assert owner.stdout and await asyncio.to_thread(owner.stdout.readline) == b"ready\n"
    pids = await pids_in(tmp_path / "pids")
    if stopped:
        os.kill(os.getpgid(pids[0]) if stopped == "keeper" else pids[0], signal.SIGSTOP)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert await gone(*pids)
