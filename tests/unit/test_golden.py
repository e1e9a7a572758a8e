"""Cells keep their names: hours of engines stand behind them."""

import json
from pathlib import Path

from tests.golden.cells import CELLS, cells


def test_cells_have_the_golden_names(tmp_path: Path) -> None:
    golden, now = json.loads(CELLS.read_text(encoding="utf-8")), cells(tmp_path)
    renamed = {study: {place for place, _ in golden[study].items() ^ now[study].items()} for study in golden}
    assert now == golden, f"renamed: {renamed}. If on purpose: uv run python -m tests.golden cells"
