"""What a figure says of the judges whose ratings it shows: how far they agree with themselves and with people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.benchmarks.panel import RULES
from personas.tables.judges.reliability import ITSELF

NOT_MEASURED = "how far it agrees with itself and with people was not measured"


def judges_in(parameters: Any) -> dict[str, list[str]]:
    """Return the judges that the measures or panels among some parameters name, each with the metrics it rates."""
    by_judge: dict[str, set[str]] = {}
    for each in _mappings(parameters):
        judge = each.get("judge")
        if judge and judge != RULES:
            by_judge.setdefault(judge, set()).update({each["metric"]} if each.get("metric") else ())
    return {judge: sorted(metrics) for judge, metrics in sorted(by_judge.items())}


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _mappings(inner)


def judges_text(reliability: pd.DataFrame | None, judges: Mapping[str, Sequence[str]]) -> str | None:
    """Return a sentence for each of the judges (`judges_in`) from the table `reliability`; None without any judge."""
    sentences = (f"Judge {judge}: {_of_one(reliability, judge, metrics)}." for judge, metrics in judges.items())
    return " ".join(sentences) or None


def _of_one(reliability: pd.DataFrame | None, judge: str, metrics: Sequence[str]) -> str:
    if reliability is None:
        return NOT_MEASURED
    of_judge = reliability[reliability["judge"] == judge]
    of_judge = of_judge[of_judge["metric"].isin(metrics)] if metrics else of_judge
    parts = [_kappas(str(whom), rows) for whom, rows in of_judge.groupby("agrees_with", sort=True)]
    return "; ".join(parts) or NOT_MEASURED


def _kappas(whom: str, rows: pd.DataFrame) -> str:
    who = "itself, asked again" if whom == ITSELF else f"people ({whom})"
    n, rows = rows["n"].sum(), rows[rows["kappa"].notna()]
    if rows.empty:
        return f"was compared with {who}, n = {n:,}, which gives no kappa"
    if len(rows) == 1:
        row = rows.iloc[0]
        bounds = "" if pd.isna(row["kappa_low"]) else f" [{row['kappa_low']:.2f}, {row['kappa_high']:.2f}]"
        return f"agrees with {who}: kappa {row['kappa']:.2f}{bounds}, n = {row['n']:,}"
    low, high = rows["kappa"].min(), rows["kappa"].max()
    return f"agrees with {who}: kappa {low:.2f} to {high:.2f} in {len(rows)} metrics"
