"""Which files of strength without a judge a grid has, and which edits make them anew."""

import re
from collections.abc import Callable

import pytest

from personas.plan.artefact import Artefact
from personas.workflow.artefacts import downstream
from tests.helpers import Project

OURS = re.compile(r"(tables|figures)/(identification|style|strength|remaining)")
TOLD = r"tables/(identification|style)-"


def planned(project: Project) -> dict[str, Artefact]:
    return {a.plain_outputs[0]: a for a in downstream(project.grid()) if OURS.match(a.plain_outputs[0])}


def test_each_model_has_files_that_one_job_makes(project: Project) -> None:
    names = planned(project)
    assert {name for name in names if "alpha" in name} == {
        "tables/identification-alpha--scores.parquet",
        "tables/style-alpha--answers.parquet",
        "figures/strength-alpha.pdf",
        "figures/remaining-alpha.pdf",
    }
    jobs = {
        names[f"tables/{name}.parquet"].family for name in ("identification-alpha--scores", "style-alpha--answers")
    }
    assert jobs == {"strength_alpha"}


def test_nobody_is_told_from_nobody(project: Project) -> None:
    alone = planned(project.edit(personas__baseline=False, personas__include=["baker"]))
    assert {name for name in alone if name.startswith("tables/")} == {
        "tables/style-alpha--answers.parquet",
        "tables/style-beta--answers.parquet",
        "tables/strength.parquet",
    }


@pytest.mark.parametrize(
    ("edit", "renamed"),
    [
        pytest.param(
            lambda p: p.edit(models__alpha__revision="r2"),
            r"^(?!tables/\w+-beta)",
            id="a model: its own, and all sums",
        ),
        pytest.param(
            lambda p: p.edit(figures__resamples=9), rf"^(?!{TOLD})", id="resamples: whatever has an interval"
        ),
        pytest.param(lambda p: p.edit(patterns__fisher_p=0.05), r"remaining", id="patterns: what they stand beside"),
        pytest.param(
            lambda p: p.replace_text("items/xstest.csv", ",homonyms,", ",other,"),
            r"remaining",
            id="how items are scored",
        ),
        pytest.param(lambda p: p.edit(figures__note="N"), r"figures/", id="note: what it is printed on"),
        pytest.param(lambda p: p.edit(models__alpha__name="A"), r"(?!)", id="display name of a model"),
    ],
)
def test_files_renamed_by(project: Project, edit: Callable[[Project], Project], renamed: str) -> None:
    before, after = planned(project), planned(edit(project))
    told = {name for name in before if before[name].outputs != after[name].outputs}
    assert told == {name for name in before if re.search(renamed, name)}
