"""The table of one comparison, from the files that it is made of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from personas.core.parquet import read_frame
from personas.grid.published import published_numbers
from personas.grid.value_columns import KEYS, VALUE_DTYPES
from personas.tables.comparison import against_published, between_models, between_runs, renamed
from personas.tables.released_numbers import numbers_of_release

Spec = Mapping[str, Any]


def comparison_table(
    spec: Spec, inputs: Sequence[Path], other: Sequence[Path], traits: Mapping[str, str]
) -> pd.DataFrame:
    """Return the table of a comparison as its spec asks for it.

    `spec["roles"]` says what each of the `inputs` is (`values`, `counts`, `patterns`, `lengths`, or a table of the
    release by its name); `other` are the files of published numbers or of the other run. `traits`: see
    `personas.tables.released_numbers`.
    """
    tables, drawn = _tables(inputs, spec["roles"]), {"resamples": spec["resamples"], "seed": spec["seed"]}
    if spec["with"] == "models":
        return between_models(tables["values"], tuple(spec["models"]), spec["measures"], **drawn)
    if spec["with"] == "results":
        theirs = values_called(read_frame(other[0]), spec["called"])
        return between_runs(tables["values"], theirs, spec["measures"], **drawn)
    if spec["with"] == "released":
        numbers = numbers_of_release(tables, spec["benchmarks"], spec["judges"], traits)
    else:
        numbers = pd.concat([published_numbers(file) for file in other], ignore_index=True)
    return against_published(renamed(numbers, spec["called"]), tables, **drawn)


def values_called(values: pd.DataFrame, called: Mapping[str, str]) -> pd.DataFrame:
    """Return values of another run under our names; `called` tells what ours are called there."""
    ours = {there: here for here, there in called.items()}
    names = ("measure", "model", "persona", "condition")
    return values[list(VALUE_DTYPES)].assign(**{name: values[name].replace(ours) for name in names}).sort_values(KEYS)


def _tables(paths: Sequence[Path], roles: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read the inputs; several of one role become one table."""
    found: dict[str, list[pd.DataFrame]] = defaultdict(list)
    for path, role in zip(paths, roles, strict=True):
        found[role].append(read_frame(path))
    return {role: pd.concat(parts, ignore_index=True) for role, parts in found.items()}
