"""The models that docs/endpoints.md shows are valid in a study that `personas init` writes."""

import re
from pathlib import Path

import pytest
import yaml

from personas.cli.init import templates, write_study
from personas.config import load_config
from personas.engines.kinds.endpoint import EndpointModel
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from tests.helpers import ROOT

EXAMPLES = re.findall(
    r"^```yaml\n(models:.*?)^```", (ROOT / "docs/endpoints.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split()[1].rstrip(":"))
def test_an_example_is_valid_beside_a_model_of_a_template(example: str, tmp_path: Path) -> None:
    study = tmp_path / "study"
    write_study(templates()["laptop"], study, ROOT)
    (study / "example.yaml").write_text(example, encoding="utf-8")
    both = load_config([study / "config.yaml", study / "example.yaml"])
    added = yaml.safe_load(example)["models"].keys()
    assert added and all(isinstance(both.models[slug], EndpointModel) for slug in added)
    cells = build_grid(resolve(both, study)).cells
    assert {cell.track.model for cell in cells} == both.models.keys()


def test_the_examples_show_each_way_of_a_model() -> None:
    known = [yaml.safe_load(example)["models"] for example in EXAMPLES]
    fields = {field for models in known for model in models.values() for field in model}
    assert {"limits", "price", "leave_out", "system_role", "thinking", "served_name", "key_variable"} <= fields
    switches = {switch for models in known for model in models.values() for switch in model.get("thinking", {})}
    assert switches == {"effort", "system_line", "template_arguments"}
