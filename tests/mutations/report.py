"""A plugin of pytest: writes each result as a line of JSON, at once, so that a run that hangs leaves what it had."""

import json
import os
from pathlib import Path

import pytest

FILE = "MUTATIONS_REPORT"
"""Environment variable with the path of the report."""


def _write(report: pytest.TestReport | pytest.CollectReport) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:  # the one that controls the workers hears of every result
        timed_out = "from pytest-timeout" in report.longreprtext
        line = {"test": report.nodeid, "failed": report.failed, "timed_out": timed_out}
        with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed or report.when == "call":
        _write(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _write(report)
