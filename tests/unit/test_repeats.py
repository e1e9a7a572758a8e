"""Noise of a part of the grid: which dialogues are repeated, and judges that are kin of what they rate."""

from collections import Counter
from typing import Any

import pytest

from personas.core.errors import UserError
from personas.grid.kin import kin
from personas.workflow.terminal.status import notes
from tests.helpers import Project, by_plain_path, changed

NOISE = {"cells": 0.3, "replicates": 3}


def repeated(project: Project) -> set[tuple[str, str, str, str]]:
    tracks = {cell.track for cell in project.grid().cells}
    return {(t.model, t.persona, t.condition, t.order) for t in tracks if t.replicate == 3}


def test_about_the_share_is_repeated_with_all_behind_it(project: Project) -> None:
    project.set({"personas": {"folder": "personas"}, "noise": NOISE})
    for n in range(20):
        project.edit_persona(f"extra-{n}", role=f"Extra {n}", description="You are one of many.")
    cells = project.grid().cells
    tracks = {cell.track for cell in cells if cell.track.replicate == 1}
    assert 0.2 < len(repeated(project)) / len(tracks) < 0.4
    held = Counter((c.track.model, c.track.persona, c.track.condition, c.track.order, c.kind) for c in cells)
    assert set(held.values()) <= {1, 3, 2, 6}, "baselines are asked the items of each persona"


def test_what_was_there_keeps_its_names(project: Project) -> None:
    before = project.grid()
    new = changed(before, project.set({"noise": NOISE}).grid())
    assert new and not new & set(by_plain_path(before)) and all("-r2" in p or "-r3" in p for p in new)


def test_a_persona_more_moves_no_draw(project: Project) -> None:
    before = repeated(project.set({"noise": NOISE}))
    project.edit_persona("sailor", role="Sailor", description="You sail.")
    assert {track for track in repeated(project) if track[1] != "sailor"} == before


def test_of_each_model_at_least_one(project: Project) -> None:
    found = repeated(project.set({"noise": {"cells": 1e-9, "replicates": 3}}))
    assert {track[0] for track in found} == {"alpha", "beta"} and {track[1] for track in found} == {"baseline"}


def test_no_more_than_all_have(project: Project) -> None:
    with pytest.raises(UserError, match=r"noise\.replicates: found 2, expected more than the 2 that all"):
        project.set({"replicates": 2, "noise": {}}).grid()


@pytest.mark.parametrize(
    ("judge", "told"),
    [
        ({"id": "org/alpha-1b"}, ["judge j is the model alpha itself"]),
        ({"id": "other/Alpha-70B-it"}, ["judge j is of the family of the model alpha"]),
        ({"id": "other/gamma", "family": "Alpha"}, ["judge j is of the family of the model alpha"]),
        ({"id": "org/judge-1b"}, []),
    ],
)
def test_kin_is_named(judged: Project, judge: dict[str, Any], told: list[str]) -> None:
    project = judged.set({f"judges/j/model/{key}": value for key, value in judge.items()})
    said = list(kin(project.study().config))
    assert [line.split(";")[0] for line in said] == told
    assert set(said) <= set(notes(project.study()))


def test_only_models_that_it_rates(judged: Project) -> None:
    other = {**judged.raw()["models"]["alpha"], "id": "org/other"}
    judged.set({"models/beta": other, "judges/j/model/id": "org/alpha-1b", "judges/j/models": ["beta"]})
    assert not list(kin(judged.study().config))
