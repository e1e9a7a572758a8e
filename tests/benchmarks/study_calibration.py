"""Calibration of two judges at the study's size: `uv run python -m tests.benchmarks.study_calibration [--models N]`.

Writes ratings of two judges (see `tests.benchmarks.study_statistics`; here every answer has a hash), and makes the
table of them twice, each in a process of its own: of all ratings at once, as it was made before, and file by file.
Prints processor seconds, the peak of memory, and whether both tables are the same. Ten resamples.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from personas.scoring.units import units_of
from personas.tables.judges.calibration import calibration
from personas.tables.judges.rater_rows import READ, sets_of
from tests.benchmarks.study_statistics import STUDY
from tests.synthetic.ratings import tables


def write(folder: Path, models: int) -> int:
    """Write ratings of some models by two judges; return the number of rows."""
    count = 0
    for name, table in tables(replace(STUDY, models=STUDY.models[:models])):
        frame = table.to_pandas()
        frame["judged_sha256"] = [unit * 4 for unit in units_of(frame)]
        other = frame[frame["judge"] == STUDY.judge].assign(judge="other")
        other["value"] = other["value"].to_numpy()[::-1]
        both = pd.concat([frame, other])
        both.to_parquet(folder / f"{name}.parquet", index=False)
        count += len(both)
    return count


def made(folder: Path, in_parts: bool) -> tuple[pd.DataFrame, float, float]:
    """Return the table, processor seconds and MiB."""
    started = time.process_time()
    frames: Iterator[pd.DataFrame] = (pd.read_parquet(path, columns=READ) for path in sorted(folder.iterdir()))
    if not in_parts:
        frames = iter([pd.concat(list(frames), ignore_index=True)])
    table = calibration(*sets_of(frames, {}, lambda text: False, {}), resamples=10)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return table, time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=len(STUDY.models))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        print(f"{write(Path(name), given.models):,} rows", flush=True)
        found = []
        for way in ("all at once", "in parts"):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                table, seconds, mebibytes = alone.submit(made, Path(name), way == "in parts").result()
            found.append(table)
            print(f"{way:12} {seconds:7.1f} s  {mebibytes:6.0f} MiB  {len(table)} rows", flush=True)
        print("the same" if found[0].equals(found[1]) else "not the same")


if __name__ == "__main__":
    main()
