"""An analysis of one's own, exactly as docs/adding.md tells: one script and one rule."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import FakeServer
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow
ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(checkout: Checkout) -> Iterator[Checkout]:
    with FakeServer() as server:
        checkout.configure(tiny_config(models={"one": fake_model(server.base_url)}, patterns={"benchmarks": []}))
        yield checkout


def _follow_the_page(checkout: Checkout) -> None:
    page = (ROOT / "docs/adding.md").read_text()
    section = page.split("\n## An analysis\n")[1].split("\n## ")[0]
    script, rule = re.findall(r"```(?:python)?\n(.*?)```", section, re.DOTALL)[:2]
    [line] = re.findall(r"`(include: .*?)`", section)
    (checkout.folder / "scripts/steadiness.py").write_text(script)
    (checkout.folder / "rules/steadiness.smk").write_text(rule)
    snakefile = checkout.folder / "Snakefile"
    last = 'include: "rules/pages.smk"\n'
    assert last in snakefile.read_text()
    snakefile.write_text(snakefile.read_text().replace(last, f"{last}{line}\n"))


def test_one_script_and_one_rule(study: Checkout) -> None:
    _follow_the_page(study)
    study.run("steadiness")
    found = pd.read_csv(study.results / "own/steadiness.csv")
    assert list(found.columns) == ["measure", "model", "condition", "lower", "personas"]
    assert {"ifbench-words", "xstest-words"} <= set(found["measure"])
    assert set(found["personas"]) == {1}
    assert not (study.results / "figures").exists(), "nothing is made that it does not need"
    assert "Nothing to be done" in study.run("steadiness")
    jobs = study.run("steadiness", "-n", "-R", "values").split()
    assert {"values", "steadiness"} <= set(jobs) and "rate_one" not in jobs, "made again for what stood below it"
    script = study.folder / "scripts/steadiness.py"
    script.write_text(script.read_text().replace("change < 0", "change <= 0"))
    study.run("steadiness")
    assert set(pd.read_csv(study.results / "own/steadiness.csv")["lower"]) == {1}, "the server always says the same"


def test_a_name_that_the_grid_does_not_have(study: Checkout) -> None:
    _follow_the_page(study)
    rule = study.folder / "rules/steadiness.smk"
    rule.write_text(rule.read_text().replace("tables/values.parquet", "tables/value.parquet"))
    output = study.run("-n", check=False)
    assert "found tables/value.parquet, expected a file of this grid" in output
