"""Exports say what the results say, whatever the texts are; their owners' own tools read them back."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import personas
from personas.exports.formats import FORMATS
from personas.exports.frames import DIALOGUE
from personas.exports.study_results import StudyResults
from personas.workflow.artefacts import downstream
from tests import finished
from tests.helpers import ROOT, FakeServer, Project
from tests.vllm.least import requests_of

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read when it is imported; offline it must not be: others download
from datasets import load_dataset
from inspect_ai.analysis import SampleColumn, SampleSummary, evals_df, samples_df
from inspect_ai.log import list_eval_logs, read_eval_log

SAMPLE = [SampleColumn("item_id", path="metadata.item_id")]
STAGES = ("dialogues", "responses", "judgements")
IDENTITY = ("judge", "metric", "reference", *DIALOGUE, "benchmark", "reference_persona")
PLACES = ("round", "checkpoint", "item_id", "reference_is_a")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A finished study whose answers are hostile."""
    with FakeServer() as server:
        server.decide = finished.decide
        yield finished.finish(tmp_path_factory.mktemp("exports") / "project", server)


def export(study: Project, name: str, folder: Path) -> list[str]:
    grid = study.grid()
    return list(FORMATS[name].export(StudyResults(grid, downstream(grid), study.results), folder))


def rows(frame: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """Return rows as plain values, None where there is none, in an order of their own."""
    plain: list[Any] = frame[columns].astype(object).where(frame[columns].notna(), None).to_dict("records")
    return sorted(plain, key=lambda row: [_sortable(row[name]) for name in (*IDENTITY, *PLACES) if name in row])


def _sortable(value: Any) -> str:
    return f"{value:09.1f}" if isinstance(value, int | float) else value or ""


def expected(study: Project, stage: str) -> pd.DataFrame:
    frame: pd.DataFrame = getattr(personas.load(study.results), stage)()
    return frame


def test_the_study_is_hostile(study: Project) -> None:
    said = set(expected(study, "dialogues")["answer"]) | set(expected(study, "responses")["answer"])
    assert [text[:60] for text in (*finished.HOSTILE, finished.HUGE) if text not in said] == []
    assert len(finished.HUGE) > 10_000_000


@pytest.mark.parametrize("stage", STAGES)
def test_csv_is_read_by_pandas(study: Project, tables: dict[str, Path], stage: str) -> None:
    there = expected(study, stage)
    numbers = [name for name in map(str, there) if pd.api.types.is_numeric_dtype(there[name])]
    texts = [name for name in map(str, there) if name not in numbers]
    there[texts] = there[texts].astype(object).where(there[texts].notna(), "").map(str)
    read = pd.read_csv(
        tables["csv"] / f"{stage}.csv",
        keep_default_na=False,
        na_values={name: [""] for name in numbers},
        dtype=dict.fromkeys(texts, "str"),
    )
    read["reference_is_a"] = read["reference_is_a"].str.capitalize() if "reference_is_a" in read else None
    same(rows(read, list(there.columns)), rows(there, list(there.columns)))


@pytest.fixture(scope="module")
def tables(study: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each export of tidy tables."""
    folders = {name: tmp_path_factory.mktemp("tables") / name for name in ("csv", "jsonl")}
    for name, folder in folders.items():
        assert not [line for line in export(study, name, folder) if line.startswith("Missing")]
    return folders


@pytest.mark.parametrize("stage", STAGES)
def test_json_lines_say_the_same(study: Project, tables: dict[str, Path], stage: str) -> None:
    there = expected(study, stage)
    with (tables["jsonl"] / f"{stage}.jsonl").open(encoding="utf-8", newline="\n") as lines:
        read = pd.DataFrame([json.loads(line) for line in lines])
    same(rows(read, list(there.columns)), rows(there, list(there.columns)))


def same(read: list[dict[str, Any]], there: list[dict[str, Any]]) -> None:
    """Compare without a report of texts of megabytes."""
    assert len(read) == len(there) > 0
    for one, other in zip(read, there, strict=True):
        different = [name for name in other if not _equal(one[name], other[name])]
        assert not different, [(name, str(one[name])[:60], str(other[name])[:60]) for name in different]


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other or (one is not None and isinstance(other, float | int) and float(one) == float(other)))


@pytest.mark.parametrize(("stage", "place"), [("dialogues", ["round"]), ("responses", ["checkpoint", "item_id"])])
def test_scores_stand_beside_answers(study: Project, tables: dict[str, Path], stage: str, place: list[str]) -> None:
    rated = personas.load(study.results).ratings()
    read = pd.read_json(tables["jsonl"] / f"{stage}.jsonl", lines=True, dtype=False)
    keys = [*DIALOGUE, *(["benchmark", "reference_persona"] if stage == "responses" else []), *place]
    checked = 0
    if stage == "dialogues":
        rated = rated[rated["reference_persona"].isna()]
    for (metric, judge, reference), found in rated.groupby(["metric", "judge", "reference"], dropna=False):
        by, against = (
            (f"-by-{judge}" if judge == judge else ""),
            (f"-vs-{reference}" if reference == reference else ""),
        )
        name = f"{metric}{by}{against}"
        if name not in read:
            assert found[place].isna().all().all()
            continue
        joined = found.astype(object).merge(read[[*keys, name]].astype(object), on=keys, how="inner")
        assert len(joined) == len(found) and joined["value"].equals(joined[name]), name
        checked += len(joined)
    assert checked > 10


def test_ratings_and_values_are_the_tables(study: Project, tables: dict[str, Path]) -> None:
    results = personas.load(study.results)
    for name, there in (("ratings", results.ratings()), ("values", results.values())):
        read = pd.read_csv(tables["csv"] / f"{name}.csv", keep_default_na=True)
        own = [column for column in there.columns if column != "intervention"]  # of frames, not of the tables
        assert list(read.columns) == own and len(read) == len(there) > 0
        assert read["value"].sum() == pytest.approx(there["value"].sum())


@pytest.fixture(scope="module")
def dataset(study: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "out"
    export(study, "dataset", folder)
    return folder


@pytest.mark.parametrize("stage", STAGES)
def test_a_data_set_is_loaded_by_datasets(study: Project, dataset: Path, tmp_path: Path, stage: str) -> None:
    read = load_dataset(str(dataset), stage, split="train", cache_dir=str(tmp_path))
    assert [name for name in read.features if name == "persona"] and "value" not in read.features
    there = expected(study, stage)
    same(rows(read.to_pandas(), list(there.columns)), rows(there, list(there.columns)))


def test_the_card_says_whose_it_is(dataset: Path) -> None:
    card = (dataset / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert [each["config_name"] for each in front["configs"]] == sorted((*STAGES, "ratings", "values"))
    assert "`org/alpha-1b`" in card and "arxiv.org/abs/2512.12775" in card and "file of this study" not in card
    assert "<script>" not in card and (dataset / "CITATION.cff").read_bytes() == (ROOT / "CITATION.cff").read_bytes()


@pytest.fixture(scope="module")
def logs(study: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect") / "out"
    export(study, "inspect", folder)
    return folder


def test_logs_hold_every_answer_behind_what_the_model_read(study: Project, logs: Path) -> None:
    sent = {request.key: request.messages for request in requests_of(study.grid(), study.results, "alpha")}
    answers = expected(study, "responses").set_index("request_key")["answer"].to_dict()
    seen = 0
    for info in list_eval_logs(str(logs)):
        log = read_eval_log(info, resolve_attachments=True)
        assert log.status == "success" and log.eval.model == "org/alpha-1b"
        for sample in log.samples if log.eval.task != "dialogues" else ():
            key = sample.metadata["request_key"]
            assert [(each.role, each.text) for each in sample.input] == [(e["role"], e["content"]) for e in sent[key]]
            assert sample.messages[-1].text == sample.output.completion == answers[key]
            seen += 1
    assert seen == len(expected(study, "responses")) > 50


def test_inspect_analysis_reads_scores_and_usage(study: Project, logs: Path) -> None:
    frame = samples_df(str(logs), columns=[*SampleSummary, *SAMPLE])
    said, answers = frame[frame["item_id"].notna()], expected(study, "responses")
    assert len(said) == len(answers)
    rated = personas.load(study.results).ratings()
    for name, metric, judge in (
        ("score_win-by-j-vs-dataset", "win", "j"),
        ("score_refusal-by-rules", "refusal", "rules"),
    ):
        there = rated[(rated["metric"] == metric) & (rated["judge"] == judge)]["value"]
        assert said[name].sum() == there.sum() and said[name].notna().sum() == there.notna().sum() > 0
    evals = evals_df(str(logs))
    assert (
        len(evals) == len(list(logs.rglob("*.eval")))
        and evals["task_name"].isin(["dialogues", *study.raw()["benchmarks"]]).all()
    )


def test_dialogues_are_messages_and_judges_explain(study: Project, logs: Path) -> None:
    log = read_eval_log(str(logs / "dialogues/alpha/keeper.eval"), resolve_attachments=True)
    there = expected(study, "dialogues")
    for sample in log.samples or ():
        track = sample.metadata
        mine = there[(there[list(DIALOGUE)] == [track[name] for name in DIALOGUE]).all(axis=1)]
        assert [m.text for m in sample.messages if m.role == "assistant"] == mine["answer"].tolist() != []
        score = sample.scores["style-by-j"]
        assert score.value == 5.0 and score.explanation.count("<i>as</i> I see it") == 3
        assert sample.role_usage["grader"].output_tokens > 0 < sample.model_usage["org/alpha-1b"].output_tokens
