"""Stages, cells and figures as targets, `--until`, `-k`: as a user types them."""

import csv
import re
from collections.abc import Iterator

import pandas as pd
import pytest
import yaml

from tests.helpers import PATIENCE, FakeServer, answer, failure, personas, said
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def study(checkout: Checkout, server: FakeServer) -> Checkout:
    model = fake_model(server.base_url)
    judge = {"model": model | {"id": "org/judge"}, "utterances": ["style"], "benchmarks": []}
    checkout.configure(
        tiny_config(
            models={"one": model, "two": model | {"id": "org/two"}},
            judges={"jay": judge},
            patterns={"benchmarks": []},
        )
    )
    return checkout


def _made(study: Checkout) -> set[str]:
    tops = ("dialogues", "responses", "judgements", "tables", "figures")
    return {top for top in tops if any((study.results / top).rglob("*.*"))}


def test_one_stage_and_then_the_rest(study: Checkout, server: FakeServer) -> None:
    study.run("--until", "generate")
    assert _made(study) == {"dialogues", "responses"}
    sent = server.count
    for again, told in ((["generate"], "Nothing to be done"), (["--until", "generate"], " 0 requests sent")):
        assert told in study.run(*again) and server.count == sent, "what is finished stays"
    study.run("--until", "judge")
    assert _made(study) == {"dialogues", "responses", "judgements"}
    study.run("tables/by-round")
    assert _made(study) == {"dialogues", "responses", "judgements", "tables"}


def test_a_missing_cell_and_a_figure_as_targets(study: Checkout) -> None:
    planned = study.planned()
    cell = next(path for path in sorted(planned) if "/responses/one/" in path)
    output = study.run(cell)
    assert "Made: " in output and not (study.results / "dialogues/two").exists(), "the other model was not asked"
    study.run("figures/by-checkpoint")
    assert {path.suffix for path in (study.results / "figures").iterdir()} >= {".pdf", ".png"}
    assert not (study.results / "judgements").exists(), "a figure that needs no judge asks none"
    output = study.run("-f", "figures/by-checkpoint", check=False)
    assert "Complete" not in output
    [file] = re.findall(r"-f (results/figures/by-checkpoint\S+pdf)", " ".join(output.split()))
    drawn = (study.folder / file).stat().st_ino
    study.run("-f", file)
    assert (study.folder / file).stat().st_ino != drawn


def test_keep_going_makes_what_can_be_made(study: Checkout, server: FakeServer) -> None:
    """One model's server refuses; with -k the other's cells are all made, and the plan tells what failed."""
    server.decide = lambda body: failure(401) if body["model"] == "org/two" else None
    study.run("-k", "generate", check=False)
    assert not list((study.results / "responses").glob("two/**/*.parquet"))
    assert len(list((study.results / "responses").glob("one/**/*.parquet"))) == 2 * 2 * 2
    assert [path.name for path in (study.results / "journal/one").iterdir()] == ["compacted.parquet"]
    assert "failed last time: engine-refuses" in study.run("-n")
    server.decide = lambda body: None
    study.run("generate")
    assert len(list((study.results / "responses").glob("two/**/*.parquet"))) == 2 * 2 * 2
    assert _made(study) == {"dialogues", "responses"}


def test_leaving_out_a_stage_is_one_sentence(study: Checkout) -> None:
    process = study.start("--omit-from", "judge")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "--omit-from: found the stage 'judge'" in output
    assert "Traceback" not in output


def test_judges_are_calibrated_and_a_sample_is_drawn(study: Checkout, server: FakeServer) -> None:
    """As a user does it: judges compared, a sample as a target, its labels back; only what they touch is made."""
    server.decide = lambda body: answer('{"reasoning": "", "verdict": 4}') if "response_format" in body else None
    config = yaml.safe_load((study.folder / "config/config.yaml").read_text())
    del config["models"]["two"]
    config["judges"]["kay"] = config["judges"]["jay"] | {"model": fake_model(server.base_url) | {"id": "org/kay"}}
    config["calibration"] = {"samples": {"first": {"metric": "style", "n": 5}}}
    study.configure(config)
    before = study.planned()
    study.run("annotation/first", "figures/judge-agreement")
    [sample] = (study.results / "current/annotation").glob("*.csv")
    assert sample.name == "first.csv" and (study.results / "current/figures/judge-agreement.png").exists()
    header, *rows = sample.read_text(encoding="utf-8-sig").split("\n")
    assert header.strip().endswith("label,annotator,remark") and len(rows) >= 5
    with sample.open(encoding="utf-8-sig", newline="") as file:
        units = [row["unit"] for row in csv.DictReader(file)]
    (study.folder / "labels.csv").write_text("unit,label\n" + "".join(f"{unit},4\n" for unit in units))
    config["calibration"]["labels"] = {"mine": {"file": "labels.csv", "metric": "style"}}
    study.configure(config)
    sent, new = server.count, study.planned() - before
    names = {path.split("/", 1)[1].split(".")[0] for path in new}
    targets = {"tables/calibration", "figures/judge-agreement", "figures/judge-agreement-mine"}
    assert targets <= names and {name for name in names if name.startswith("tables/")} == {
        "tables/calibration",
        "tables/reliability",
    }, "and figures of ratings, which say how far their judge agrees with people"
    study.run(*targets)
    table = pd.read_csv(study.results / "current/tables/calibration.csv")
    mine = table[(table["set"] == "mine") & (table["rater_b"] == "jay") & (table["model"] == "all")]
    assert server.count == sent and list(mine["n"]) == [5] and list(mine["undefined"]) == ["one-label"]
    assert not {path for path in study.planned() & new if any(f"{name}." in path for name in targets)}


def test_a_stage_of_which_all_is_made_has_nothing_to_do(study: Checkout) -> None:
    """What the rest of the grid lacks no repeat of the same command would make, and the last lines say so."""
    told = study.run("generate")
    assert "Not asked for: " in told and "`snakemake` without a target makes them." in told
    assert "run the same command again" not in told
    again = study.run("generate")
    assert "Nothing to be done" in again and "1 of 1 steps" not in again
    assert "Nothing to be done" in study.run("fetch")


def test_a_broken_file_is_made_again_whatever_lies_beside_it(study: Checkout, server: FakeServer) -> None:
    """Snakemake looks whether a file is there; a judgement of what is made again is there too."""
    study.run("judge", "tables/by-round")
    sent = server.count
    [dialogue, *_] = sorted((study.results / "dialogues/one").rglob("*.parquet"))
    [judgement, *_] = sorted((study.results / "judgements/jay/one").rglob("*.parquet"))
    [table] = (study.results / "tables").glob("by-round.*.parquet")
    whole = {path: path.read_bytes() for path in (dialogue, judgement, table)}
    for path in whole:
        path.write_bytes(b"")
    planned = study.run("-n", "judge", "tables/by-round")
    assert "its file is broken: 0 bytes" in planned
    assert all(rule in planned for rule in ("generate_one_01", "judge_jay_one_01", "series_by_round")), planned
    assert not any(path.read_bytes() for path in whole), "a dry run changes nothing"
    study.run("judge", "tables/by-round")
    assert all(path.stat().st_size for path in whole) and table.read_bytes() == whole[table]
    assert server.count == sent


def test_a_pilot_is_paid_once(study: Checkout, server: FakeServer) -> None:
    """One persona and an item in a hundred first: then a plan by its rates, and nothing of it is asked again."""
    # Two batches of a judge that run side by side would else send what both have to rate twice.
    server.decide = lambda body: answer(f"{body['model']}: {said(body['messages'])}")
    ended = personas(study.folder, "plan", "--pilot")
    assert ended.returncode == 0, ended.stderr
    paid = server.count
    assert paid and "100% of these from rates measured in earlier runs" in " ".join(ended.stdout.split())
    study.run("generate")
    assert server.count > paid and len({str(body) for body in server.bodies}) == server.count
