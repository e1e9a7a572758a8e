"""The examples of endpoints are valid beside the demo, and say what docs/endpoints.md says of them."""

from pathlib import Path

import pytest

from personas.config import load_config
from personas.engines.kinds.endpoint import EndpointModel
from personas.grid.grid import build_grid
from personas.grid.study import resolve

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "config/examples").glob("*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_beside_the_demo(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    demo, both = (
        load_config(files) for files in ([Path("config/config.yaml")], [Path("config/config.yaml"), example])
    )
    added = both.models.keys() - demo.models.keys()
    assert added and all(isinstance(both.models[slug], EndpointModel) for slug in added)
    cells = build_grid(resolve(both)).cells
    assert {cell.track.model for cell in cells} == both.models.keys()
    assert example.name in (ROOT / "docs/endpoints.md").read_text(encoding="utf-8")


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} == {"gemini", "gpt-oss", "nemotron", "running-server"}
