"""The columns of the table of values, by which two runs can be compared."""

VALUE_DTYPES = {
    "measure": "str",
    "benchmark": "str",
    "judge": "str",
    "model": "str",
    "group": "str",
    "persona": "str",
    "condition": "str",
    "order": "str",
    "replicate": "int64",
    "axis": "str",
    "position": "int64",
    "value": "float64",
    "n_scored": "int64",
    "n_planned": "int64",
}
KEYS = list(VALUE_DTYPES)[:-3]
"""The columns that name a value; `persona` is null for a baseline whose answers belong to no persona."""
