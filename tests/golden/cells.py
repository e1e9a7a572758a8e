"""Golden cells: digests of all cells of six studies. A change in the code alone never renames a cell."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from personas.config import load_config
from personas.grid.cells import Cell
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from tests.full_config import full_config
from tests.helpers import ROOT, make_project
from tests.released.conftest import make_small
from tests.released.names_only import write_names
from tests.users import with_users

CELLS = Path(__file__).with_name("cells.json")


def cells(folder: Path) -> dict[str, dict[str, str]]:
    """Return a SHA-256 over names and digests of the cells of each place (`responses/gemma`), by study.

    `folder` is empty, and is written to.
    """
    return {name: _by_place(grid.cells) for name, grid in _grids(folder)}


def _by_place(cells: Sequence[Cell]) -> dict[str, str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        groups["/".join(Path(cell.plain_path).parts[:2])].append(cell.path)
    return {
        f"{place}: {len(paths)} cells": hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest()
        for place, paths in groups.items()
    }


def _grids(folder: Path) -> Iterator[tuple[str, Grid]]:
    """Yield the three configs of the project, an imported release, a study with most fields of the config set, and
    one whose user turns come from everywhere.
    """
    yield "config.yaml", build_grid(resolve(load_config([ROOT / "config/config.yaml"]), ROOT))
    without_data = {"machine": {"data_folder": str(folder / "no-data")}}
    yield "paper.yaml", build_grid(resolve(load_config([ROOT / "config/paper.yaml"], without_data), ROOT))
    release = write_names(folder / "names")
    without_data |= {"release": {"folder": str(release)}}
    yield "released.yaml", build_grid(resolve(load_config([ROOT / "config/released.yaml"], without_data), ROOT))
    (folder / "imported").mkdir()
    yield "imported", make_small(folder / "imported").grid()
    yield "every field", full_config(make_project(folder / "every-field")).grid()
    yield "users", with_users(make_project(folder / "users")).grid()


def write_cells(folder: Path) -> None:
    """Write the golden cells anew."""
    CELLS.write_text(json.dumps(cells(folder), indent=1) + "\n", encoding="utf-8")
