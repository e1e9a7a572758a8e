"""What every table declares: how it is computed from its inputs, which of them a grid has, how LaTeX prints it."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from personas.config.kinds import UTTERANCES
from personas.core.files import write_atomically
from personas.core.parquet import read_frame, write_frame
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Declaration, Instances, inputs_of, parameters
from personas.plan.frozen import FrozenPlan
from personas.plan.source import Entry
from personas.tables.latex import Column, caption_counts, latex

INTERVAL = "In brackets: 95 % interval over the units that the table names."
_NUMBERS = (
    "The numbers behind a figure, or how answers and verdicts ended; docs/results.md and docs/figures.md describe "
    "the columns."
)


def _all(table: pd.DataFrame) -> pd.DataFrame:
    return table


@dataclass(frozen=True)
class Layout:
    """How a table is printed in LaTeX.

    `columns` in order; `caption` without the counts, `counts` (column -> what it counts) and `extra` end it. `rows`
    chooses and prepares what is printed; it gets the table, and what the instance says for `latex`.
    """

    columns: tuple[Column, ...]
    caption: str
    counts: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    rows: Callable[..., pd.DataFrame] = _all

    def to_json(self) -> Any:
        """Return what the layout says, in plain JSON types."""
        fields = [[asdict(column) for column in self.columns], self.caption, self.counts, self.extra]
        return json.loads(json.dumps(fields))

    def text(self, table: pd.DataFrame, label: str, **more: Any) -> str:
        """Return a table as LaTeX."""
        rows = self.rows(table, **more)
        caption = " ".join(part for part in (self.caption, caption_counts(rows, self.counts, self.extra)) if part)
        return latex(rows, self.columns, caption, label)


def texts(*names: str) -> tuple[Column, ...]:
    """Return columns of LaTeX with the names that a table has for them."""
    return tuple(Column(_header(name), name) for name in names)


def _header(name: str) -> str:
    """Return a column's name as a heading; counts keep their small n."""
    words = name.replace("_", " ")
    return words if words.split()[0] == "n" else words.capitalize()


@dataclass(frozen=True, kw_only=True)
class Table(Declaration):
    """A family of tables, as Parquet and CSV, and in LaTeX if it has a `layout`.

    `compute` gets each input by its name, and the parameters of the instance. An input is a table, several files one
    below the other (no file: an empty table); or, `from_files`, the paths of its files. `with_plan`: it gets the
    frozen plan too, as `frozen`.
    """

    compute: Callable[..., pd.DataFrame]
    layout: Layout | None = None
    from_files: bool = False
    with_plan: bool = False
    more_code: tuple[Entry, ...] = ()
    stage: str = "analysis"
    heading: str = "Tables"
    caption: str = _NUMBERS

    def outputs(self, name: str) -> list[str]:
        """Return the plain paths of a table."""
        return [f"tables/{name}.{suffix}" for suffix in ("parquet", "csv", *(["tex"] if self.layout else []))]

    @property
    def code(self) -> Sequence[Entry]:
        """What the tables are computed and printed with."""
        return (self.compute, *self.more_code, *((Layout, self.layout.rows) if self.layout else ()))

    def make(self, frozen: FrozenPlan, artefact: Artefact) -> None:
        """Write a table."""
        read = _paths if self.from_files else _frame
        files = {name: [frozen.results / file for file in files] for name, files in inputs_of(artefact).items()}
        more = {"frozen": frozen} if self.with_plan else {}
        table = self.compute(**{name: read(paths) for name, paths in files.items()}, **parameters(artefact), **more)
        parquet, csv, *tex = (frozen.results / path for path in artefact.outputs)
        write_atomically(csv, partial(table.to_csv, index=False))
        if self.layout:
            text = self.layout.text(table, f"tab:{artefact.name}", **artefact.spec.get("latex", {}))
            write_atomically(tex[0], text.encode())
        write_frame(parquet, table)


def _paths(paths: Sequence[Path]) -> Sequence[Path]:
    return paths


def _frame(paths: Sequence[Path]) -> pd.DataFrame:
    parts = [read_frame(path) for path in paths]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def table(
    family: str, compute: Callable[..., pd.DataFrame], instances: Instances, *, module: str, **more: Any
) -> Table:
    """Declare a family of tables; `module` is the one that declares it, `more` are other fields of `Table`."""
    layout = more.get("layout")
    if layout is not None:
        instances = _with_layout(instances, layout)
    return Table(family=family, compute=compute, instances=instances, module=module, **more)


def _with_layout(instances: Instances, layout: Layout) -> Instances:
    """Have the names of tables hold what their layout says."""

    def instances_with_layout(grid: Grid, context: Context) -> Any:
        for each in instances(grid, context):
            yield replace(each, identity=[each.identity, layout.to_json()])

    return instances_with_layout


def generalisation(grid: Grid) -> dict[str, list[str]]:
    """Return the units that intervals are over, where there are enough of them."""
    return {"generalise": list(grid.study.config.statistics.generalise)}


def bootstrap(grid: Grid) -> dict[str, int]:
    """Return the parameters of bootstrap intervals."""
    figures = grid.study.config.figures
    return {"resamples": figures.resamples, "seed": figures.seed}


def ratings(context: Context, benchmarks: Collection[str] | None = None) -> list[str]:
    """Return the tables of ratings of these benchmarks (`UTTERANCES` is in the place of one), or of all."""
    tables = context.family("ratings")
    return [each.outputs[0] for each in tables if benchmarks is None or each.spec["benchmark"] in benchmarks]


def ratings_with(context: Context, intervention: str) -> list[str]:
    """Return the tables of ratings of dialogues with an intervention, and of answers behind them."""
    tables = context.family("intervention_ratings")
    return [each.outputs[0] for each in tables if each.spec["intervention"] == intervention]


def ratings_of_answers(context: Context) -> list[str]:
    """Return the tables of ratings of all benchmarks."""
    return [each.outputs[0] for each in context.family("ratings") if each.spec["benchmark"] != UTTERANCES]
