"""The panels of a benchmark's own figure."""

from collections.abc import Sequence

from personas.benchmarks.panel import Panel
from personas.stats.panels import measured_panels


def benchmark_panels(
    benchmark: str,
    kind: str,
    judge: str | None = None,
    references: Sequence[str] = ("dataset",),
    both_orders: bool = False,
) -> tuple[Panel, ...]:
    """Return all that is measured of a benchmark but what has a figure of its own."""
    found = measured_panels(benchmark, kind, judge, references, both_orders)
    return tuple(panel for panel in found if not panel.figure)
