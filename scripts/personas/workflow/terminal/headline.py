"""What was found, in a sentence that is true of the finished tables: what changed, and how surely."""

from pathlib import Path
from typing import TYPE_CHECKING

from personas.core.errors import UserError
from personas.core.parquet import read_frame
from personas.stats.lasting import LEVEL

if TYPE_CHECKING:
    import pandas as pd


def headline(results: Path) -> str | None:
    """Return a sentence about `current/tables/contrasts`; None where there is no such table, or nothing in it."""
    tables = results / "current" / "tables"
    try:
        contrasts, measures = (read_frame(tables / f"{name}.parquet") for name in ("contrasts", "measures"))
    except (UserError, OSError):
        return None
    changes = _changes(contrasts).merge(measures[["measure", "title", "scale", "unit", "benchmark", "judge"]])
    return sentence(changes) if len(changes) else None


def _changes(contrasts: "pd.DataFrame") -> "pd.DataFrame":
    """Return the change from the first to the last position of each measure of personas, by condition."""
    since = contrasts[(contrasts["contrast"] == "progression") & (contrasts["group"] == "persona")]
    since = since.dropna(subset=["mean"]).sort_values("position")
    return since.groupby(["measure", "condition"], as_index=False).last()


def sentence(changes: "pd.DataFrame") -> str:
    """Say how many measures changed, and which most clearly; `changes` has a row for each measure and condition."""
    pairs = int(changes["n_pairs"].max())
    over = f"{_count(len(changes), 'measure')} over the dialogue, {_count(pairs, 'pair')} of model and persona"
    surely = changes[changes["q"] < LEVEL]
    if surely.empty:
        few = " With so few pairs no test could tell." if 2.0 / 2**pairs >= LEVEL else ""
        return f"No change is distinguishable from none ({over}; q < {LEVEL:g}).{few}"
    width = (surely["high"] - surely["low"]).clip(lower=1e-9)
    most = surely.iloc[int((surely["mean"].abs() / width).to_numpy().argmax())]
    verb = "changes" if len(surely) == 1 else "change"
    return f"{len(surely)} of {over}, {verb} (q < {LEVEL:g}); most clearly {_told(most)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _told(change: "pd.Series[float]") -> str:
    from personas.figures.drawing.measures import Measure  # figures take a moment to load

    unit = Measure("", "", str(change["unit"]), str(change["scale"]), "").unit_of_difference
    of = ", ".join(str(change[name]) for name in ("benchmark", "judge") if isinstance(change[name], str))
    interval = f"[{change['low']:+.2f}, {change['high']:+.2f}]"
    named = f"{change['title']}{f' ({of})' if of else ''} in {change['condition']}"
    return f"{named}: {change['mean']:+.2f} {interval} {unit}"
