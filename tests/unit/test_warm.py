"""The warm process, for real: a process of its own, makers in a module that it has to import, jobs that ask it."""

import ast
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from personas.plan.frozen import write
from personas.workflow import warm
from personas.workflow.making import Making
from tests.helpers import PATIENCE, ROOT, Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the warm process is for Linux")

MAKERS = '''
import json, os, sys, time
from pathlib import Path
from personas.core.errors import UserError

TIMES_WARMED = []

def warm_up():
    TIMES_WARMED.append(os.getpid())

def tell(frozen, output):
    """Write where this was made, and what was loaded before."""
    seen = {"pid": os.getpid(), "parent": os.getppid(), "folder": os.getcwd(), "warmed": TIMES_WARMED,
            "threads": os.environ["OMP_NUM_THREADS"], "colorsys": "colorsys" in sys.modules, "run": frozen.run.id}
    import colorsys
    (frozen.results / output).write_text(json.dumps(seen))
    print("told", flush=True)

def refuse(frozen, output):
    raise UserError("config.x: found 1, expected 2.")

def fail(frozen, output):
    raise ZeroDivisionError("one over none")

def die(frozen, output):
    os.kill(os.getpid(), 9)

def compute(frozen, output):
    while time.process_time() < 0.5:
        pass

def verify(frozen, output):
    from personas.benchmarks import verifiers
    (frozen.results / output).write_text(json.dumps({"known": "if_verifiable.common" in sys.modules}))
    verifiers.known_ids()

def wait(frozen, output):
    (frozen.results / output).write_text(str(os.getpid()))
    time.sleep(60)
'''


@pytest.fixture
def plan(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frozen plan on disk, and the module `makers` where Python finds it."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/makers.py").write_text(MAKERS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "scripts"), str(tmp_path / "modules")]))
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.delenv(warm.VARIABLE, raising=False)
    return write(project.frozen()).resolve()


@pytest.fixture
def process(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[subprocess.Popen[bytes]]":
    """A warm process that listens; its own words go to a file."""
    address = tmp_path / "own" / "socket"
    address.parent.mkdir()
    with (tmp_path / "words").open("wb") as words:
        started = subprocess.Popen(
            [sys.executable, "-m", "personas.workflow.warm", str(address)],
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            env=os.environ | warm.ONE_THREAD,
        )
    _until(lambda: _listens(address))
    monkeypatch.setenv(warm.VARIABLE, str(address))
    yield started
    started.communicate(timeout=PATIENCE)
    assert (tmp_path / "words").read_bytes() == b""


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _listens(address: Path) -> bool:
    """The file of a socket is there a moment before anybody listens."""
    with warm._socket() as connection:
        return connection.connect_ex(str(address)) == 0


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _making(plan: Path, maker: str, output: str = "out.json") -> Making:
    results = plan.parents[2]
    return Making(f"makers:{maker}", str(plan), str(results / output), str(results / f"{output}.log"))


def _seen(plan: Path) -> dict[str, object]:
    seen: dict[str, object] = json.loads((plan.parents[2] / "out.json").read_text())
    return seen


def test_made_in_a_fork(plan: Path, process: "subprocess.Popen[bytes]", capfd: pytest.CaptureFixture[str]) -> None:
    assert warm.made(_making(plan, "tell")) == 0
    seen = _seen(plan)
    assert seen["parent"] == process.pid and seen["pid"] != process.pid
    assert seen["folder"] == str(Path.cwd()), "paths of a job are below its working folder"
    assert seen["warmed"] == [process.pid], "warmed up before the fork"
    assert seen["threads"] == "1"
    assert capfd.readouterr().out == "told\n", "the words of a fork are those of its job"


def test_the_next_fork_finds_imported_what_the_first_had_to_import(
    plan: Path, process: "subprocess.Popen[bytes]"
) -> None:
    known, warmed = [], []
    for _ in range(3):
        assert warm.made(_making(plan, "tell")) == 0
        known.append(_seen(plan)["colorsys"])
        warmed.append(_seen(plan)["warmed"])
    assert not known[0] and known[-1]
    assert warmed == [[process.pid]] * 3, "once is enough"


def test_verifiers_are_imported_without_a_download(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """They try to download data at every import, and print four lines for each file that they do not get."""
    watch = "def told(event, arguments):\n if event == 'socket.getaddrinfo': print(event, arguments, flush=True)\n"
    (tmp_path / "modules/sitecustomize.py").write_text(f"import sys\n{watch}sys.addaudithook(told)\n")
    monkeypatch.setenv("NLTK_DATA", str(tmp_path))
    request.getfixturevalue("process")
    known = []
    for _ in range(2):
        assert warm.made(_making(plan, "verify")) == 0
        known.append(_seen(plan)["known"])
    assert warm.made(_making(plan, "tell")) == 0, "what was imported is behind us"
    assert known == [False, True]
    assert (tmp_path / "words").read_text() == ""


def test_every_fork_reads_the_plan(plan: Path, process: "subprocess.Popen[bytes]", project: Project) -> None:
    """What a plan knows of third-party files changes while they are fetched, although its file does not."""
    other = write(project.frozen(run="run-2"))
    for run in ("run-1", "run-2"):
        assert warm.made(_making(plan, "tell")) == 0
        assert _seen(plan)["run"] == run
        plan.write_bytes(other.read_bytes())


def test_a_users_mistake_is_one_sentence(
    plan: Path, process: "subprocess.Popen[bytes]", capfd: pytest.CaptureFixture[str]
) -> None:
    making = _making(plan, "refuse")
    assert warm.made(making) == 1
    assert capfd.readouterr().err == "config.x: found 1, expected 2.\n"
    assert "ERROR config.x: found 1" in Path(making.log).read_text()


def test_our_mistake_is_a_traceback(
    plan: Path, process: "subprocess.Popen[bytes]", capfd: pytest.CaptureFixture[str]
) -> None:
    making = _making(plan, "fail")
    assert warm.made(making) == 1
    assert "ZeroDivisionError: one over none" in capfd.readouterr().err
    assert "ZeroDivisionError" in Path(making.log).read_text()


def test_a_maker_that_cannot_be_imported_fails_its_job_only(
    plan: Path, process: "subprocess.Popen[bytes]", capfd: pytest.CaptureFixture[str]
) -> None:
    assert warm.made(_making(plan, "tell")._replace(maker="no_such_module:tell")) == 1
    assert "No module named 'no_such_module'" in capfd.readouterr().err
    assert warm.made(_making(plan, "tell")) == 0


def test_a_fork_that_is_killed_made_nothing(plan: Path, process: "subprocess.Popen[bytes]") -> None:
    """The job then tries by itself: if memory ran out, it is the job that is seen to be killed."""
    assert warm.made(_making(plan, "die")) is None
    assert warm.made(_making(plan, "tell")) == 0


def test_a_job_that_is_killed_takes_its_fork_along(plan: Path, process: "subprocess.Popen[bytes]") -> None:
    making = _making(plan, "wait")
    asks = f"from personas.workflow import warm; from personas.workflow.making import Making; warm.made({making!r})"
    job = subprocess.Popen([sys.executable, "-c", asks], cwd=ROOT)
    _until(lambda: Path(making.output).is_file() and Path(making.output).read_text() != "")
    fork = psutil.Process(int(Path(making.output).read_text()))
    job.send_signal(signal.SIGKILL)
    job.wait()
    _until(lambda: _has_ended(fork))


def test_none_to_ask(plan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert warm.made(_making(plan, "tell")) is None
    monkeypatch.setenv(warm.VARIABLE, str(tmp_path / "gone"))
    assert warm.made(_making(plan, "tell")) is None


def test_another_environment_makes_its_own(
    plan: Path, process: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a rule in a conda environment of its own does: other versions could make other files."""
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    assert warm.made(_making(plan, "tell")) is None


def test_what_is_no_request_is_left_alone(plan: Path, process: "subprocess.Popen[bytes]") -> None:
    with warm._socket() as connection:
        connection.connect(os.environ[warm.VARIABLE])
        connection.send(b"hello")
        assert connection.recv(1) == b""
    assert warm.made(_making(plan, "tell")) == 0


def test_what_forks_compute_is_counted(plan: Path, process: "subprocess.Popen[bytes]") -> None:
    """`time snakemake` and a cluster's accounting tell what a run takes, its forks included."""
    assert warm.made(_making(plan, "compute")) == 0
    used = psutil.Process(process.pid).cpu_times
    _until(lambda: used().children_user > 0.3 or warm.made(_making(plan, "tell")) != 0)


@pytest.mark.parametrize("whom", ["the fork", "the warm process"])
def test_a_job_does_not_wait_for_who_was_stopped(
    whom: str, plan: Path, process: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(warm, "STOPPED_PATIENCE", 0.2)
    out = plan.parents[2] / "out.json"
    made: list[int | None] = []
    if whom == "the warm process":
        process.send_signal(signal.SIGSTOP)
    job = threading.Thread(target=lambda: made.append(warm.made(_making(plan, "wait"))))
    job.start()
    stopped = process.pid
    if whom == "the fork":
        _until(lambda: out.exists() and out.read_text() != "")
        stopped = int(out.read_text())
        os.kill(stopped, signal.SIGSTOP)
    job.join(PATIENCE)
    assert made == [None], "the job makes its file by itself"
    _until(lambda: not psutil.pid_exists(stopped) or _has_ended(psutil.Process(stopped)))


STARTS = """
import os, sys
from pathlib import Path
from personas.workflow import warm
warm.start()
print(os.environ[warm.VARIABLE], oct(Path(os.environ[warm.VARIABLE]).parent.stat().st_mode)[-3:], flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("sign", [None, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_process_that_started_it(plan: Path, sign: signal.Signals | None) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin is not None and run.stdout is not None
    address, mode = run.stdout.readline().split()
    _until(Path(address).exists)
    [child] = psutil.Process(run.pid).children()
    assert mode == "700", "nobody else may ask"
    if sign is None:
        run.stdin.write("\n")
        run.stdin.flush()
    else:
        run.send_signal(sign)
    run.wait(timeout=PATIENCE)
    _until(lambda: _has_ended(child))
    _until(lambda: not Path(address).parent.exists())
    run.stdin.close()
    run.stdout.close()


def test_an_address_that_is_too_long_starts_none(plan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    warm.start()
    assert warm.VARIABLE not in os.environ


def test_a_run_goes_on_where_none_can_be_started(plan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not-there"))
    warm.start()
    assert warm.VARIABLE not in os.environ


def test_a_job_that_only_asks_imports_little() -> None:
    """There are hundreds of such jobs: what they import, each of them waits for."""
    program = "import personas.workflow.warm, sys; print({name.partition('.')[0] for name in sys.modules})"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert not {"pydantic", "numpy", "pandas", "pyarrow", "matplotlib", "nltk"} & set(ast.literal_eval(told))
