"""An interpreter whose path has blanks, brackets or quotes: Snakemake puts it into shell commands as it is.

This reaches into two classes that are not documented, hence the pin `snakemake<10` and a test of what is changed.
"""

import contextlib
import shlex
import sys
from functools import cache
from typing import Any


@cache
def quote_python() -> None:
    """Quote the interpreter in the commands that Snakemake hands to a shell, for jobs and for scripts."""
    if shlex.quote(sys.executable) == sys.executable:
        return
    with contextlib.suppress(ImportError):
        from snakemake.executors.local import Executor
        from snakemake.script import PythonScript

        execute, python = PythonScript._execute_cmd, Executor.get_python_executable

        def execute_quoted(script: Any, command: str, **options: Any) -> Any:
            if options.get("py_exec") == sys.executable:
                options["py_exec"] = shlex.quote(sys.executable)
            return execute(script, command, **options)

        PythonScript._execute_cmd = execute_quoted
        Executor.get_python_executable = lambda executor: shlex.quote(python(executor))
