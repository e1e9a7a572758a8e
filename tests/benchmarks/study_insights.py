"""Safety, items, coverage, rankings, cards at the study's size: `uv run python -m tests.benchmarks.study_insights`.

Writes the ratings of `tests.benchmarks.study_statistics` (7 models, 8 personas and the baseline, about 7 million
rows) into a folder, unless they lie there, and makes each table of them in a process of its own. Prints seconds,
seconds of the processor, and the peak of memory. It asserts nothing about them.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from personas.engines.request import STATUSES
from personas.tables.cards import model_cards
from personas.tables.coverage import coverage, status_counts
from personas.tables.items.changes import Measure, changed_items, item_changes, values_by_measure
from personas.tables.items.safety import safety
from personas.tables.rankings import rankings
from personas.tables.series.models import model_series
from personas.tables.values import values_of_files
from tests.benchmarks.study_statistics import STUDY
from tests.synthetic.measured import measures
from tests.synthetic.ratings import write

ENDS = (STUDY.checkpoints[0], STUDY.checkpoints[-1])
COUNTED = ["model", "persona", "benchmark", "judge", "metric", "condition", "status", "value"]
Stage = Callable[[Path], pd.DataFrame]


class _About(dict[str, Any]):
    """Knows every item: nine types and a focus for five of six."""

    def __missing__(self, item: str) -> dict[str, Any]:
        mark = sum(item.encode())
        focus = f"focus-{mark % 40}" if mark % 6 else None
        return {"label": None, "type": f"type-{mark % 9}", "focus": focus, "prompt": item}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, help="where the ratings lie or are written; default: a temporary one")
    given = parser.parse_args(arguments)
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        return run(given.folder)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))


def run(folder: Path) -> None:
    """Write the ratings where they are missing, and make every table, one after the other."""
    if not _ratings(folder):
        write(STUDY, folder)
    for stage in (_values, _safety, _changed_items, _coverage, _rankings, _series, _cards):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            told = alone.submit(_measured, stage, folder).result()
        name = stage.__name__.strip("_").replace("_", " ")
        print(
            f"{name:14} {told['seconds']:6.1f} s  {told['processor']:6.1f} s of the processor  "
            f"{told['mebibytes']:6.0f} MiB  {told['rows']:8,} rows",
            flush=True,
        )


def _measured(stage: Stage, folder: Path) -> dict[str, Any]:
    began, used = time.perf_counter(), time.process_time()
    table = stage(folder)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    table.to_parquet(folder / f"{stage.__name__}.made")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "processor": processor, "mebibytes": peak, "rows": len(table)}


def _ratings(folder: Path) -> list[Path]:
    return sorted(folder.glob("ratings-*.parquet"))


def _values(folder: Path) -> pd.DataFrame:
    return values_of_files(_ratings(folder), measures(STUDY))


def _made_values(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{_values.__name__}.made")


def _of(folder: Path, chosen: Sequence[Measure]) -> list[tuple[Measure, pd.DataFrame]]:
    return values_by_measure(_ratings(folder), chosen, ENDS)


def _safety(folder: Path) -> pd.DataFrame:
    refusals = [m for m in measures(STUDY) if m["metric"] == "refusal"]
    valued = _of(folder, refusals)
    items = {str(item) for _, values in valued for item in values["item_id"].unique()}
    about = {"xstest": {item: _About()[item] for item in sorted(items)}}
    return pd.concat([safety(valued, about, by, STUDY.conditions) for by in ("type", "focus")])


def _changed_items(folder: Path) -> pd.DataFrame:
    shares = [m for m in measures(STUDY) if m["scale"] == "share"]
    changes = ((measure, item_changes(values, STUDY.conditions)) for measure, values in _of(folder, shares))
    return changed_items(changes, {benchmark: _About() for benchmark in STUDY.items})


def _coverage(folder: Path) -> pd.DataFrame:
    counts = (status_counts(pd.read_parquet(path, columns=COUNTED)) for path in _ratings(folder))
    return coverage(counts, [*STATUSES, "unscorable"])


def _rankings(folder: Path) -> pd.DataFrame:
    return rankings(_made_values(folder), measures(STUDY))


def _series(folder: Path) -> pd.DataFrame:
    return model_series(_made_values(folder), STUDY.checkpoints)


def _cards(folder: Path) -> pd.DataFrame:
    sections = [{"section": "all", "measures": measures(STUDY)}]
    return model_cards(_made_values(folder), sections, STUDY.models, STUDY.checkpoints)


if __name__ == "__main__":
    main()
