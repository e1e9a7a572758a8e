"""Summarise ratings by checkpoint."""

from functools import partial

import pandas as pd

from scripts.analysis.series import series_by_checkpoint
from scripts.analysis.statuses import answer_status_shares
from scripts.files import write_atomically
from scripts.plan.frozen import FrozenPlan


def summarise(frozen: FrozenPlan, output: str) -> None:
    """Write the series that the figure draws (Parquet `output`, and CSV), and how answers ended (CSV)."""
    artefact = frozen.artefact(output)
    ratings = pd.concat([pd.read_parquet(frozen.results / path) for path in artefact.inputs], ignore_index=True)
    series = series_by_checkpoint(ratings, resamples=artefact.spec["resamples"], seed=artefact.spec["seed"])
    parquet, csv, statuses = (frozen.results / path for path in artefact.outputs)
    write_atomically(statuses, partial(answer_status_shares(ratings).to_csv, index=False))
    write_atomically(csv, partial(series.to_csv, index=False))
    write_atomically(parquet, partial(series.to_parquet, index=False))
