"""Files, read as far as one table needs them: all rows and columns of a study's are gigabytes."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from personas.config.personas import BASELINE
from personas.core.parquet import read_frame, read_table
from personas.plan.frozen import FrozenPlan


def rows_of(paths: Sequence[Path], columns: Collection[str], metric: str | None = None) -> pd.DataFrame:
    """Return these columns of ratings, of one metric or of all, in the order of the files."""
    filters = None if metric is None else [("metric", "==", metric)]
    parts = [read_table(path, columns=sorted(columns), filters=filters) for path in paths]
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return frame


def rows_of_cells(frozen: FrozenPlan, paths: Sequence[Path], columns: Sequence[str], **filters: Any) -> pd.DataFrame:
    """Return rows of cells, with the place of each cell in the grid."""
    parts = []
    for path in paths:
        cell = frozen.grid.by_path[path.relative_to(frozen.results).as_posix()]
        track, rows = cell.track, read_frame(path, columns=list(columns), **filters)
        baseline = track.persona == BASELINE
        rows = rows.assign(model=track.model, condition=track.condition, order=track.order, replicate=track.replicate)
        rows = rows.assign(benchmark=cell.benchmark)
        whose = track.replays if baseline else track.persona
        who = {"group": "baseline" if baseline else "persona", "persona": whose}
        parts.append(rows.assign(**who))
    return pd.concat(parts, ignore_index=True)


def about_items(frozen: FrozenPlan, benchmarks: Collection[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what is known of each item, by benchmark and id."""
    return {name: {item.id: _about(item) for item in frozen.study.items[name]} for name in benchmarks}


def _about(item: Any) -> dict[str, Any]:
    return {"prompt": item.prompt, **{key: item.scoring.get(key) or None for key in ("label", "type", "focus")}}
