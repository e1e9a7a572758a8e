"""What people read on a terminal fits 80 columns; what a run ends with names causes, and the next command.

After a deliberate change: look at what `test_plan_and_status_fit` prints, and put it into tests/cases/terminal_*.txt.
"""

import io
import logging
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from snakemake.logging import ColorizingTextHandler, DefaultFormatter, logger
from snakemake_interface_logger_plugins.common import LogEvent

from personas.cli.run import snakemake_command
from personas.figures.summaries.finding import sentence
from personas.plan.frozen import write
from personas.plan.outcome import FINISHED, UNDER_WAY, Live, Outcome
from personas.workflow.terminal.chatter import shorten_chatter
from personas.workflow.terminal.headline import headline
from personas.workflow.terminal.plan_tables import print_plan_report
from personas.workflow.terminal.progress import progress_table, read_progress
from personas.workflow.terminal.status import print_status
from personas.workflow.terminal.summary import COMMAND_VARIABLE, summary
from tests.helpers import JUDGE, ROOT, Project, personas

PRICE = {"prompt_per_million": 1.25, "completion_per_million": 10.0}


@pytest.fixture
def long_named(project: Project) -> Project:
    """A study whose models have the longest slugs that are common, prices and a judge; its last run was cut short."""
    model = project.raw()["models"]["alpha"]
    project.set({"models": {"smollm2-quantized-q8": model | {"price": PRICE}, "gemma-3-27b-it": model}})
    project.set({"judges/prometheus-8x7b": JUDGE})
    frozen = project.freeze()
    write(frozen)
    first, *_ = frozen.batches
    live = Live(1000.0, 90, 3.2, 140.0, 240.0, "a limit", 1060.0)
    counts: dict[str, Any] = {
        "planned": 192_345,
        "sent": 100,
        "prompt_tokens": 1_234_567,
        "completion_tokens": 99_999,
    }
    ended = Outcome(first.name, first.model, "endpoint", UNDER_WAY, money=1234.5, currency="USD", live=live, **counts)
    ended.write(frozen.folder())
    return project


def printed(print_to: Any, width: int) -> str:
    page = io.StringIO()
    print_to(Console(file=page, width=width))
    return page.getvalue()


@pytest.mark.parametrize("width", [80, 100])
def test_plan_and_status_fit(long_named: Project, width: int) -> None:
    plan_report = long_named.plan_report()
    frozen = long_named.freeze()
    rows = read_progress(frozen.batches, frozen.estimates, frozen.folder())
    pages = {
        "plan": printed(lambda console: print_plan_report(plan_report, console), width),
        "status": printed(lambda console: print_status(plan_report, long_named.results, console), width),
        "progress": printed(lambda console: console.print(progress_table(rows, {rows[0].batch.name}, 0.0)), width),
    }
    for name, page in pages.items():
        tables = [line.rstrip() for line in page.splitlines()]
        assert max(map(len, tables)) <= width, name
        assert "…" not in page, f"{name} is cut"
    expected = (ROOT / f"tests/cases/terminal_{width}.txt").read_text(encoding="utf-8")
    told = "\n".join(f"== {name}\n{_without_times(page)}" for name, page in pages.items())
    assert told == expected


def _without_times(page: str) -> str:
    """Return what was printed without how many artefacts there are: every table more would be another page."""
    counted = re.sub(r"0 of \d+ current", "0 of 255 current", page)
    return "\n".join(line.rstrip() for line in counted.splitlines()) + "\n"


def test_the_last_lines_name_each_cause_once_and_the_next_command(
    long_named: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = long_named.freeze()
    why = "models.x at http://h/v1: The server refuses: HTTP 401: no. To do: put the right key into K."
    names = [batch.name for batch in frozen.batches[:2]]
    for batch in frozen.batches[:2]:
        Outcome(batch.name, ended="engine-refuses", why=why).write(frozen.folder())
    monkeypatch.setattr(sys, "argv", ["snakemake", "--configfile", "my study.yaml"])
    monkeypatch.delenv("UV", raising=False)
    lines = summary(frozen)
    [cause] = [line for line in lines if line.startswith("Failed")]
    assert cause == f"Failed (2 batches, {min(names)} first): engine-refuses: {why}"
    [following] = [line for line in lines if line.startswith("Next")]
    assert following == (
        "Next, once that is set right (what is finished stays): snakemake --configfile 'my study.yaml'"
    )
    for batch in frozen.batches[:2]:
        Outcome(batch.name, ended="stopped", why="The batch got SIGTERM.").write(frozen.folder())
    monkeypatch.setenv(COMMAND_VARIABLE, "personas run -c s.yaml")
    monkeypatch.setenv("UV", "/bin/uv")
    assert "Next, to go on: run the same command again: uv run personas run -c s.yaml" in summary(frozen)


def test_what_statuses_mean_is_said(long_named: Project) -> None:
    frozen = long_named.freeze()
    statuses = {"dialogues": {"truncated": 3, "context_overflow": 1}}
    batch = frozen.batches[0]
    Outcome(batch.name, batch.model, ended=FINISHED, statuses=statuses).write(frozen.folder())
    told = "\n".join(summary(frozen))
    assert "truncated (75%): longer than `sampling.max_tokens` (24 or 48)" in told
    assert f"context_overflow ({frozen.batches[0].model}): " in told and "raise `context_length`" in told


def change(measure: str, mean: float, low: float, high: float, q: float | None) -> dict[str, Any]:
    given: dict[str, Any] = {"measure": measure, "title": measure.title(), "unit": "refused (%)", "scale": "share"}
    given |= {"benchmark": "xstest", "judge": None, "condition": "interview", "over": "personas, items"}
    return {**given, "mean": mean, "low": low, "high": high, "q": q}


def told(*changes: dict[str, Any]) -> str:
    return sentence(pd.DataFrame(changes).astype({"q": "float64"}))


def test_the_headline_says_what_is_true_of_the_numbers() -> None:
    none = [change("refusal", -0.02, -0.06, 0.02, 0.4), change("safety", 0.01, -0.01, 0.03, 0.5)]
    assert told(*none) == "No change over the dialogue is distinguishable from none (2 claims, q < 0.05)."
    few = change("refusal", -0.02, np.nan, np.nan, None)
    assert told(few) == "Too few personas and items were asked to tell of any change over the dialogue."
    some = [*none, change("clear", -0.09, -0.1, -0.08, 0.01), change("wide", -0.3, -0.5, -0.1, 0.01)]
    assert told(*some) == (
        "2 of 4 claims about change over the dialogue hold (q < 0.05); most clearly Clear (xstest) in interview: "
        "-9.00 [-10.00, -8.00] percentage points, over personas, items."
    )


def test_the_headline_is_of_all_models_together(tmp_path: Path) -> None:
    bar: dict[str, Any] = {"measure": "m", "contrast": "length", "condition": "c", "headline": True, "over": "models"}
    numbers = {"mean": -0.5, "low": -0.6, "high": -0.4}
    bars = [{**bar, **numbers, "model": model, "q": q} for model, q in (("a", 0.5), ("b", 0.5), (None, 0.001))]
    measure = {"measure": "m", "title": "M", "scale": "share", "unit": "m (%)", "benchmark": None, "judge": None}
    tables = tmp_path / "current" / "tables"
    tables.mkdir(parents=True)
    pd.DataFrame(bars).to_parquet(tables / "by-model.parquet")
    pd.DataFrame([measure]).astype({"benchmark": "str", "judge": "str"}).to_parquet(tables / "measures.parquet")
    assert (headline(tmp_path) or "").startswith("1 of 1 claim about change over the dialogue holds (q < 0.05)")
    pd.DataFrame([{**bars[0], "headline": False}]).to_parquet(tables / "by-model.parquet")
    assert headline(tmp_path) is None, "nothing is claimed"


def test_without_tables_there_is_no_headline(tmp_path: Path) -> None:
    assert headline(tmp_path) is None


def say(message: str | None, event: LogEvent | None = None, level: int = logging.INFO, **more: Any) -> None:
    logger.log(level, message, extra={"event": event, **more})


def test_snakemake_says_one_line_for_each_step_and_every_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    handler = ColorizingTextHandler(stream=stream, formatter=DefaultFormatter())
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "level", logging.INFO)
    shorten_chatter(SimpleNamespace(output_settings=SimpleNamespace(verbose=False, dryrun=False)))
    say("Select jobs to execute...")
    say("Execute 1 jobs...", LogEvent.JOB_STARTED)
    say("Job stats:\njob      count\n-----  -------\nall          1\ntotal       50\n", LogEvent.RUN_INFO)
    say("Finished jobid: 13 (Rule: values)", LogEvent.JOB_FINISHED, job_id=13)
    say(None, LogEvent.PROGRESS, done=2, total=50)
    say("RuleException:\nCalledProcessError in file 'x':\nCommand 'y' returned non-zero exit status 75.", level=40)
    say("RuleException:\nCalledProcessError in file 'x':\nCommand 'y' returned non-zero exit status -9.", level=40)
    say("The disk is nearly full.", level=logging.WARNING)
    said = re.sub(r"\d\d:\d\d:\d\d", "TIME", stream.getvalue())
    assert said.splitlines() == [
        "TIME  50 steps to do",
        "TIME  values finished, 2 of 50 steps",
        *("RuleException:", "CalledProcessError in file 'x':", "Command 'y' returned non-zero exit status -9."),
        "The disk is nearly full.",
    ]


def test_a_dry_run_tells_its_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(logger, "handlers", [ColorizingTextHandler(stream=stream, formatter=DefaultFormatter())])
    shorten_chatter(SimpleNamespace(output_settings=SimpleNamespace(verbose=False, dryrun=True)))
    say("Building DAG of jobs...")
    say("Job stats:\njob      count\n-----  -------\nall          1\ntotal        1\n", LogEvent.RUN_INFO)
    assert stream.getvalue().startswith("Job stats:")


def test_verbose_leaves_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = ColorizingTextHandler(stream=io.StringIO())
    monkeypatch.setattr(logger, "handlers", [handler])
    shorten_chatter(SimpleNamespace(output_settings=SimpleNamespace(verbose=True, dryrun=False)))
    assert not handler.filters


class Started(Exception):
    """What takes the place of this process."""


def started(project: Project, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that `personas run` becomes, and its environment."""

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        raise Started(command, environment)

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Started) as found:
        personas(project.folder, "run", *arguments)
    command, environment = found.value.args
    assert command[:2] == [sys.executable, "-m"]
    return command[2:], environment


def test_run_becomes_snakemake_with_the_same_options(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "Snakefile").touch()
    command, environment = started(
        project, monkeypatch, "-c", "config.yaml", "generate", "--cores", "4", "--keep-going"
    )
    assert command == ["snakemake", "generate", "--cores", "4", "--keep-going", "--configfile", "config.yaml"]
    assert environment[COMMAND_VARIABLE] == "personas run -c config.yaml generate --cores 4 --keep-going"


def test_run_finds_the_workflow_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert snakemake_command(["-n"], [], "slurm") == [
        *("snakemake", "-n", "--snakefile", str(ROOT / "Snakefile"), "--profile", "slurm"),
    ]


def test_run_asks_before_it_spends_more_than_a_sum(long_named: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = personas(long_named.folder, "run", "-c", "config.yaml", "--spend", "0.01")
    assert refused.returncode == 1
    told = " ".join(refused.stderr.split())
    assert told == (
        "This is estimated to cost 0.03 USD, more than --spend 0.01. Nothing was started; add --yes, or a higher "
        "--spend."
    )
    for allowed in (["--yes", "--spend", "0"], ["--spend", "0.5"], ["--spend", "0", "-n"]):
        assert started(long_named, monkeypatch, "-c", "config.yaml", *allowed)[0][0] == "snakemake"


def test_run_says_mistakes_before_anything_starts(project: Project) -> None:
    told = personas(project.folder, "run", "-c", "nope.yaml")
    assert (told.returncode, told.stderr) == (1, "nope.yaml: no such file, expected a YAML file.\n")
