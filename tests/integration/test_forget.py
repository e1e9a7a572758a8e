"""`personas forget`: exactly the forgotten cells are asked again, and no two files disagree about a request."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from personas.core.errors import UserError
from personas.core.lease import EVERYTHING, lease, live_holders, live_paths
from personas.plan.disk import existing_files
from personas.plan.why.reasons import FORGOTTEN, REMOVED
from personas.requests.journal import JournalIndex
from personas.requests.journal_lines import finished_keys
from personas.workflow.links import linked_files
from personas.workflow.run import _refuse_second_start
from personas.workflow.upkeep.forget import forget
from personas.workflow.upkeep.journals import take_out
from tests.helpers import ROOT, FakeServer, Project, answer, personas, said
from tests.making import make, reasons_now, snapshot
from tests.unit.test_lease import holder


def keys_of(results: Path, *paths: str) -> set[str]:
    """The keys of the requests that cells stand on."""
    return {key for path in paths for key in pq.read_table(results / path)["request_key"].to_pylist() if key}


def below(results: Path, part: str) -> list[str]:
    return [path for path in existing_files(results) if part in f"/{path}"]


def say_otherwise(server: FakeServer) -> None:
    """From now on the same request gets another text."""
    server.bodies.clear()
    server.decide = lambda body: answer("Now " + said(body["messages"]))


@pytest.fixture
def judged(served: Project) -> Project:
    """The tiny study with a judge, which the same server answers for."""
    model = served.raw()["models"]["alpha"]
    judge = {"model": {**model, "id": "org/judge"}, "texts": "judges", "utterances": ["style"], "benchmarks": ["bfi"]}
    return served.set({"judges": {"j": judge}, "conditions/requests": None, "benchmarks/general": None})


def test_a_persona_is_asked_again_and_nothing_else(served: Project, server: FakeServer) -> None:
    results = make(served).results
    own = below(results, "/keeper/")
    before, keys = snapshot(served), keys_of(results, *own)
    assert not keys & keys_of(results, *existing_files(results).difference(own)), "a persona shares nothing"
    forget(results, ["*/alpha/keeper/*"])
    assert below(results, "/keeper/") == [] and not keys & set(finished_keys(results / "journal"))
    assert set(reasons_now(served).items()) == {(path, FORGOTTEN) for path in own}
    say_otherwise(server)
    make(served, "run-2")
    assert server.count == len(keys)
    assert all("Maren Holt" in body["messages"][0]["content"] for body in server.bodies)
    after = snapshot(served)
    cells = [path for path in before if path.endswith(".parquet") and path.startswith(("dialogues/", "responses/"))]
    assert {path for path in cells if after[path] != before[path]} == set(own)
    assert all(
        text.startswith("Now ") for path in own for text in pq.read_table(results / path)["answer"].to_pylist()
    )


def test_answers_that_other_cells_stand_on_are_kept(served: Project, server: FakeServer) -> None:
    """Before the dialogue the items are the same in every condition: one answer, in several files."""
    results = make(served).results
    [path] = below(results, "responses/alpha/keeper/bfi/interview-fixed")
    others = existing_files(results).difference([path])
    own = keys_of(results, path) - keys_of(results, *others)
    shared = keys_of(results, path) - own
    assert len(own) == len(shared) == 2
    told = "\n".join(forget(results, [path]))
    assert "Answers forgotten: 2." in told and "Answers kept: 2, because other cells" in told
    say_otherwise(server)
    make(served, "run-2")
    assert server.count == 2
    texts: dict[str, set[str]] = defaultdict(set)
    for cell in existing_files(results):
        for row in pq.read_table(results / cell).to_pylist():
            texts[row["request_key"]].add(row["answer"])
    assert {len(answers) for answers in texts.values()} == {1}, "no two files disagree"
    rows = pq.read_table(results / path).to_pylist()
    assert Counter((row["checkpoint"], row["answer"][:4]) for row in rows) == {(0, "Üniq"): 2, (2, "Now "): 2}


def test_with_keep_answers_nothing_is_asked(served: Project, server: FakeServer) -> None:
    results = make(served).results
    before, asked = snapshot(served), server.count
    told = forget(results, ["responses/*/keeper/*", "dialogues/*/keeper"], keep_answers=True)
    assert "Cells to make again: 13 (3 dialogues, 10 responses)." in told
    make(served, "run-2")
    assert server.count == asked
    texts = pq.read_table(results / below(results, "dialogues/alpha/keeper")[0])["answer"].to_pylist()
    assert all(text.startswith("Ünique") for text in texts)
    assert {path for path in snapshot(served) if path.endswith(".jsonl")} == {p for p in before if ".jsonl" in p}


def test_removed_lines_are_kept_aside_and_not_read(served: Project, server: FakeServer) -> None:
    results = make(served).results
    before = (results / "journal").rglob("*.jsonl")
    lines = {line for path in before for line in path.read_bytes().splitlines()}
    forget(results, ["responses/alpha/keeper/*"])
    [aside] = (results / "journal/alpha").glob("*.forgotten")
    removed = set(aside.read_bytes().splitlines())
    left = {line for path in (results / "journal").rglob("*.jsonl") for line in path.read_bytes().splitlines()}
    assert removed and removed | left == lines and not removed & left
    index = JournalIndex(results / "journal/alpha")
    assert not any(index.get(json.loads(line)["key"]) for line in removed)


def test_two_forgets_in_one_second_keep_a_file_each(tmp_path: Path) -> None:
    keys = [bytes([number]) * 32 for number in range(2)]
    for number, key in enumerate(keys):
        (tmp_path / f"{number}.jsonl").write_bytes(b'{"key":"%s","reply":{"status":"ok"}}\n' % key.hex().encode())
    assert len({take_out(tmp_path, {key}) for key in keys}) == 2 == len(list(tmp_path.glob("*.forgotten")))
    assert take_out(tmp_path, set(keys)) is None and finished_keys(tmp_path) == []


def test_only_journals_that_hold_a_key_are_rewritten_and_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    line = b'{"key":"%s","reply":{"status":"ok"}}\n'
    first, second = (line % (bytes([number]) * 32).hex().encode() for number in range(2))
    (tmp_path / "a.jsonl").write_bytes(first + b"garbage\n" + second + second[:30])
    (tmp_path / "b.jsonl").write_bytes(second)
    untouched = (tmp_path / "b.jsonl").stat()
    take_out(tmp_path, {bytes(32)})
    assert (tmp_path / "a.jsonl").read_bytes() == b"garbage\n" + second + second[:30]
    assert (tmp_path / "b.jsonl").stat().st_ino == untouched.st_ino


@pytest.mark.parametrize(
    "moment", ["personas.workflow.upkeep.journals.sync_folder", "personas.workflow.upkeep.forget.drop_links"]
)
def test_a_forget_that_breaks_off_is_finished_by_the_same_command(
    served: Project, server: FakeServer, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    results = make(served).results
    keys = keys_of(results, *below(results, "responses/alpha/keeper/"))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(moment, break_off)
        forget(results, ["responses/alpha/keeper/*"])
    assert len(below(results, "responses/alpha/keeper/")) == 10 and live_holders(results / "leases") == []
    forget(results, ["responses/alpha/keeper/*"])
    assert below(results, "responses/alpha/keeper/") == [] and not keys & set(finished_keys(results / "journal"))
    kept = b"".join(path.read_bytes() for path in (results / "journal/alpha").glob("*.forgotten"))
    assert all(key.encode() in kept for key in keys), "no answer is lost"


def test_a_judgement_is_forgotten_in_the_journal_of_its_judge(judged: Project, server: FakeServer) -> None:
    results = make(judged).results
    own = below(results, "judgements/j/alpha/keeper/")
    assert len(own) == 3
    before = set(finished_keys(results / "journal/alpha"))
    forget(results, ["judgements/j/alpha/keeper/*"])
    assert set(finished_keys(results / "journal/alpha")) == before
    say_otherwise(server)
    make(judged, "run-2")
    assert {body["model"] for body in server.bodies} == {"org/judge"}
    assert all(
        text.startswith("Now ") for path in own for text in pq.read_table(results / path)["answer"].to_pylist()
    )


def test_what_stands_on_a_forgotten_cell_is_made_again(judged: Project, server: FakeServer) -> None:
    results = make(judged).results
    forget(results, ["dialogues/alpha/keeper/interview-fixed*"])
    told = Counter(reasons_now(judged).values())
    assert told == {FORGOTTEN: 1, "its dialogue is made again": 4, "what it judges is made again": 2}
    say_otherwise(server)
    make(judged, "run-2")
    [dialogue] = below(results, "dialogues/alpha/keeper/interview-fixed")
    [judgement] = below(results, "judgements/j/alpha/keeper/style/interview-fixed")
    hashes = [pq.read_table(results / path)[name].to_pylist() for path, name in
              ((dialogue, "answer_sha256"), (judgement, "judged_sha256"))]  # fmt: skip
    assert hashes[0] == hashes[1]


def test_a_damaged_file_is_made_again_from_the_journal(served: Project, server: FakeServer) -> None:
    results = make(served).results
    [path] = below(results, "dialogues/alpha/keeper/requests-fixed")
    whole = pq.read_table(results / path).to_pylist()
    (results / path).write_bytes((results / path).read_bytes()[:200])
    told = forget(results, ["dialogues/alpha/keeper/requests-*"])
    assert f"Damaged: {path}; nobody knows its requests, so the journal keeps their answers." in told
    asked = server.count
    make(served, "run-2")
    assert server.count == asked and pq.read_table(results / path).to_pylist() == whole


def test_older_versions_are_forgotten_too(served: Project, server: FakeServer) -> None:
    results = make(served).results
    served.edit_persona("keeper", description="You keep whales.")
    make(served, "run-2")
    assert len(below(results, "/keeper/")) == 26
    forget(results, ["responses/alpha/keeper", "dialogues/alpha/keeper/"])
    assert below(results, "/keeper/") == []


READINGS = {
    "with the results folder": "results/responses/alpha/keeper/bfi/*",
    "from here": "./results/responses/alpha/keeper/bfi/*",
    "with the whole path": "{folder}/results/responses/alpha/keeper/bfi/*",
    "a folder": "responses/alpha/keeper/bfi",
    "a folder with a slash": "results/responses/alpha/keeper/bfi/",
    "a star that crosses slashes": "responses/*keeper/bfi*",
    "plain names": "current/responses/alpha/keeper/bfi/*",
    "plain names with the results folder": "results/current/responses/alpha/keeper/bfi",
}


@pytest.mark.parametrize("reading", READINGS)
def test_a_pattern_is_read_as(served: Project, server: FakeServer, reading: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(served.folder)
    results = make(served.set({"benchmarks/general": None, "benchmarks/ifbench": None})).results
    gone = set(below(results, "responses/alpha/keeper/bfi/"))
    before = existing_files(results)
    forget(Path("results"), [READINGS[reading].format(folder=served.folder)])
    assert len(gone) == 2 and before - existing_files(results) == gone


def test_a_plain_name_is_the_file_it_links_to(served: Project, server: FakeServer) -> None:
    results = make(served).results
    forget(results, ["current/dialogues/alpha/keeper/interview-shuffled.parquet"])
    [gone] = reasons_now(served).keys() - below(results, "responses/")
    assert gone.startswith("dialogues/alpha/keeper/interview-shuffled.")
    assert all((results / path).exists() for path in linked_files(results).values()), "no link dangles"


def test_removed_by_hand_later_is_told_as_removed(served: Project, server: FakeServer) -> None:
    results = make(served).results
    [path] = below(results, "responses/alpha/keeper/bfi/interview-fixed")
    forget(results, [path])
    make(served, "run-2")
    (results / path).unlink()
    assert reasons_now(served) == {path: REMOVED}


@pytest.mark.parametrize(
    ("pattern", "example"),
    [("responses/*/gastn/*", "responses/alpha/"), ("current/dialogues/x", "dialogues/alpha/"), ("", "dialogues/alp")],
)
def test_no_match_is_one_sentence(served: Project, server: FakeServer, pattern: str, example: str) -> None:
    results = make(served).results
    before = snapshot(served)
    with pytest.raises(UserError) as caught:
        forget(results, ["responses/alpha/keeper/*", pattern])
    told = str(caught.value)
    assert told.startswith(f"forget: no cell on disk matches {pattern!r}, expected a path or glob below ")
    assert f"such as {example}" in told and "\n" not in told and snapshot(served) == before


def test_tables_and_figures_are_no_cells(served: Project, server: FakeServer) -> None:
    results = make(served).results
    with pytest.raises(UserError, match="no cell on disk matches"):
        forget(results, ["tables/*"])


def test_a_dry_run_says_the_same_and_changes_nothing(served: Project, server: FakeServer) -> None:
    results = make(served).results
    before = snapshot(served)
    looked = forget(results, ["responses/*/baker/*"], dry_run=True)
    assert snapshot(served) == before and looked[-1] == "Nothing was changed."
    assert forget(results, ["responses/*/baker/*"])[: len(looked) - 1] == looked[:-1]


@pytest.mark.parametrize("option", ["--dry-run", "-n"])
def test_a_dry_run_of_the_command_changes_nothing(served: Project, server: FakeServer, option: str) -> None:
    make(served)
    before = snapshot(served)
    told = personas(served.folder, "forget", "responses/*/baker/*", option, "-c", "config.yaml")
    assert told.returncode == 0 and told.stdout.endswith("Nothing was changed.\n")
    assert snapshot(served) == before


def test_nothing_is_forgotten_beside_a_live_lease(served: Project, server: FakeServer) -> None:
    results = make(served).results
    before = snapshot(served)
    with holder(results / "leases", "some/path") as other, pytest.raises(UserError) as caught:
        forget(results, ["responses/alpha/keeper/*"])
    assert f"process {other.pid}" in str(caught.value) and "\n" not in str(caught.value)
    assert {path: was for path, was in snapshot(served).items() if path in before} == before


def test_no_run_starts_beside_upkeep(served: Project, server: FakeServer) -> None:
    """Neither a run that was just planned, nor one that is about to begin, nor a batch; whatever they make."""
    frozen = served.frozen()
    leases = frozen.results / "leases"
    with holder(leases, EVERYTHING, run="upkeep") as other:
        with pytest.raises(UserError, match=rf"process {other.pid} .* is tidying the same results folder; wait"):
            _refuse_second_start(frozen)
        for paths in (["a"], [], [EVERYTHING]):
            with pytest.raises(UserError, match="is tidying"), lease(leases, "run", "r", paths, patience=0):
                pass
        assert live_paths(leases).isdisjoint(frozen.to_make)
    with lease(leases, "run", "r", ["a"], patience=0):
        pass


HELD = """
import sys
import personas.workflow.upkeep.forget as forgetting
from personas.cli.main import main
def wait(*_):
    print("held", flush=True)
    sys.stdin.read()
forgetting.drop_links = wait
main()
"""


def test_the_command_itself_keeps_runs_out(served: Project, server: FakeServer) -> None:
    """A real second process in the middle of its work."""
    frozen = make(served)
    command = [sys.executable, "-c", HELD, "forget", "dialogues/alpha/*", "-c", "config.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    with subprocess.Popen(
        command, cwd=served.folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdin and process.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"personas-forget .process {process.pid} .* is tidying"):
            _refuse_second_start(frozen)
        with pytest.raises(UserError, match="is tidying"):
            forget(frozen.results, ["responses/*"])
        told, _ = process.communicate("", timeout=60)
    assert process.returncode == 0 and told.startswith("Cells to make again: 9 (9 dialogues).")
    assert live_holders(frozen.results / "leases") == [] and below(frozen.results, "dialogues/") == []
