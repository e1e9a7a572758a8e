"""Runs Premise, the program inside the package pypremise, and reads what it writes.

The package's own wrapper is passed by: it writes to the home folder to remember which program runs here (wrong on a
home shared by different nodes), leaves its files behind when it fails, waits without limit, and swaps Fisher's p
and the MDL gain on its results. The program's arguments and files are undocumented, so the version is pinned.
Algorithm: M. A. Hedderich et al., Label-Descriptive Patterns and Their Application to Characterizing
Classification Errors (ICML 2022).
"""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from personas.core import process_guard
from personas.core.errors import UserError

# As spelled in the package (which itself looks for Premise_AppleSilicon, in vain where case matters).
_PROGRAMS = {("Linux", "x86_64"): "Premise_Linux", ("Darwin", "arm64"): "Premise_Applesilicon"}
# What the wrapper passes without word embeddings: no file, no dimensions, no distance.
_NO_EMBEDDINGS = ("", "-1", "0")
# Only read with embeddings, which alone make an OR of several tokens; the package's default.
_CLAUSE_MAX_OVERLAP = "0.05"


class PremiseFailed(Exception):
    """The program ended with an error or wrote something else than patterns; the text says what."""


class PremiseTimedOut(Exception):
    """The program was ended because its time was up."""


class PremisePattern(NamedTuple):
    """A pattern as the program writes it: numbers of tokens, group 0 or 1, p, change in bits (< 0: shorter).

    `new_tokens`: how many of its tokens stood in no pattern when the search came to it, so that the change in bits
    includes the code of each. All of a pair, and one where a pattern found before grew by it.
    """

    clauses: tuple[tuple[int, ...], ...]
    group: int
    p_value: float
    bits: float
    new_tokens: int


def run_premise(
    documents: Sequence[Sequence[int]], labels: Sequence[int], *, fisher_p: float, min_overlap: float, timeout: float
) -> list[PremisePattern]:
    """Mine documents (ascending token numbers, each labelled 0 or 1), at most `timeout` seconds.

    Callers see to what aborts the program or makes it useless: every document has a token, both labels occur, and
    the numbers run from 0 without gaps (with a gap of 100,000 it took 7 minutes for 12 documents and found nothing).

    Raises:
        PremiseFailed, PremiseTimedOut: as they say; all processes are gone and all files removed by then.
        UserError: there is no program for this machine.
    """
    with tempfile.TemporaryDirectory(prefix="premise-") as name:
        folder = Path(name)
        program = _runnable(_program(), folder)
        (folder / "documents").write_text("".join(" ".join(map(str, row)) + "\n" for row in documents))
        (folder / "labels").write_text("".join(f"{label}\n" for label in labels))
        options = (*_NO_EMBEDDINGS, str(fisher_p), _CLAUSE_MAX_OVERLAP, str(min_overlap))
        _run([str(program), "documents", "labels", "patterns", *options], folder, timeout)
        return _read(folder / "patterns")


def _program() -> Path:
    system = (platform.system(), platform.machine())
    package = find_spec("pypremise")
    if system not in _PROGRAMS or package is None or package.origin is None:
        raise UserError(
            f"pypremise has no program for {' '.join(system)}: mine patterns on Linux x86-64 or an Apple arm64 Mac."
        )
    return Path(package.origin).parent / _PROGRAMS[system]


def _runnable(program: Path, folder: Path) -> Path:
    """Return the program, or a copy of it in `folder` if it may not be run where it is (no x bit, noexec)."""
    if os.access(program, os.X_OK):
        return program
    copy = Path(shutil.copyfile(program, folder / program.name))
    copy.chmod(0o700)
    return copy


def _run(command: Sequence[str], folder: Path, timeout: float) -> None:
    # A core dump or anything else that the program may write stays in the folder.
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    with (folder / "errors").open("wb") as errors:
        # The guard ends the program when we are killed: it watches its standard input, whose other end is ours.
        process = subprocess.Popen(
            [sys.executable, "-I", process_guard.__file__, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise PremiseTimedOut(f"no end after {timeout:g} s") from None
        finally:
            _end_group(process)
    if status != 0:
        lines = (folder / "errors").read_text(errors="replace").strip().splitlines()
        raise PremiseFailed(f"exit status {status}: {' '.join(lines[-3:]) or 'no message'}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


def _read(path: Path) -> list[PremisePattern]:
    if not path.exists():
        raise PremiseFailed("it wrote no patterns")
    try:
        return [_parse(line) for line in path.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise PremiseFailed(f"it wrote something else than patterns ({error})") from None


def _parse(line: str) -> PremisePattern:
    """Read a line such as `30 and 32-or-33;0:7;1;0.00228833;-4.93159;Pair`: clauses, counts, group, p, bits, how."""
    clause_text, _, group, p_value, bits, how = line.split(";")
    clauses = tuple(tuple(int(item) for item in clause.split("-or-")) for clause in clause_text.split(" and "))
    return PremisePattern(
        clauses, int(group), float(p_value), float(bits), len(clauses) if how in ("Singleton", "Pair") else 1
    )
