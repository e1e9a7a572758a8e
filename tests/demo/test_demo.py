"""The demo as a user starts it: config/config.yaml and profiles/default as they are, and nothing else."""

import contextlib
import json
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader

from personas.config import DEFAULT_CONFIG, load_config
from personas.engines.request import STATUSES
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.plan.costs.estimate import estimate, total
from personas.plan.costs.rates import Rates
from personas.plan.outcome import all_outcomes
from personas.requests.journal_lines import finished_keys
from tests.workflow.conftest import Checkout, make_checkout

MODELS = {"smollm2-greedy", "smollm2-warm"}
SPEAKERS = {"lighthouse-keeper", "pastry-chef", "baseline"}
CONDITIONS = {"persona-directed", "goal-oriented"}
BENCHMARKS = {"bfi", "xstest", "ifbench", "role-specific", "general"}
CHECKPOINTS = {0, 4}
ROUNDS = 4
JUDGE = "smollm2-judge"
METRICS = ("in-character",)


class Memory(threading.Thread):
    """Samples the resident memory of a process and its children; shared pages count once for each process."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._root = psutil.Process(pid)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(1):
            self.peak = max(self.peak, self._now())

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _now(self) -> int:
        total = 0
        try:
            for process in [self._root, *self._root.children(recursive=True)]:
                total += process.memory_info().rss
        except psutil.Error:  # one of them ended between two looks; the next sample is a second away
            return 0
        return total


class Ran:
    """One invocation: what it printed, how long it took (s), how much memory it had at most (bytes)."""

    def __init__(self, checkout: Checkout, *arguments: str) -> None:
        started = time.monotonic()
        process = checkout.start(*arguments)
        memory = Memory(process.pid)
        memory.start()
        try:
            self.output, _ = process.communicate(timeout=3000)
        finally:
            memory.end()
        self.seconds = time.monotonic() - started
        self.peak = memory.peak
        self.code = process.returncode

    def __str__(self) -> str:
        return f"{self.seconds:.0f} s of wall time, at most {self.peak / 1e9:.2f} GB in the process tree"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Checkout]:
    """The project without its results, as it would be after cloning."""
    made = make_checkout(tmp_path / "demo")
    yield made
    for process in made.processes():
        process.send_signal(signal.SIGKILL)


@pytest.mark.demo
@pytest.mark.engine
@pytest.mark.workflow
@pytest.mark.timeout(3600)
def test_demo(demo: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    first = Ran(demo)
    with capsys.disabled():
        print(f"\n[demo: {first}]", flush=True)
    assert first.code == 0, first.output + _logs(demo)
    assert "Complete: all" in first.output

    _check_grid(demo)
    _check_statuses(demo, first.output)
    _check_judgements(demo)
    _check_figures(demo)
    _check_claims(demo)
    _check_something_is_shown(demo)
    _check_report(demo)
    _check_estimates(demo, capsys)
    keys = finished_keys(demo.results / "journal")
    assert len(keys) == len(set(keys)), "a request was sent twice"
    assert not demo.processes(), "nothing of ours outlives the run"

    second = Ran(demo)
    with capsys.disabled():
        print(f"[demo, second run: {second}]", flush=True)
    assert second.code == 0, second.output
    assert "Nothing to be done" in second.output
    assert len(finished_keys(demo.results / "journal")) == len(keys), "the second run asked something"


def _logs(demo: Checkout) -> str:
    return "\n".join(path.read_text() for path in sorted(demo.results.glob("runs/*/logs/*.log")))


def _cells(demo: Checkout, stage: str) -> dict[tuple[str, ...], Path]:
    """Files of a stage in `current/`, by model, persona (, benchmark) and plain name."""
    top = demo.results / "current" / stage
    return {path.relative_to(top).with_suffix("").parts: path for path in top.rglob("*.parquet")}


def _check_grid(demo: Checkout) -> None:
    """Two settings of one model, two personas and the baseline, two conditions, five benchmarks, 2 checkpoints."""
    talks = _cells(demo, "dialogues")
    stems = {"persona-directed-fixed", "persona-directed-shuffled", "goal-oriented-fixed"}
    assert set(talks) == {(model, who, stem) for model in MODELS for who in SPEAKERS for stem in stems}
    for path in talks.values():
        assert pq.read_table(path).column("round").to_pylist() == list(range(1, ROUNDS + 1))

    responses = _cells(demo, "responses")
    assert {place[:3] for place in responses} == {(m, who, b) for m in MODELS for who in SPEAKERS for b in BENCHMARKS}
    for (_, who, benchmark, name), path in responses.items():
        stem, _, stands_in_for = name.partition("--as-")
        assert stem in {f"{condition}-fixed" for condition in CONDITIONS}
        bound = who == "baseline" and benchmark in ("role-specific", "general")
        assert bool(stands_in_for) == bound, path
        assert set(pq.read_table(path).column("checkpoint").to_pylist()) == CHECKPOINTS
    assert len(talks) + len(responses) == 86

    specs = [
        _description(talks[model, "baseline", "goal-oriented-fixed"])["spec"]["model"] for model in sorted(MODELS)
    ]
    assert specs[0]["weights"] == specs[1]["weights"] and specs[0] != specs[1], "two settings of the same weights"


def _description(path: Path) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(pq.read_schema(path).metadata[b"personas"])
    return described


def _check_statuses(demo: Checkout, output: str) -> None:
    """Every planned item ended in one known status: in the files, in the summary, in the table of statuses."""
    plans = list(demo.results.glob("runs/*/plan.json"))
    assert len(plans) == 1
    planned = sum(batch["requests"] for batch in json.loads(plans[0].read_text())["batches"])

    talks, responses, verdicts = (_cells(demo, stage) for stage in ("dialogues", "responses", "judgements"))
    judged = {path: Counter(pq.read_table(path).column("status").to_pylist()) for path in verdicts.values()}
    counted = {path: Counter(pq.read_table(path).column("status").to_pylist()) for path in talks.values()}
    asked = {path: Counter(pq.read_table(path).column("status").to_pylist()) for path in responses.values()}
    ended = sum([*counted.values(), *asked.values(), *judged.values()], Counter())
    assert set(ended) <= set(STATUSES)
    assert ended.total() == planned

    told = next(line for line in output.splitlines() if line.startswith("Items by status: "))
    assert {status: int(count) for count, status in re.findall(r"(\d+) (\w+)", told)} == dict(ended)

    shares = pd.read_csv(demo.results / "current/tables/answer-status.csv")
    assert shares["n_answers"].sum() == sum(asked.values(), Counter()).total()
    by_point = shares.groupby(["model", "persona", "benchmark", "checkpoint"])["share"].sum()
    assert by_point.round(9).eq(1).all()


def _check_judgements(demo: Checkout) -> None:
    """Both models' fixed dialogues and their responses are judged, and nearly every verdict can be read.

    The judge is held to the schema, but at temperature 1 it may fill its few tokens with blanks.
    """
    cells = _cells(demo, "judgements")
    assert {place[:2] for place in cells} == {(JUDGE, model) for model in MODELS}
    talks = {f"{condition}-fixed" for condition in CONDITIONS}
    personas = SPEAKERS - {"baseline"}
    told = {place[2:] for place in cells if place[3] in METRICS}
    as_personas = {(f"{talk}--as-{persona}") for talk in talks for persona in personas}
    assert told == {(who, metric, talk) for who in personas for metric in METRICS for talk in talks} | {
        ("baseline", metric, name) for metric in METRICS for name in as_personas
    }
    shares = pd.read_csv(demo.results / "current/tables/status.csv")
    verdicts = shares[shares["judge"] == JUDGE].groupby("status")["n"].sum()
    assert set(verdicts.index) <= {"ok", "judge_unparsed"} and verdicts["ok"] > 0.9 * verdicts.sum()
    for model in MODELS:
        ratings = pd.read_parquet(demo.results / f"current/tables/ratings-{model}--utterances.parquet")
        assert ratings["value"].dropna().between(1, 5).all() and ratings["value"].notna().mean() > 0.9


def _check_report(demo: Checkout) -> None:
    """Snakemake's report holds every figure and page, also in a run that had nothing to do."""
    output = demo.run("--report", "report.html")
    page = (demo.folder / "report.html").read_text()
    assert "Ratings of utterances: judge smollm2-judge" in page and "Where the results come from" in page, output
    origins = pd.read_csv(demo.results / "current/report/provenance.csv")
    assert set(origins["stage"]) == {"dialogues", "responses", "judgements"}
    assert origins["cells"].sum() == sum(len(_cells(demo, stage)) for stage in set(origins["stage"]))
    assert origins["completion_tokens"].gt(0).all()


def _check_estimates(demo: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """With the rates of this run, the estimate for the same grid from nothing is within 25 % of what was used."""
    outcomes = list(all_outcomes(demo.results))
    with contextlib.chdir(demo.folder):
        grid = build_grid(resolve(load_config([DEFAULT_CONFIG])))
    expected = total(estimate(grid, grid.cells, Rates.of(outcomes), {}).values())
    for name in ("prompt_tokens", "completion_tokens"):
        used = sum(getattr(outcome, name) for outcome in outcomes)
        ratio = getattr(expected, name) / used
        with capsys.disabled():
            print(f"[demo, {name}: estimate / used = {ratio:.3f}]", flush=True)
        assert 0.75 <= ratio <= 1.25, name
    sent = sum(outcome.sent for outcome in outcomes)
    assert sent <= expected.requests <= 1.1 * sent, "only answers that came out alike save a verdict more"


def _check_something_is_shown(demo: Checkout) -> None:
    """Some answer refuses, and some item is answered otherwise by a persona than without one, or than at first."""
    tables = demo.results / "current/tables"
    refused = pd.concat([pd.read_parquet(tables / f"ratings-{model}--xstest.parquet") for model in MODELS])
    assert (refused.loc[refused["metric"] == "refusal", "value"] == 1).any()
    changed = pd.read_parquet(tables / "changed-items.parquet")
    assert (changed.loc[changed["benchmark"] == "xstest", "change"] != 0).any()


def _check_claims(demo: Checkout) -> None:
    """No interval of any table has width 0, and so small a study claims nothing."""
    tables = {path.stem: pd.read_parquet(path) for path in (demo.results / "current/tables").glob("*.parquet")}
    bounded = [
        (name, str(column))
        for name, table in tables.items()
        for column in table
        if re.search(r"(^|_)low$", str(column))
    ]
    assert len(bounded) > 10
    for name, low in bounded:
        width = tables[name][low.removesuffix("low") + "high"] - tables[name][low]
        assert not (width == 0).any(), (name, low)
    assert not (tables["by-model"]["q"] < 0.05).any()


def _check_what_it_says(name: str, text: str) -> None:
    """A figure speaks alone: it names the benchmark and the judge that its file is called after."""
    assert JUDGE not in name or f"Judge {JUDGE}: " in text, (name, text)
    for benchmark in BENCHMARKS:
        assert not re.search(rf"(^|-){benchmark}(-|$)", name) or benchmark in text, (name, text)


def _check_figures(demo: Checkout) -> None:
    figures = demo.results / "current/figures"
    judged = {f"{benchmark}-by-{JUDGE}" for benchmark in ("bfi", "general", "bfi-distance", "utterances")}
    scored = {*judged, "xstest", "ifbench", "role-specific"}
    differences = ("difference-persona-directed-minus-goal-oriented", "progression", "over-baseline")
    by_model = ("models-difference-persona-directed-minus-goal-oriented", "cost-of-length", "cost-of-a-persona")
    over_measures = ("by-length", "effect-of-length", "effect-of-a-persona", "models", "personas", *by_model)
    names = {
        *scored,
        *(f"{difference}-{one}" for difference in differences for one in scored),
        *(f"{name}-by-{JUDGE}" for name in over_measures),
        *(f"{name}-{model}" for name in ("card", "strength", "remaining") for model in MODELS),
        *("overview", "by-checkpoint", "item-changes-xstest", "tokens-by-model", "tokens-by-persona"),
        *("patterns", "patterns-heat-map", "patterns-by-model", "patterns-by-benchmark", "patterns-by-persona"),
    }
    assert {path.stem for path in figures.iterdir()} == names
    for name in names:
        assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG"), name
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF"), name
        _check_what_it_says(name, PdfReader(figures / f"{name}.pdf").pages[0].extract_text())
    mined = [pd.read_parquet(path) for path in (demo.results / "current/patterns").rglob("*-patterns.parquet")]
    assert any(len(patterns) for patterns in mined), "some patterns of answers are there to be shown"
    series = pd.read_csv(demo.results / "current/tables/by-checkpoint.csv")
    assert set(series["checkpoint"]) == CHECKPOINTS
    assert set(series["condition"]) == CONDITIONS
    assert set(series["group"]) == {"persona", "baseline"}
    assert series["n_items_scored"].gt(0).all()
