"""A small release for every test that edits one."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from personas.config import load_config
from personas.exports.release.accounting import accounting
from personas.exports.release.importer.columns import Origin
from personas.exports.release.importer.job import import_cell
from personas.grid.cells import Cell
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from personas.requests.projection import write_cell
from tests.helpers import ROOT, edited
from tests.released.maker import Maker
from tests.released.world import World, config_of, small, write_study


@dataclass(frozen=True)
class Small:
    """A small study and its release in a folder of their own, imported in this process."""

    folder: Path
    world: World
    maker: Maker

    @property
    def release(self) -> Path:
        return self.folder / "release"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def configure(self, **changes: Any) -> None:
        """Set values of the config by their place, its parts joined with `__`; None removes a key."""
        places = {key.replace("__", "/"): value for key, value in changes.items()}
        raw = edited(config_of(self.world), places)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")

    def grid(self) -> Grid:
        return build_grid(resolve(load_config([self.folder / "config.yaml"]), self.folder))

    def import_cell(self, plain_path: str, grid: Grid | None = None) -> tuple[pa.Table, Origin]:
        """Import one cell, and before it what it judges."""
        grid = grid or self.grid()
        cell = next(cell for cell in grid.cells if cell.plain_path == plain_path)
        if cell.judged is not None:
            self._write(grid, cell.judged)
        return self._write(grid, cell)

    def rows(self, plain_path: str, grid: Grid | None = None) -> list[dict[str, Any]]:
        table, _ = self.import_cell(plain_path, grid)
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def import_all(self, model: str | None = None) -> Grid:
        """Import every cell that is not there, or those of one model."""
        grid = self.grid()
        for cell in grid.cells:
            if model in (None, cell.track.model) and not (self.results / cell.path).exists():
                self._write(grid, cell)
        return grid

    def _write(self, grid: Grid, cell: Cell) -> tuple[pa.Table, Origin]:
        table, origin = import_cell(grid, cell, self.results)
        write_cell(self.results, cell, table, origin.to_json())
        return table, origin

    def accounted(self) -> pd.DataFrame:
        """Import everything and account for every file, by its path."""
        return accounting(self.import_all(), self.results).set_index("file")


def make_small(folder: Path) -> Small:
    """Write a small release, and a config that imports all of it."""
    world = small()
    write_study(world, folder / "study")
    maker = Maker(world, folder / "release")
    maker.write()
    (folder / "config").mkdir()
    (folder / "config/judges").symlink_to(ROOT / "config/judges")
    made = Small(folder, world, maker)
    made.configure()
    return made


@pytest.fixture
def small_release(tmp_path: Path) -> Small:
    """A small release of which nothing is imported yet."""
    return make_small(tmp_path)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A small release, all of it imported; nobody edits it."""
    made = make_small(tmp_path_factory.mktemp("whole"))
    made.import_all()
    return made


@pytest.fixture
def imported_release(small_release: Small, whole: Small) -> Small:
    """A small release of which everything is imported, as it is before a test edits files."""
    shutil.copytree(whole.results, small_release.results, copy_function=os.link)  # cells are replaced, never edited
    return small_release
