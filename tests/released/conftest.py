"""A small release for every test that edits one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from scripts.batch.projection import write_cell
from scripts.config import load_config
from scripts.grid.cells import Cell
from scripts.grid.grid import Grid, build_grid
from scripts.grid.study import resolve
from scripts.released.accounting import accounting
from scripts.released.columns import Origin
from scripts.released.job import imported
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
        """Import every cell, or those of one model."""
        grid = self.grid()
        for cell in grid.cells:
            if model in (None, cell.track.model):
                self._write(grid, cell)
        return grid

    def _write(self, grid: Grid, cell: Cell) -> tuple[pa.Table, Origin]:
        table, origin = imported(grid, cell, self.results)
        write_cell(self.results, cell, table, origin.to_json())
        return table, origin

    def accounted(self) -> pd.DataFrame:
        """Import everything and account for every file, by its path."""
        return accounting(self.import_all(), self.results).set_index("file")


@pytest.fixture
def small_release(tmp_path: Path) -> Iterator[Small]:
    """A small release and a config that imports all of it."""
    world = small()
    write_study(world, tmp_path / "study")
    maker = Maker(world, tmp_path / "release")
    maker.write()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/judges").symlink_to(ROOT / "config/judges")
    made = Small(tmp_path, world, maker)
    made.configure()
    yield made
