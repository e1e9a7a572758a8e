"""Any of our tables as a LaTeX table (booktabs), rounded, with intervals in one column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

LONG = 40
"""Rows from which a table may break over pages (package `longtable`)."""

_SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "\n": " ",
    }
)
_GAP = "--"


@dataclass(frozen=True)
class Column:
    """One printed column: `header`, the table's column `name`, or the three of an `interval` (value, low, high).

    `decimals` None prints three significant digits. In rows whose column `scale` is "share", `percent` columns are
    printed times 100.
    """

    header: str
    name: str
    interval: tuple[str, str] | None = None
    decimals: int | None = 2
    percent: bool = False


def escape(text: str) -> str:
    """Return a text as LaTeX prints it."""
    return text.translate(_SPECIAL)


def number(value: float, decimals: int | None) -> str:
    """Return a number with `decimals`, or with three significant digits; a gap as a dash, a minus as one."""
    if not np.isfinite(value):
        return _GAP
    text = f"{value:.3g}" if decimals is None else f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.removeprefix("-")  # -0.00 says nothing
    return f"$-${text[1:]}" if text.startswith("-") else text


def latex(table: pd.DataFrame, columns: Sequence[Column], caption: str, label: str) -> str:
    r"""Return `table` as LaTeX for the packages `booktabs` and `longtable`; it ends with a newline.

    Texts are escaped, numbers rounded, `caption` (plain text) is escaped too. An interval is printed as
    `3.70 [2.42, 5.06]`; where it has no bounds, the value alone. A gap is `--`, never 0.
    """
    cells = pd.DataFrame({place: _cells(table, column) for place, column in enumerate(columns)})
    cells.columns = pd.Index([escape(column.header) for column in columns])
    formats = "".join("l" if _is_text(table[column.name]) else "r" for column in columns)
    return cells.to_latex(
        index=False,
        escape=False,
        column_format=formats,
        longtable=len(cells) >= LONG,
        caption=escape(caption),
        label=label,
        position=None if len(cells) >= LONG else "t",
    )


def _is_text(values: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(values)


def _cells(table: pd.DataFrame, column: Column) -> list[str]:
    values = table[column.name]
    if _is_text(values):
        return [_GAP if pd.isna(value) else escape(str(value)) for value in values]
    if pd.api.types.is_integer_dtype(values):
        return [_GAP if pd.isna(value) else str(value) for value in values]
    factors = _factors(table, column)
    if column.interval is None:
        return [number(value * factor, column.decimals) for value, factor in zip(values, factors, strict=True)]
    low, high = (table[name] for name in column.interval)
    return [
        _with_interval(*row, column.decimals)
        for row in zip(values * factors, low * factors, high * factors, strict=True)
    ]


def _factors(table: pd.DataFrame, column: Column) -> pd.Series:
    shares = table["scale"] == "share" if column.percent and "scale" in table else pd.Series(False, index=table.index)
    return shares.map({True: 100.0, False: 1.0})


def _with_interval(value: float, low: float, high: float, decimals: int | None) -> str:
    bounds = f" [{number(low, decimals)}, {number(high, decimals)}]" if np.isfinite([low, high]).all() else ""
    return number(value, decimals) + bounds


def count_text(table: pd.DataFrame, name: str, what: str) -> str:
    """Return how many `what` stand behind the rows, for a caption: `n = 8 cells`, `n = 4 to 8 cells`."""
    if table.empty or name not in table:
        return f"n = 0 {what}"
    few, many = int(table[name].min()), int(table[name].max())
    return f"n = {few} {what}" if few == many else f"n = {few} to {many} {what}"


def caption_counts(table: pd.DataFrame, counts: Mapping[str, str], extra: str = "") -> str:
    """Return the sentence on numbers that ends a caption; `counts` maps columns to what they count."""
    parts = [count_text(table, name, what) for name, what in counts.items() if name in table]
    return " ".join([*([f"{'; '.join(parts)}."] if parts else []), *([extra] if extra else [])])
