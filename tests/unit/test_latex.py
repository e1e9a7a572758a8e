"""Tables as LaTeX: escaping, rounding, intervals, gaps, counts in the caption."""

import re

import pandas as pd
import pytest

from personas import tables
from personas.plan.declaration import declarations_in
from personas.tables.latex import LONG, Column, caption_counts, count_text, escape, latex, number
from personas.tables.table import Table

INTERVAL = Column("Value", "mean", ("low", "high"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & c%", r"a\_b \& c\%"),
        (r"\x{1}", r"\textbackslash{}x\{1\}"),
        ("~^#$", r"\textasciitilde{}\textasciicircum{}\#\$"),
        ("q < 0.05\nnext", r"q \textless{} 0.05 next"),
    ],
)
def test_texts_are_escaped(text, expected):
    assert escape(text) == expected


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (3.6990, 2, "3.70"),
        (-0.13, 2, "$-$0.13"),
        (-0.001, 2, "0.00"),
        (float("nan"), 2, "--"),
        (float("inf"), 2, "--"),
        (0.00012345, None, "0.000123"),
        (102.0, 0, "102"),
    ],
)
def test_numbers_are_rounded_and_a_gap_is_no_zero(value, decimals, expected):
    assert number(value, decimals) == expected


def cells(table: pd.DataFrame, *columns: Column) -> list[str]:
    lines = latex(table, columns, "Caption.", "tab:x").splitlines()
    begin = next(n for n, line in enumerate(lines) if line == r"\midrule") + 1
    return [cell.strip() for cell in lines[begin].removesuffix(r"\\").split("&")]


def row(**values: object) -> pd.DataFrame:
    return pd.DataFrame([values])


def test_an_interval_stands_behind_its_value():
    assert cells(row(mean=3.7015, low=2.4235, high=5.0595), INTERVAL) == ["3.70 [2.42, 5.06]"]


def test_a_value_without_interval_stands_alone():
    assert cells(row(mean=3.7, low=float("nan"), high=float("nan")), INTERVAL) == ["3.70"]


def test_shares_are_printed_in_percent_where_the_column_says_so():
    table = row(mean=0.5, low=0.25, high=0.75, scale="share", n=0.5)
    percent = Column("Value", "mean", ("low", "high"), percent=True)
    assert cells(table, percent, Column("n", "n")) == ["50.00 [25.00, 75.00]", "0.50"]
    assert cells(table.assign(scale="rating"), percent) == ["0.50 [0.25, 0.75]"]


def test_missing_texts_are_gaps_and_counts_stay_whole():
    table = pd.DataFrame(
        {"judge": pd.Series([None], dtype="str"), "n": [12000], "m": pd.Series([None], dtype="Int64")}
    )
    assert cells(table, Column("Judge", "judge"), Column("n", "n"), Column("m", "m")) == ["--", "12000", "--"]


def test_the_table_has_booktabs_rules_caption_and_label():
    text = latex(row(name="a_b", n=1), [Column("Name_x", "name"), Column("n", "n")], "100 % of it.", "tab:x")
    for part in (r"\toprule", r"\bottomrule", r"\caption{100 \% of it.}", r"\label{tab:x}", r"Name\_x", "{lr}"):
        assert part in text, part
    assert text.endswith("\n")


@pytest.mark.parametrize(("rows", "environment"), [(LONG - 1, "table"), (LONG, "longtable")])
def test_long_tables_break_over_pages(rows, environment):
    text = latex(pd.DataFrame({"n": range(rows)}), [Column("n", "n")], "Caption.", "tab:x")
    assert text.startswith(rf"\begin{{{environment}}}")


def test_the_caption_counts():
    table = pd.DataFrame({"n_cells": [4, 8]})
    assert count_text(table, "n_cells", "cells") == "n = 4 to 8 cells"
    assert count_text(table.iloc[:1], "n_cells", "cells") == "n = 4 cells"
    assert count_text(table.iloc[:0], "n_cells", "cells") == "n = 0 cells"
    assert caption_counts(table, {"n_cells": "cells"}, "More.") == "n = 4 to 8 cells. More."


def test_no_layout_prints_a_column_twice():
    layouts = {
        each.family: each.layout for each in declarations_in(tables) if isinstance(each, Table) and each.layout
    }
    assert len(layouts) > 8
    for family, layout in layouts.items():
        names = [column.name for column in layout.columns]
        assert len(names) == len(set(names)), family
        assert not re.search(r"[<>]", "".join(column.header for column in layout.columns)), family
