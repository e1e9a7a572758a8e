"""What a grid can show, before it is run: the smallest change of each headline measure that it would find."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from personas.benchmarks.base import Item
from personas.core.errors import UserError
from personas.core.parquet import read_frame
from personas.grid.grid import Grid
from personas.grid.question_sets import asked_items
from personas.stats.intervals import FEWEST, MODELS, PERSONAS
from personas.stats.power import STATED, Size, Spread, detectable, halving, units_over
from personas.tables.by_model import LENGTH
from personas.tables.measures import headline_measures, placeless_measures

TABLE = "current/tables/power.parquet"


def power_table(grid: Grid, results: Path) -> Table | None:
    """Return a table of the smallest changes from the first to the last checkpoint; None where none could be found.

    By the spreads that `tables/power` of these results has, else by stated ones.
    """
    measured = _spreads(results)
    rows = [_row(grid, measure, measured) for measure in _claims(grid)]
    if not any(smallest for _, smallest, *_ in rows):
        return None
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("measure", overflow="fold")
    table.add_column("smallest\nchange", justify="right", no_wrap=True)
    for heading in ("over", "halved by"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def power_lines(grid: Grid, has_table: bool) -> Iterator[str]:
    """Yield what the table is, or why there is none, and what this grid can make no claim over."""
    if not _claims(grid):
        return
    if not has_table:
        yield "What this grid can show: no change of a headline measure; too few models, personas and items."
        return
    yield (
        "What this grid can show: the smallest change from the first to the last checkpoint that is found with 80 % "
        "power, by spreads of these results, or stated ones (*); docs/statistics.md."
    )
    models, personas = len(grid.study.config.models), len(grid.study.personas)
    for unit, count in ((MODELS, models), (PERSONAS, personas)):
        if unit in grid.study.config.statistics.generalise and count < FEWEST[unit]:
            yield f"{count} {unit if count > 1 else unit[:-1]}: no claim over {unit} is possible."


def _claims(grid: Grid) -> list[Mapping[str, Any]]:
    headline = headline_measures(grid)
    return [measure for measure in placeless_measures(grid) if measure["measure"] in headline]


def _spreads(results: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the rows of the table of power that these results have, by measure: those of the widest spread."""
    try:
        table: pd.DataFrame = read_frame(results / TABLE)
    except (OSError, UserError):
        return {}
    rows = table[table["contrast"] == LENGTH].sort_values("sd_answers")
    records: list[dict[str, Any]] = rows.rename(columns=str).to_dict("records")  # type: ignore[assignment]  # names are texts
    return {row["measure"]: row for row in records}


def _row(grid: Grid, measure: Mapping[str, Any], spreads: Mapping[str, Mapping[str, Any]]) -> list[str]:
    config, spread_row = grid.study.config, spreads.get(measure["measure"])
    size = _size(grid, measure["benchmark"], measure["label"])
    spread = _spread(spread_row) if spread_row else STATED.get(measure["scale"])
    if spread is None:
        return [measure["measure"], "", "", "no spread is known before a run"]
    over = units_over(size, config.statistics.generalise)
    if not over:
        return [measure["measure"], "", "", "too few of all to say"]
    smallest = detectable(spread, size, config.statistics.generalise)
    mark = "" if spread.measured else "*"
    amount = f"{100 * smallest:.1f} points" if measure["scale"] == "share" else f"{smallest:.2f}"
    return [measure["measure"], f"{amount}{mark}", ", ".join(over), _best(halving(spread, size, over))]


def _best(factors: Mapping[str, int]) -> str:
    """Return what would halve a change with the fewest times as many."""
    if not factors:
        return "nothing alone"
    what, factor = min(factors.items(), key=lambda one: one[1])
    return f"{factor}x {what}"


def _spread(row: Mapping[str, Any]) -> Spread:
    fields = {name: float(row[f"sd_{name}"]) for name in ("models", "personas", "pairs", "items", "answers")}
    return Spread(**fields, measured=True)


def _size(grid: Grid, benchmark: str | None, label: str | None) -> Size:
    """Return how many of everything a measure rests on; ratings of rounds have no items."""
    config, people = grid.study.config, len(grid.study.personas)

    def is_counted(item: Item) -> bool:
        return label is None or label in (item.scoring.get("label"), item.scoring.get("trait"))

    sets = (
        [items for who in grid.study.personas for _, items in asked_items(grid.study, benchmark or "", who)]
        if benchmark
        else []
    )
    sizes = [sum(map(is_counted, items)) or len(items) for items in sets]  # stand-ins have no labels
    nested = benchmark is not None and grid.study.persona_bound(benchmark)
    return Size(len(config.models), people, round(median(sizes)) if sizes else 0, config.replicates, nested)
