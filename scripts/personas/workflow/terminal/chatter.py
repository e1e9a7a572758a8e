"""What Snakemake says of itself, made short: one line for each step that ends. Warnings and errors stay.

This reaches into its logger, which is not documented, hence the pin `snakemake<10` and a test. With `--verbose`
everything is said, as Snakemake says it.
"""

import contextlib
import logging
import re
import time
from typing import Any

_OF_NO_USE = (
    *(
        "Assuming unrestricted shared filesystem",
        "Building DAG of jobs...",
        "Using shell: ",
        "Provided cores: ",
        "Rules claiming more threads will be",
    ),
    *("Conda environments: ignored", "Select jobs to execute...", "Shutting down, this might take some time."),
    *("Exiting because a job execution failed.", "WorkflowError:\nAt least one job did not complete successfully."),
    *("Elapsed time: ",),
)
"""How messages begin that nobody needs."""

_OF_NO_USE_EVENTS = frozenset({"WORKFLOW_STARTED", "JOB_STARTED"})

_NAMED_END = re.compile(
    r"\ARuleException:\nCalledProcessError .*returned non-zero exit status (1|7\d|80)\.", re.DOTALL
)
"""A job of ours that ended with a name: it has said in a sentence why."""

_FINISHED = re.compile(r"Finished jobid: \d+ \(Rule: (.+)\)")
_STEPS = re.compile(r"^total +(\d+)", re.MULTILINE)


class _Useful(logging.Filter):
    """Leaves out what is of no use."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = str(record.msg or "")
        is_of_no_use = message.startswith(_OF_NO_USE) or _NAMED_END.match(message)
        return not is_of_no_use and _event(record) not in _OF_NO_USE_EVENTS


class _Short(logging.Formatter):
    """Makes one line of what Snakemake says in three of a finished step; an empty one is not printed."""

    def __init__(self, usual: logging.Formatter) -> None:
        super().__init__()
        self._usual = usual
        self._finished = ""

    def format(self, record: logging.LogRecord) -> str:
        event, message = _event(record), str(record.msg or "")
        if event == "JOB_FINISHED" and (match := _FINISHED.match(message)):
            self._finished = f"{match[1]} finished, "
            return ""
        now = time.strftime("%H:%M:%S")
        if event == "PROGRESS":
            done, total = (getattr(record, name) for name in ("done", "total"))
            return f"{now}  {self._finished}{done} of {total} steps"
        if event == "RUN_INFO" and (match := _STEPS.search(message)):
            return f"{now}  {match[1]} steps to do"
        return self._usual.format(record)


def _event(record: logging.LogRecord) -> str:
    return getattr(getattr(record, "event", None), "name", "")


def shorten_chatter(workflow: Any) -> None:
    """Have Snakemake say less on the terminal for the rest of this process; its own log holds everything."""
    if workflow.output_settings.verbose:
        return
    with contextlib.suppress(ImportError):
        from snakemake.logging import ColorizingTextHandler, logger

        for handler in logger.handlers:
            if isinstance(handler, ColorizingTextHandler):
                handler.addFilter(_Useful())
                if not workflow.output_settings.dryrun:  # that tells its jobs, which is what it is for
                    handler.setFormatter(_Short(handler.formatter or logging.Formatter()))
