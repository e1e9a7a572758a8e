"""Draw one figure from its series."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from personas.core.parquet import read_frame
from personas.figures import (
    bars,
    benchmark,
    by_checkpoint,
    by_length,
    calibration,
    card,
    coefficients,
    comparison,
    contrasts,
    heat_maps,
    item_changes,
    lengths,
    pattern_lines,
    pattern_numbers,
    patterns,
    utterances,
)
from personas.figures.drawing import grids, style
from personas.plan.frozen import FrozenPlan
from personas.stats.panels import benchmark_panels
from personas.tables.distances import distance_panels

Spec = Mapping[str, Any]


def draw(frozen: FrozenPlan, output: str) -> None:
    """Write the figure of the artefact `output` as PDF and PNG."""
    artefact = frozen.artefact(output)
    series = read_frame(frozen.results / artefact.inputs[0])
    pdf, png = (frozen.results / path for path in artefact.outputs)
    style.save(FIGURES[artefact.spec["kind"]](series, artefact.spec), pdf, png)


def _benchmark(series: pd.DataFrame, spec: Spec) -> Figure:
    panels = benchmark_panels(
        spec["benchmark"], spec["kind_of"], spec["judge"], tuple(spec["references"]), spec["both_orders"]
    )
    return benchmark.draw(series, panels, note=spec["note"])


def _distance(series: pd.DataFrame, spec: Spec) -> Figure:
    panels = distance_panels(spec["benchmark"], spec["judge"], spec["label_set"], spec["has_labels"])
    return benchmark.draw(series, panels, note=spec["note"])


def _shown(spec: Spec, *names: str) -> dict[str, Any]:
    """Return the arguments that a figure takes from the spec as they are."""
    return {name: spec[name] for name in (*names, "note")}


FIGURES: Mapping[str, Callable[[pd.DataFrame, Spec], Figure]] = {
    "overview": lambda series, spec: by_checkpoint.draw(series, note=spec["note"]),
    "benchmark": _benchmark,
    "distance": _distance,
    "by-round": lambda series, spec: utterances.draw(series, **_shown(spec, "judge", "yes_no")),
    "calibration": lambda table, spec: calibration.draw(table, name=spec["set"], note=spec["note"]),
    "card": lambda series, spec: card.draw(series, spec["measures"], model=spec["model"], note=spec["note"]),
    "comparison": lambda table, spec: comparison.draw(table, between=spec["with"], note=spec["note"]),
    "patterns": lambda series, spec: patterns.draw(series, note=spec["note"]),
    "contrast": lambda table, spec: contrasts.draw(table, **_shown(spec, "measures", "contrast", "pair")),
    "bars": lambda table, spec: bars.draw(table, **_shown(spec, "measures", "contrast", "pair", "models")),
    "coefficients": lambda table, spec: coefficients.draw(table, **_shown(spec, "measures", "family", "models")),
    "grid": lambda table, spec: grids.draw(table, **_shown(spec, "measures", "by", "rows")),
    "tokens": lambda table, spec: lengths.draw(table, **_shown(spec, "by", "units")),
    "by-length": lambda table, spec: by_length.draw(table, **_shown(spec, "measures")),
    "item-changes": lambda table, spec: item_changes.draw(table, **_shown(spec, "measures", "pairs")),
    "heat-map": lambda table, spec: heat_maps.draw(table, **_shown(spec, "models")),
    "pattern-lines": lambda table, spec: pattern_lines.draw(table, **_shown(spec, "by", "rows")),
    "pattern-numbers": lambda table, spec: pattern_numbers.draw(table, **_shown(spec, "pattern_group", "models")),
}
"""Kind of figure -> how it is drawn."""
