"""config/paper.yaml: what docs/protocol.md works out from the protocol is what the plan has, without files."""

import re
from collections import Counter
from pathlib import Path

import pytest

from personas.config import load_config
from personas.core.errors import UserError
from personas.grid.fetch import fetch_data
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from personas.plan.costs.estimate import estimate, total
from personas.plan.costs.loads import Loads
from personas.plan.costs.rates import Rates
from tests.external import ORIGINAL, needs_original
from tests.helpers import ROOT

CONFIG = ROOT / "config/paper.yaml"
MODELS, PERSONAS, CONDITIONS, ORDERS, ROUNDS, CHECKPOINTS = 7, 8, 2, 2, 102, 10
SPEAKERS = PERSONAS + 1
BFI, XSTEST, IFBENCH, GENERAL = 44, 450, 294, 296
ROLE_SPECIFIC = 6 * 195 + 156 + 178
"""All personas together. It and GENERAL are what the catalogue plans with: RoleBench's own counts are not known."""
PAIRWISE = ROLE_SPECIFIC + PERSONAS * GENERAL
PLACES = 1 + CONDITIONS * (CHECKPOINTS - 1)
"""Places that differ: both conditions share checkpoint 0."""

CELLS = {
    "dialogues": MODELS * SPEAKERS * CONDITIONS * ORDERS,
    "responses": MODELS * CONDITIONS * (5 * PERSONAS + 3 + 2 * PERSONAS),
    "judged utterances": MODELS * CONDITIONS * ORDERS * 3 * 2 * PERSONAS,
    "judged bfi and xstest": MODELS * CONDITIONS * 2 * SPEAKERS,
    "judged role-specific and general": MODELS * CONDITIONS * 2 * (3 * PERSONAS + PERSONAS),
}
ROWS = {
    "dialogues": CELLS["dialogues"] * ROUNDS,
    "responses": MODELS * CONDITIONS * CHECKPOINTS * (SPEAKERS * (BFI + XSTEST + IFBENCH) + 2 * PAIRWISE),
    "judged utterances": CELLS["judged utterances"] * ROUNDS,
    "judged bfi and xstest": MODELS * CONDITIONS * CHECKPOINTS * SPEAKERS * (BFI + XSTEST),
    "judged role-specific and general": MODELS * CONDITIONS * PAIRWISE * (2 * CHECKPOINTS + 2 * (CHECKPOINTS - 1)),
}
HELD = CONDITIONS * ORDERS * ROUNDS - 1
"""Rounds of a speaker that differ: the two orders of the interview share its welcome."""
REQUESTS = {
    "dialogues": MODELS * SPEAKERS * HELD,
    "responses": MODELS * PLACES * (SPEAKERS * (BFI + XSTEST + IFBENCH) + PAIRWISE + ROLE_SPECIFIC + GENERAL),
    "judged utterances": MODELS * 3 * 2 * PERSONAS * HELD,
    "judged bfi and xstest": MODELS * PLACES * SPEAKERS * (BFI + XSTEST),
    # At the second checkpoint the previous answer is the first one, so that comparison is made once.
    "judged role-specific and general": MODELS
    * PAIRWISE
    * (2 * PLACES + CONDITIONS * (CHECKPOINTS - 1) + CONDITIONS * (CHECKPOINTS - 2)),
}


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    nowhere = str(tmp_path_factory.mktemp("nothing-here"))
    config = load_config([CONFIG], {"machine": {"data_folder": nowhere}})
    return build_grid(resolve(config, ROOT))


def part(kind: str, judge: str | None) -> str:
    if not judge:
        return "dialogues" if kind == "dialogues" else "responses"
    if kind in ("bfi", "xstest"):
        return "judged bfi and xstest"
    return "judged role-specific and general" if kind in ("role-specific", "general") else "judged utterances"


def test_the_axes_are_the_study_s(grid: Grid) -> None:
    config = grid.study.config
    assert len(config.models) == MODELS and len(config.benchmarks) == 5
    assert [persona.role for persona in grid.study.personas.values()] == [
        "Gaston",
        "Michael Scott",
        "Blair Waldorf",
        "Lestat de Lioncourt",
        "Queen Catherine",
        "HAL 9000",
        "Juno MacGuff",
        "Mary Sibley",
    ]
    assert list(config.checkpoints) == [int(102 * step / 9) for step in range(10)]
    for condition in config.conditions.values():
        assert (condition.rounds, condition.orders, condition.ask_in) == (ROUNDS, ("fixed", "shuffled"), ("fixed",))
    for model in config.models.values():
        sampling = model.sampling
        assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.0, 0.95, 8192)


def test_no_file_is_needed_and_all_are_missing(grid: Grid) -> None:
    assert len(grid.study.absent) == 22 and len(grid.study.items["ifbench"]) == IFBENCH


def test_cells(grid: Grid) -> None:
    assert Counter(part(cell.kind, cell.judge) for cell in grid.cells) == CELLS
    assert sum(CELLS.values()) == 3570


def test_rows_and_requests(grid: Grid) -> None:
    estimates = estimate(grid, grid.cells, Rates(), {})
    loads, rows, requests = Loads(grid), Counter[str](), Counter[str]()
    for cell in grid.cells:
        rows[part(cell.kind, cell.judge)] += loads.rows(cell)
        requests[part(cell.kind, cell.judge)] += estimates[cell.path].requests
    assert rows == ROWS and requests == REQUESTS
    assert total(estimates.values()).requests == sum(REQUESTS.values())


def test_the_page_has_these_counts() -> None:
    page = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    found = {
        name: tuple(int(number.replace(",", "")) for number in numbers)
        for name, *numbers in re.findall(r"^\| (\S[^|]*?) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", page, re.MULTILINE)
    }
    for name in CELLS:
        assert found[name] == (CELLS[name], ROWS[name], REQUESTS[name])
    assert found["all"] == tuple(sum(counts.values()) for counts in (CELLS, ROWS, REQUESTS))


@needs_original
def test_the_originals_fill_their_part_through_the_folder_option(tmp_path: Path) -> None:
    config = load_config([CONFIG], {"machine": {"data_folder": str(tmp_path), "data_copy": str(ORIGINAL)}})
    before = {cell.path for cell in build_grid(resolve(config, ROOT)).cells}
    with pytest.raises(UserError, match=r"roles\.json: no such file"):
        fetch_data(config, ROOT, say=lambda line: None)
    study = resolve(config, ROOT)
    assert len(study.absent) == 22 - 4 and study.items["bfi"][0].scoring["trait"] == "Extraversion"
    assert len(study.labels["bfi"]) == 4
    assert {cell.path for cell in build_grid(study).cells} == before
