"""What tests share: a tiny project in a folder of its own, and a server that fails on demand."""

import contextlib
import ctypes
import hashlib
import io
import itertools
import json
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from personas.batch.job import run as run_batch
from personas.cli import main as cli
from personas.config import load_config
from personas.grid.grid import Grid, build_grid
from personas.grid.study import Study, resolve
from personas.plan import declaration
from personas.plan import plan as planning
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan, Run, freeze, write
from personas.plan.plan import Plan
from personas.plan.plan_report import PlanReport
from personas.requests.same_prefix import works as judging
from personas.requests.work import works as generating
from personas.workflow.artefacts import downstream
from personas.workflow.links import refresh_links
from personas.workflow.planning import look

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "data", "profiles")
DEMO = ROOT / "data" / "demo"

PATIENCE = 600.0
"""Seconds after which a wait is given up: no machine is so slow, so what is waited for does not happen."""

SAMPLING = {"temperature": 0.0, "max_tokens": 24}
CONFIG: dict[str, Any] = {
    "models": {
        "alpha": {
            "engine": "endpoint",
            "id": "org/alpha-1b",
            "revision": "r1",
            "base_url": "http://127.0.0.1:9/v1",
            "sampling": dict(SAMPLING),
        },
        "beta": {
            "engine": "endpoint",
            "id": "org/beta-1b",
            "revision": "r1",
            "base_url": "http://127.0.0.1:9/v1",
            "sampling": dict(SAMPLING),
        },
    },
    "personas": {"folder": "personas"},
    "conditions": {
        "interview": {"turns": "turns/interview.json", "rounds": 3, "orders": ["fixed", "shuffled"]},
        "requests": {"turns": "turns/requests.json", "rounds": 3},
    },
    "checkpoints": [0, 2],
    "benchmarks": {
        "bfi": {"items": "items/bfi.json", "limit": 2},
        "xstest": {"items": "items/xstest.csv", "limit": 2, "max_tokens": 16},
        "ifbench": {"items": "items/ifbench.jsonl", "limit": 1},
        "role-specific": {"items": "items/role-specific", "limit": 1},
        "general": {"items": "items/general.jsonl", "limit": 1},
    },
}
JUDGE: dict[str, Any] = {
    "model": {
        "engine": "endpoint",
        "id": "org/judge-1b",
        "revision": "r1",
        "base_url": "http://127.0.0.1:9/v1",
        "sampling": {"temperature": 0.0, "max_tokens": 48},
    },
    "texts": "judges",
    "pairs": "parity",
}
"""A judge that no test has unless it asks for it: `project.set({"judges/j": JUDGE})`, or the fixture `judged`."""
PERSONAS = {
    "keeper": {"role": "Maren Holt", "description": "You keep a lighthouse and speak of tides.", "name": "Keeper"},
    "baker": {"role": "Otto Brindle", "description": "You bake croissants and speak of butter.", "name": "Baker"},
}
TURNS = {
    "interview": {
        "introductory_remark": "Good evening, {role}.",
        "questions": ["What do you see in the morning?", "Whom do you trust?", "What do you hope for?"],
    },
    "requests": {"questions": ["Plan a dinner.", "Write a greeting.", "Name a boat.", "Pack a bag."]},
}


def to_yaml(value: Any, sort_keys: bool = True) -> str:
    """Return what `yaml.safe_dump` does, in a tenth of its time."""
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=sort_keys)
    return text


def from_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # a safe one


def copy_project(folder: Path) -> None:
    """Copy what a run needs of the project, as it is in the work tree, and what is compiled of it."""
    folder.mkdir(parents=True)
    left_out = {"data": ("external",)}
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("*.pyc.*", *left_out.get(part, ()))
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy2(source, folder / part)


def personas(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `personas` in a folder, in this process; a process of its own would spend most of its time on imports."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            with mock.patch.object(sys, "argv", ["personas", *arguments]):
                cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return subprocess.CompletedProcess(["personas", *arguments], code, out.getvalue(), err.getvalue())


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_the_tests() -> None:
    """End a process when the tests that start it are killed, in which case no fixture runs (`preexec_fn`).

    It heeds SIGINT, as at a terminal. Tests that a script starts in the background ignore it, and so would it.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Project:
    """A tiny study in `folder`: config.yaml, personas/, turns/, items/. Edit its files, then load it again."""

    folder: Path

    @property
    def config_file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def raw(self) -> dict[str, Any]:
        raw: dict[str, Any] = from_yaml(self.config_file)
        return raw

    def edit(self, **changes: Any) -> "Project":
        """Set values of the config by their place, its parts joined with `__`; None removes a key."""
        return self.set({key.replace("__", "/"): value for key, value in changes.items()})

    def set(self, changes: Mapping[str, Any]) -> "Project":
        """Set values of the config by their place, its parts joined with slashes; None removes a key."""
        self.config_file.write_text(to_yaml(edited(self.raw(), changes), sort_keys=False), encoding="utf-8")
        return self

    def edit_persona(self, slug: str, **changes: Any) -> "Project":
        path = self.folder / "personas" / f"{slug}.yaml"
        raw = from_yaml(path) if path.exists() else {}
        path.write_text(to_yaml({**raw, **changes}), encoding="utf-8")
        return self

    def edit_json(self, name: str, edit: Callable[[Any], object]) -> "Project":
        """Edit a JSON file of the project by a function that changes what it is given."""
        path = self.folder / name
        document = json.loads(path.read_text(encoding="utf-8"))
        edit(document)
        path.write_text(json.dumps(document), encoding="utf-8")
        return self

    def replace_text(self, name: str, old: str, new: str) -> "Project":
        """Replace a text that stands in a file of the project at least once."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return self

    def study(self) -> Study:
        return resolve(load_config([self.config_file]), self.folder)

    def grid(self) -> Grid:
        return build_grid(self.study())

    def plan_report(self) -> PlanReport:
        """Plan against what is on disk, with reasons and estimates."""
        return look(self.grid(), self.results)

    def run(self, name: str = "run-1", stages: Sequence[str] = ("generate", "judge")) -> FrozenPlan:
        """Do what an invocation does for the cells of some stages: plan, clear what is outdated, run every batch."""
        frozen = self.freeze(name)
        carry_out(frozen, stages)
        return frozen

    def freeze(self, name: str = "run-1") -> FrozenPlan:
        """Plan against what is on disk, and write nothing."""
        plan_report = self.plan_report()
        return freeze(plan_report.plan, Run(name, socket.gethostname(), 1, 0.0), self.results, plan_report.estimates)

    def frozen(self, on_disk: Iterable[str] = (), run: str = "run-1") -> FrozenPlan:
        """Plan against `on_disk`, freeze and write; results lie in the project's folder."""
        plan = make_plan(self.grid(), frozenset(on_disk))
        frozen = freeze(plan, Run(run, socket.gethostname(), 1, 0.0), self.folder / "results")
        write(frozen)
        return frozen


def make_plan(grid: Grid, on_disk: frozenset[str]) -> Plan:
    """Plan a grid and all that follows from it."""
    return planning.make_plan(grid, downstream(grid), on_disk)


def make(frozen: FrozenPlan, artefact: Artefact) -> Path:
    """Make a table, a figure or a page in this process and return its first file."""
    declaration.make(frozen, artefact)
    return frozen.results / artefact.outputs[0]


def is_figure(artefact: Artefact) -> bool:
    return artefact.outputs[0].startswith("figures/")


def carry_out(frozen: FrozenPlan, stages: Sequence[str] = ("generate", "judge")) -> None:
    """Write a plan, clear what is outdated, run every batch of some stages, refresh the links."""
    write(frozen)
    for path in frozen.to_make:
        (frozen.results / path).unlink(missing_ok=True)
    for batch in frozen.batches:
        if batch.stage in stages:
            log = frozen.folder() / "logs" / f"{batch.name}.log"
            run_batch(judging if batch.judge else generating, frozen, batch.name, 1, log)
    refresh_links(frozen)


def edited(raw: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with values set by their place, its parts joined with slashes; None removes a key."""
    result: dict[str, Any] = json.loads(json.dumps(raw))
    for place, value in json.loads(json.dumps(changes)).items():  # so that no two places share one object
        *parents, last = place.split("/")
        here = result
        for part in parents:
            here = here.setdefault(part, {})
        if value is None:
            here.pop(last, None)
        else:
            here[last] = value
    return result


def make_project(folder: Path) -> Project:
    """Write the tiny project into a folder; `judges/` holds what a judge reads, though no judge is configured."""
    (folder / "personas").mkdir(parents=True)
    (folder / "turns").mkdir()
    shutil.copytree(DEMO, folder / "items")
    shutil.copytree(ROOT / "config/judges/default", folder / "judges")
    for slug, persona in PERSONAS.items():
        (folder / "personas" / f"{slug}.yaml").write_text(to_yaml(persona), encoding="utf-8")
    for name, turns in TURNS.items():
        (folder / "turns" / f"{name}.json").write_text(json.dumps(turns), encoding="utf-8")
    project = Project(folder)
    project.config_file.write_text(to_yaml(CONFIG, sort_keys=False), encoding="utf-8")
    return project


def digests(grid: Grid) -> set[str]:
    return {cell.digest for cell in grid.cells}


def by_plain_path(grid: Grid) -> dict[str, str]:
    """Map the plain path of every cell to its digest."""
    return {cell.plain_path: cell.digest for cell in grid.cells}


def changed(before: Grid, after: Grid) -> set[str]:
    """Return the plain paths whose cell is in only one of two grids, or has another digest."""
    old, new = by_plain_path(before), by_plain_path(after)
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


@dataclass(frozen=True)
class Outcome:
    """What the server does with one request: answers `text`, or `status` with `body`, or breaks (`act`)."""

    text: str | None = None
    finish: str = "stop"
    refusal: str | None = None
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    act: str = "reply"
    pause: float = 0.0


def answer(text: str | None, finish: str = "stop", pause: float = 0.0) -> Outcome:
    return Outcome(text, finish, pause=pause)


def failure(status: int, message: str = "it failed", code: str | None = None, **headers: str) -> Outcome:
    """Fail with a status; the pause before a retry is short unless `retry_after` asks for another."""
    told = {"retry-after-ms": "5", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if "retry-after" in told:
        del told["retry-after-ms"]
    error = {"message": message, "type": "some_error", "code": code}
    return Outcome(status=status, body={"error": error}, headers=told)


OVERFLOW_OPENAI = failure(
    400,
    "This model's maximum context length is 1024 tokens. However, your messages resulted in 2048 tokens.",
    "context_length_exceeded",
)
OVERFLOW_LLAMACPP = Outcome(
    status=400,
    body={
        "error": {
            "code": 400,
            "message": "request (2048 tokens) exceeds the available context size (1024 tokens), try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 2048,
            "n_ctx": 1024,
        }
    },
)
RESET = Outcome(act="reset")
HANG = Outcome(act="hang")


def said(messages: Sequence[Mapping[str, str]]) -> str:
    """Return the server's answer to messages: the same for the same messages, and for no others."""
    mark = hashlib.sha256(json.dumps(list(messages), sort_keys=True).encode()).hexdigest()[:8]
    return f"Ünique answer {mark} to: {messages[-1]['content'][:20]}"


class FakeServer:
    """Chat completions over real sockets. Outcomes in `script` go first, one a request; then `decide`, then `said`.

    `bodies` and `keys` remember every request in the order of arrival; `most` is how many were there at once.
    """

    def __init__(self) -> None:
        self.script: list[Outcome] = []
        self.decide: Callable[[dict[str, Any]], Outcome | None] = lambda body: None
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.most = 0
        self._here = 0
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._holds: list[threading.Event] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "FakeServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for event in (self._released, *self._holds):
            event.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def count(self) -> int:
        return len(self.bodies)

    def wait_until_idle(self, seconds: float = 0.3) -> None:
        """Wait until nobody has asked anything for a while: what was under way when a client ended comes in late."""
        seen = -1
        while seen != self.count:
            seen = self.count
            time.sleep(seconds)

    def hold(self, after: int, held: Callable[[dict[str, Any]], bool] = lambda body: True) -> threading.Event:
        """Answer so many of the requests that are to be `held`, and the others once the event is set."""
        release, arrived = threading.Event(), itertools.count()
        self._holds.append(release)

        def decide(body: dict[str, Any]) -> None:
            if held(body) and next(arrived) >= after:
                release.wait()

        self.decide = decide
        return release

    def take(self, body: dict[str, Any], key: str) -> Outcome:
        with self._lock:
            self.bodies.append(body)
            self.keys.append(key)
            self._here += 1
            self.most = max(self.most, self._here)
            if self.script:
                return self.script.pop(0)
        return self.decide(body) or answer(said(body["messages"]))

    def leave(self) -> None:
        with self._lock:
            self._here -= 1

    def wait(self, seconds: float | None) -> None:
        """Wait, at most until the server stops."""
        self._released.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    fake: FakeServer

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that is gone, which is how a kill shows here; anything else is ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError | json.JSONDecodeError):  # half a request is none
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        outcome = self.server.fake.take(body, self.headers.get("authorization", "").removeprefix("Bearer "))
        try:
            self._carry_out(outcome, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.server.fake.leave()

    def _carry_out(self, outcome: Outcome, body: Mapping[str, Any]) -> None:
        self.server.fake.wait(outcome.pause)
        if outcome.act == "hang":
            self.server.fake.wait(None)
        if outcome.act in ("reset", "hang"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        content = outcome.body if outcome.body is not None else _completion(outcome, body)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(outcome.status)
        headers = {"content-type": "application/json", **outcome.headers, "content-length": str(len(data))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _completion(outcome: Outcome, body: Mapping[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": outcome.text, "refusal": outcome.refusal}
    prompt, words = sum(len(m["content"].split()) for m in body["messages"]), len((outcome.text or "").split())
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "system_fingerprint": "fake-1",
        "choices": [{"index": 0, "message": message, "finish_reason": outcome.finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": words,
            "total_tokens": prompt + words,
            "prompt_tokens_details": {"cached_tokens": 1},
        },
    }
