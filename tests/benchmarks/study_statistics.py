"""The statistics at the study's size: `uv run python -m tests.benchmarks.study_statistics`.

Writes ratings of 7 models, 8 personas and the baseline, two conditions, ten checkpoints, five benchmarks and 102
rounds in two orders as Parquet files (about 7 million rows; the hashes of texts are left out). Then makes values,
contrasts, bars and mixed models of them as the workflow does, each in a process of its own, and prints its seconds
and its peak of memory. It asserts nothing about either.
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

from personas.tables.by_model import by_model
from personas.tables.contrasts import contrasts
from personas.tables.items.variances import item_variances
from personas.tables.mixed_models import mixed_models
from personas.tables.values import values_of_files
from tests.synthetic.measured import measures
from tests.synthetic.ratings import write
from tests.synthetic.study import Effect, Study

STUDY = Study(default=Effect(slope=-0.0005, cost=-0.05, condition=0.03, of_models=0.06, of_personas=0.04), gaps=0.01)
SIZES = {model: {"size": 1 + n % 3, "family": f"family-{n // 2}"} for n, model in enumerate(STUDY.models)}
Stage = Callable[[Path], pd.DataFrame]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--folder", type=Path, help="where the ratings are written, and kept; default: a temporary one"
    )
    given = parser.parse_args(arguments)
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        return run(given.folder)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))


def run(folder: Path) -> None:
    """Write the ratings and make every table, one after the other."""
    began, total = time.perf_counter(), 0.0
    paths = write(STUDY, folder)
    rows = sum(len(pd.read_parquet(path, columns=["replicate"])) for path in paths)
    print(f"{len(paths)} tables of ratings, {rows:,} rows, written in {time.perf_counter() - began:.0f} s")
    for stage in (_values, _variances, _contrasts, _by_model, _mixed_models):
        # A new process, so that its peak of memory is its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            told = alone.submit(_measured, stage, folder).result()
        total += told["seconds"]
        name = stage.__name__.strip("_").replace("_", " ")
        print(f"{name:13} {told['seconds']:7.1f} s  {told['mebibytes']:6.0f} MiB  {told['rows']:8,} rows", flush=True)
    print(f"{'together':13} {total:7.1f} s")


def _measured(stage: Stage, folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    table = stage(folder)
    seconds = time.perf_counter() - began
    table.to_parquet(folder / f"{stage.__name__}.made")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "mebibytes": peak, "rows": len(table)}


def _values(folder: Path) -> pd.DataFrame:
    return values_of_files(sorted(folder.glob("*.parquet")), measures(STUDY))


def _variances(folder: Path) -> pd.DataFrame:
    by_benchmark = [
        item_variances(
            sorted(folder.glob(f"*--{name}.parquet")),
            measures=[m for m in measures(STUDY) if m["benchmark"] == name],
            conditions=STUDY.conditions,
        )
        for name in STUDY.items
    ]
    return pd.concat(by_benchmark, ignore_index=True)


def _contrasts(folder: Path) -> pd.DataFrame:
    return contrasts(_made_values(folder), _made_variances(folder), STUDY.conditions)


def _by_model(folder: Path) -> pd.DataFrame:
    told: dict[str, Any] = {"conditions": STUDY.conditions, "checkpoints": STUDY.checkpoints}
    return by_model(_made_values(folder), _made_variances(folder), study=True, **told)


def _mixed_models(folder: Path) -> pd.DataFrame:
    return mixed_models(_made_values(folder), None, SIZES, study=False)


def _made_values(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{_values.__name__}.made")


def _made_variances(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{_variances.__name__}.made")


if __name__ == "__main__":
    main()
