"""Metrics of utterances: any rubric that rates one answer, rated by whom it is asked of; yes and no as a share."""

import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml

from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.figures import utterances
from personas.tables.measures import measures
from personas.tables.series.rounds import ROUND_DTYPES
from tests.helpers import JUDGE, ROOT, Project

RUBRIC = """\
scale: yes-no
criterion: Does the answer leave the role?
yes: it speaks as an assistant
no: it stays in the role
"""


@pytest.fixture
def breaks(project: Project) -> Project:
    """Two judges whose texts have a rubric `breaks`, which the first is asked for."""
    shutil.copytree(ROOT / "config/judges/default", project.folder / "judges", dirs_exist_ok=True)
    (project.folder / "judges/rubrics/breaks.yaml").write_text(RUBRIC)
    asked = ["style", "in-character", "breaks"]
    return project.set({"judges/j": {**JUDGE, "utterances": asked}, "judges/k": JUDGE})


def test_keys_are_the_texts_that_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("yes: a\nno: {on: b, 010: c, null: d, 1.50: e}\nbase: &b {off: g}\nmore: {<<: *b}\n")
    assert read_yaml(path) == {
        "yes": "a",
        "no": {"on": "b", "010": "c", "null": "d", "1.50": "e"},
        "base": {"off": "g"},
        "more": {"off": "g"},
    }
    path.write_text('no: a\n"no": b\n')
    with pytest.raises(UserError, match="found 'no' again"):
        read_yaml(path)


def test_a_rubric_needs_no_quotes(breaks: Project) -> None:
    assert breaks.study().judge_texts["j"].scale("breaks") == "yes-no"


def test_only_who_asks_for_it_rates_it(breaks: Project) -> None:
    asked = {(cell.judge, cell.metric) for cell in breaks.grid().cells if cell.metric}
    by_default = {("k", metric) for metric in ("knowledge", "style", "in-character")}
    assert asked == {("j", "style"), ("j", "in-character"), ("j", "breaks"), *by_default}


def test_it_is_a_share_and_no_part_of_the_mean(breaks: Project) -> None:
    study = breaks.study()
    found = {measure["measure"]: measure for measure in measures(study.config, study.yes_no())}
    share = found["breaks-by-j"]
    assert (share["scale"], share["unit"], share["better"]) == ("share", "answers with a yes (%)", "neutral")
    assert found["utterances-by-j"]["of"] == ["style", "in-character"]
    assert found["style-by-j"]["scale"] == "rating"


def test_a_judge_of_shares_alone_has_no_mean(breaks: Project) -> None:
    study = breaks.set({"judges/j/utterances": ["breaks"]}).study()
    names = [measure["measure"] for measure in measures(study.config, study.yes_no()) if measure["judge"] == "j"]
    assert "breaks-by-j" in names and "utterances-by-j" not in names


def test_one_of_the_studys_own_can_be_asked_so(breaks: Project) -> None:
    (breaks.folder / "judges/rubrics/style.yaml").write_text(RUBRIC)
    study = breaks.study()
    found = {measure["measure"]: measure for measure in measures(study.config, study.yes_no())}
    assert found["style-by-k"]["scale"] == "share" and found["utterances-by-k"]["of"] == ["knowledge", "in-character"]
    drawn = next(a for a in breaks.plan_report().plan.artefacts if "figures/utterances-by-k.pdf" in a.plain_outputs)
    assert drawn.spec["yes_no"] == ["style"]


def test_its_panel_is_in_percent() -> None:
    row = {"metric": "breaks", "judge": "j", "condition": "talks", "group": "persona", "smoothing": "none"}
    values = {"first_round": 1, "round": 1, "mean": 0.5, "low": 0.4, "high": 0.6, "over": "personas"}
    series = pd.DataFrame([{**row, **values, "n_cells": 1, "n_scored": 1, "n_planned": 1}]).astype(ROUND_DTYPES)
    figure = utterances.draw(series, judge="j", yes_no=["breaks"])
    [panel] = [axes for axes in figure.axes if axes.get_title(loc="left") == "Breaks"]
    assert panel.get_ylabel() == "answers with a yes (%)" and panel.get_ylim() == (-0.05, 1.05)
    plt.close(figure)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            "humour",
            "judges.j.utterances: found humour, expected some of breaks, contradicts-description, ",
        ),
        ("general", "judges.j.utterances: found general, which means something else"),
        ("refusal", "judges.j.utterances: found refusal, which means something else"),
    ],
)
def test_what_cannot_be_asked_is_told(breaks: Project, asked: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        breaks.set({"judges/j/utterances": [asked]}).study()


def test_traits_and_comparisons_rate_no_utterance(breaks: Project) -> None:
    rubric = yaml.safe_load((breaks.folder / "judges/rubrics/general.yaml").read_text())
    (breaks.folder / "judges/rubrics/duel.yaml").write_text(yaml.safe_dump(rubric))
    with pytest.raises(UserError, match="found duel, expected some of breaks"):
        breaks.set({"judges/j/utterances": ["duel"]}).study()
