"""Results as data frames: every row says whose it is, and dialogues join with ratings in three lines."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import personas
from personas.core.errors import UserError
from personas.exports.frames import DIALOGUE, Results
from personas.requests.projection import read_description
from tests.finished import finish
from tests.helpers import ROOT, FakeServer, answer
from tests.notebook import NOTEBOOK, PAGE, cells


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """A small judged study, with its ratings and its table of values."""
    with FakeServer() as server:
        server.decide = lambda body: answer('{"reasoning": "", "verdict": 4}') if "response_format" in body else None
        yield personas.load(finish(tmp_path_factory.mktemp("frames") / "project", server).results)


def test_the_notebook_is_the_page_and_was_run() -> None:
    told = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in told] == cells(PAGE.read_text(encoding="utf-8"))
    code = [cell for cell in told if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert any(cell["outputs"] for cell in code)


def files(results: Results, stage: str) -> list[Path]:
    return sorted((results.folder / "current" / stage).rglob("*.parquet"))


def test_every_row_of_every_cell_says_whose_it_is(results: Results) -> None:
    for stage, frame in (("dialogues", results.dialogues()), ("responses", results.responses())):
        rows = 0
        for path in files(results, stage):
            told, own = read_description(path), pd.read_parquet(path)
            mine = frame
            for name, value in told["track"].items():
                mine = mine[mine[name] == value]
            if stage == "responses":
                same = mine["reference_persona"].isna() if told["as_persona"] is None else None
                mine = mine[mine["reference_persona"] == told["as_persona"]] if same is None else mine[same]
                mine = mine[mine["benchmark"] == told["benchmark"]]
            assert mine["answer"].tolist() == own["answer"].tolist(), path
            assert set(mine["digest"]) == {path.resolve().name.split(".")[-2]}
            rows += len(own)
        assert rows == len(frame) > 0


def test_dialogues_join_with_ratings(results: Results) -> None:
    said, rated = results.dialogues(), results.ratings()
    found = rated[rated["metric"] == "style"].merge(said, on=[*DIALOGUE, "round"])
    assert len(found) == (rated["metric"] == "style").sum() > 0
    assert found["answer"].notna().all() and found["value"].between(1, 5).all()


def test_judgements_say_who_judged_what(results: Results) -> None:
    frame = results.judgements()
    assert set(frame["judge"]) == {"j"} and "style" in set(frame["metric"])
    pairs = frame[frame["benchmark"] == "general"]
    assert set(pairs["reference"]) == {"dataset"} and frame[frame["metric"] == "style"]["reference"].isna().all()


def test_only_what_is_looked_for_is_read(results: Results) -> None:
    chosen = results.dialogues(persona="keeper", order="fixed")
    assert set(chosen["persona"]) == {"keeper"} and set(chosen["order"]) == {"fixed"} and len(chosen)
    assert list(results.dialogues(persona="nobody").columns) == [*DIALOGUE, "reference_persona", "digest"]
    assert results.values()["model"].eq("alpha").all()


def test_mistakes_are_one_sentence(results: Results, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dialogues: found 'judge' to look for, expected one of model, persona"):
        results.dialogues(judge="j")
    with pytest.raises(UserError, match=r"current: no such folder, expected the results of a run"):
        personas.load(tmp_path).responses()
    with pytest.raises(UserError, match=r"nothing.parquet: no such table, expected one of .*values"):
        results.table("nothing")


def test_the_page_on_reading_runs_as_it_stands(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.folder.parent)
    page = (ROOT / "docs/reading.md").read_text(encoding="utf-8")
    blocks, names = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL), dict[str, Any]()
    for block in blocks:
        exec(compile(block, "docs/reading.md", "exec"), names)  # noqa: S102 - a page of ours
    beside, answers, why = names["beside"], names["answers"], names["why"]
    utterances = results.ratings()["round"].notna().sum()
    assert len(beside) == utterances > 0 and beside["answer"].notna().all()
    assert len(answers) == len(results.ratings()) - utterances
    assert len(why) == 3 and why["judge_said"].str.contains("verdict").all()
    assert names["mean"].notna().all().all() and len(blocks) > 5
