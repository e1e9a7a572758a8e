"""Published numbers: facts from papers and released files, one row each, in CSV files of one form."""

import re
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import pandas as pd

from personas.core.errors import UserError
from personas.grid.comparisons import published_files

QUANTITIES = ("value", "contrast", "bar", "study-bar", "patterns", "pattern-documents", "length", "label")
CONTRASTS = ("baseline", "progression", "condition", "length", "personalization")
GROUPS = ("persona", "baseline")
AXES = ("checkpoint", "round")
SEVERAL = ";"
"""Stands between the names of a list: a mean over models or personas names all of them."""

PUBLISHED_DTYPES = {
    "source": "str",
    "quantity": "str",
    "measure": "str",
    "contrast": "str",
    "models": "str",
    "group": "str",
    "personas": "str",
    "condition": "str",
    "other": "str",
    "axis": "str",
    "position": "Int64",
    "item": "str",
    "unit": "str",
    "value": "float64",
    "half_unit": "float64",
    "low": "float64",
    "high": "float64",
    "excludes_zero": "boolean",
}
"""Columns of a published number; data/published/README.md says what each means."""

_NEEDED = ("source", "quantity", "measure", "unit", "value")
_CHOICES = {"quantity": QUANTITIES, "contrast": CONTRASTS, "group": GROUPS, "axis": AXES}
_TRUTH = {"true": True, "false": False, "True": True, "False": False}
_UNITS = re.compile(r"percent|points|share|rating|distance|tokens|patterns|documents|amount|of [1-9][0-9]*")


def factor(unit: str) -> float:
    """Return what one of our units is in a unit of publications: a share of 1 is 100 percent, or 294 of 294."""
    if unit.startswith("of "):
        return float(unit.removeprefix("of "))
    return 100.0 if unit in ("percent", "points") else 1.0


def is_share(unit: str) -> bool:
    """Tell whether a unit is one of a share of items."""
    return unit in ("percent", "share") or unit.startswith("of ")


def published_numbers(path: Path) -> pd.DataFrame:
    """Read published numbers from a CSV file or a folder of them; columns and types: `PUBLISHED_DTYPES`.

    Raises:
        UserError: a file is not such a CSV; the sentence names the file, the row and the field.
    """
    files = published_files(path)
    return pd.concat([_numbers(file, file.read_bytes()) for file in files], ignore_index=True)


@cache
def _numbers(file: Path, content: bytes) -> pd.DataFrame:
    try:
        raw = pd.read_csv(BytesIO(content), dtype="str", keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not a CSV file ({str(error).strip()}), expected published numbers.") from None
    if missing := [name for name in _NEEDED if name not in raw]:
        raise UserError(f"{file}: no column {missing[0]!r}, expected {', '.join(_NEEDED)} and what else applies.")
    if strange := [name for name in raw if name not in PUBLISHED_DTYPES]:
        raise UserError(f"{file}: found a column {strange[0]!r}, expected some of {', '.join(PUBLISHED_DTYPES)}.")
    filled = raw.reindex(columns=list(PUBLISHED_DTYPES), fill_value="")
    columns = {name: _column(file, filled[name], dtype) for name, dtype in PUBLISHED_DTYPES.items()}
    return pd.DataFrame(columns).astype(PUBLISHED_DTYPES)


def _column(file: Path, column: pd.Series, dtype: str) -> pd.Series:
    """Return a column in its type, empty fields as nothing; UserError for the first field that is wrong."""
    name, filled = str(column.name), column.mask(column == "")
    if name in _NEEDED:
        _refuse(file, filled, filled.isna(), "something")
    if name in _CHOICES:
        _refuse(file, filled, filled.notna() & ~filled.isin(_CHOICES[name]), f"one of {', '.join(_CHOICES[name])}")
    if name == "unit":
        is_unit = filled.map(lambda unit: bool(_UNITS.fullmatch(unit)))
        _refuse(file, filled, ~is_unit, "percent, points, share, rating, distance, tokens, patterns, documents, of N")
    if dtype == "boolean":
        _refuse(file, filled, filled.notna() & ~filled.isin(_TRUTH), "true or false")
        return filled.map(_TRUTH).astype("boolean")
    if dtype == "str":
        return filled
    numbers = pd.to_numeric(filled, errors="coerce")
    _refuse(file, filled, filled.notna() & ~numbers.abs().lt(float("inf")), "a number")
    if dtype == "Int64":
        _refuse(file, filled, numbers.notna() & (numbers % 1 != 0), "a whole number")
    return numbers


def _refuse(file: Path, column: pd.Series, wrong: pd.Series, expected: str) -> None:
    if wrong.any():
        place = int(wrong.to_numpy().argmax())
        value = "nothing" if pd.isna(column.iloc[place]) else repr(column.iloc[place])
        raise UserError(f"{file}, row {place + 2}, {column.name}: found {value}, expected {expected}.")


def names(joined: str | float | None) -> Sequence[str]:
    """Return the names of a list; none where there is no list."""
    return [] if pd.isna(joined) else [name.strip() for name in str(joined).split(SEVERAL)]
