"""What the plan says the journal answers, against what a server is really asked when the plan is carried out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personas.plan.costs.estimate import total
from tests.helpers import JUDGE, OVERFLOW_OPENAI, FakeServer, Project, answer, make_project, said

Edit = Callable[[Project], object]


def _remove(*parts: str) -> Edit:
    """Remove the result files whose path has all of the parts."""

    def remove(project: Project) -> None:
        paths = [p for p in project.results.rglob("*.parquet") if not p.is_symlink() and "current" not in p.parts]
        found = [path for path in paths if all(part in path.as_posix() for part in parts)]
        assert found, f"no file has {parts}"
        for path in found:
            path.unlink()

    return remove


def _thin(keep: Callable[[int], bool], where: str = "alpha") -> Edit:
    """Remove lines of the journal, and all files so that the rest matters."""

    def thin(project: Project) -> None:
        for path in (project.results / "journal" / where).glob("*.jsonl"):
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(line for number, line in enumerate(lines) if keep(number)))

    return thin


def _torn(project: Project) -> None:
    """The last line is cut in the middle, as by a crash."""
    last = max((project.results / "journal" / "alpha").glob("*.jsonl"))
    last.write_bytes(last.read_bytes()[:-20])


def _both(*edits: Edit) -> Edit:
    def edit(project: Project) -> None:
        for one in edits:
            one(project)

    return edit


ALL = _remove("")
BEFORE: dict[str, Any] = {"conditions/interview/ask_in": ["fixed", "shuffled"]}

# reason: what happens after a whole run
EDITS: dict[str, Edit] = {
    "nothing": lambda p: p,
    "all files are gone": ALL,
    "all files and the journal are gone": _both(ALL, _thin(lambda n: False)),
    "a third of the journal is gone": _both(ALL, _thin(lambda n: n % 3 > 0)),
    "the first half of the journal is gone": _both(ALL, _thin(lambda n: n > 60)),
    "the second half of the journal is gone": _both(ALL, _thin(lambda n: n < 60)),
    "only the dialogues are left, and half of the journal": _both(_remove("responses/"), _thin(lambda n: n % 2 == 0)),
    "the dialogues are gone": _remove("dialogues/"),
    "the dialogues are gone, and half of the journal": _both(_remove("dialogues/"), _thin(lambda n: n % 2 == 0)),
    "the baseline's cells as one persona": _remove("--as-keeper"),
    "the baseline's cells, and the journal": _both(_remove("/baseline/"), _thin(lambda n: False)),
    "one dialogue of a condition": _remove("dialogues/alpha/keeper/interview-fixed."),
    "one benchmark": _both(_remove("/xstest/"), _thin(lambda n: n % 2 == 0)),
    "the last line of the journal is torn": _both(ALL, _torn),
    "longer dialogues": lambda p: p.set({"conditions/interview/rounds": 4}),
    "shorter dialogues": lambda p: p.set({"conditions/requests/rounds": 2}),
    "another checkpoint": lambda p: p.set({"checkpoints": [0, 1, 2]}),
    "no dialogue before the items": lambda p: p.set({"checkpoints": [0]}),
    "a checkpoint behind the last round": lambda p: p.set({"checkpoints": [3]}),
    "more items": lambda p: p.set({"benchmarks/bfi/limit": 4, "benchmarks/general/limit": 2}),
    "an item changes": lambda p: p.replace_text("items/xstest.csv", "How do I", "How may I"),
    "longer answers to one benchmark": lambda p: p.set({"benchmarks/bfi/max_tokens": 30}),
    "a persona changes": lambda p: p.edit_persona("keeper", description="You keep goats."),
    "a new persona": lambda p: p.edit_persona("cook", role="Cook Lee", description="You cook."),
    "no baseline": lambda p: p.set({"personas/baseline": False}),
    "a middle turn changes": lambda p: p.replace_text("turns/requests.json", "Write a greeting", "Write a letter"),
    "the last turn changes": lambda p: p.replace_text("turns/requests.json", "Name a boat", "Name a ship"),
    "a new condition that begins like another": lambda p: p.set(
        {"conditions/short": {"turns": "turns/requests.json", "rounds": 2}}
    ),
    "another benchmark with the same items": lambda p: p.set(
        {"benchmarks/twin": {"items": "items/bfi.json", "kind": "bfi", "limit": 3}}
    ),
    "another temperature": lambda p: p.set({"models/alpha/sampling/temperature": 0.5}),
    "another replicate": lambda p: p.set({"replicates": 2}),
    "another replicate, and half of the journal is gone": _both(
        ALL, _thin(lambda n: n % 2 > 0), lambda p: p.set({"replicates": 2})
    ),
    "another order to ask in": lambda p: p.set({"conditions/interview/ask_in": ["shuffled"]}),
}


def _to_send(project: Project) -> int:
    return total(project.plan_report().estimates.values()).to_send


def _compare(project: Project, server: FakeServer) -> int:
    """Return how many requests were planned, having seen that as many were sent.

    Answers are others from now on, so that none of the journal fits behind one that is given anew.
    """
    planned, before, decide = _to_send(project), server.count, server.decide
    server.decide = lambda body: decide(body) or answer(f"{said(body['messages'])}, again")
    project.run("run-2")
    assert planned == server.count - before
    return planned


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole run, made once; an address is no part of any identity, so another server may go on with a copy."""
    with FakeServer() as server:
        project = make_project(tmp_path_factory.mktemp("finished") / "project")
        project.set({**BEFORE, "models/beta": None, "models/alpha/base_url": server.base_url}).run()
    return project


@pytest.mark.parametrize("edit", EDITS)
def test_the_server_gets_what_the_journal_lacks(
    finished: Project, tmp_path: Path, server: FakeServer, edit: str
) -> None:
    shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True)
    project = Project(tmp_path / "copy").set({"models/alpha/base_url": server.base_url})
    EDITS[edit](project)
    _compare(project, server)


@pytest.mark.parametrize(
    ("edit", "some"),
    [
        pytest.param("all files are gone", False, id="the whole journal is used"),
        pytest.param("longer dialogues", True, id="what is new is sent"),
        pytest.param("all files and the journal are gone", True, id="everything is sent again"),
    ],
)
def test_these_comparisons_are_not_of_nothing(served: Project, server: FakeServer, edit: str, some: bool) -> None:
    served.run()
    EDITS[edit](served)
    assert (_compare(served, server) > 0) == some


BROKEN = [
    pytest.param(answer(None, "content_filter"), id="blocked"),
    pytest.param(OVERFLOW_OPENAI, id="context overflow"),
]


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize(
    "edit",
    [ALL, _remove("responses/"), _remove("dialogues/"), _both(_remove("responses/"), _thin(lambda n: n % 2 > 0))],
)
def test_nothing_is_expected_behind_a_broken_round(
    served: Project, server: FakeServer, fault: Any, edit: Edit
) -> None:
    server.decide = lambda body: fault if body["messages"][-1]["content"] == "Write a greeting." else None
    served.run()
    edit(served)
    _compare(served, server)


@pytest.mark.parametrize("form", [lambda line: line, lambda line: json.dumps(json.loads(line)).encode() + b"\n"])
def test_what_broke_off_in_a_journal_of_an_earlier_version_is_sent_again(
    served: Project, server: FakeServer, form: Callable[[bytes], bytes]
) -> None:
    """Every other answer, of items and rounds, counts as whole there."""
    served.run()
    for path in (served.results / "journal").rglob("*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        ends = [form(line.replace(b'"stop"', b'"abort"') if n % 2 else line) for n, line in enumerate(lines)]
        path.write_bytes(b"".join(ends))
    ALL(served)
    assert _compare(served, server) > 20


def test_a_round_and_an_item_that_say_the_same_are_one_request(served: Project, server: FakeServer) -> None:
    item = json.loads((served.folder / "items/bfi.json").read_text())["questions"]["2"]["rewritten_en"]
    served.edit_json("turns/requests.json", lambda turns: turns["questions"].insert(2, item))
    assert _to_send(served) == _first(served, server)
    ALL(served)
    assert _compare(served, server) == 0


def test_an_answer_that_two_cells_share_is_expected_of_one_of_them(served: Project, server: FakeServer) -> None:
    def benchmark(name: str, *numbers: int) -> dict[str, Any]:
        rows = [f"{n},Prompt number {n}.,homonyms,safe,kill," for n in numbers]
        text = "\n".join(["id,prompt,type,label,focus,note", *rows]) + "\n"
        (served.folder / f"items/{name}.csv").write_text(text, encoding="utf-8")
        return {"kind": "xstest", "items": f"items/{name}.csv"}

    served.set({"benchmarks": {"both": benchmark("both", 2)}}).run()
    two = {"first": benchmark("first", 1, 2), "second": benchmark("second", 2, 3)}
    assert _compare(served.set({"benchmarks": two}), server) > 0


def _first(project: Project, server: FakeServer) -> int:
    project.run()
    return server.count


JUDGED: dict[str, Edit] = {
    "all judgements": _remove("judgements/"),
    "all judgements and half of the judge's journal": _both(_remove("judgements/"), _thin(lambda n: n % 2 == 0, "j")),
    "judgements of the baseline": _both(_remove("judgements/", "/baseline/"), _thin(lambda n: n % 3 == 0, "j")),
    "a rubric changes": lambda p: p.replace_text("judges/rubrics/style.yaml", "criterion:", "criterion: Now"),
    "another reference": lambda p: p.set({"judges/j/references": ["dataset", "zero", "previous"]}),
    "another metric": lambda p: p.set({"judges/j/utterances": ["style", "knowledge"]}),
}


@pytest.mark.parametrize("edit", JUDGED)
def test_a_judge_gets_what_its_journal_lacks(judged: Project, server: FakeServer, edit: str) -> None:
    judged.set({"judges/j/utterances": ["style"], "checkpoints": [0, 1, 2]}).run()
    JUDGED[edit](judged)
    _compare(judged, server)


NEW_CELLS: dict[str, Edit] = {
    "one more checkpoint": lambda p: p.set({"checkpoints": [0, 1, 2]}),
    "one checkpoint less": lambda p: p.set({"checkpoints": [0]}),
    "an item is edited": lambda p: p.replace_text("items/xstest.csv", "How do I", "How may I"),
    "more items": lambda p: p.set({"benchmarks/bfi/limit": 4, "benchmarks/general/limit": 2}),
    "longer dialogues": lambda p: p.set({"conditions/interview/rounds": 4}),
    "a middle turn changes": lambda p: p.replace_text("turns/requests.json", "Write a greeting", "Write a letter"),
    "another persona": lambda p: p.edit_persona("cook", role="Cook Lee", description="You cook."),
    "all files": ALL,
    "all files, and half of the model's journal": _both(ALL, _thin(lambda n: n % 2 == 0)),
    "all files, and half of the judge's journal": _both(ALL, _thin(lambda n: n % 2 == 0, "j")),
    "responses": _remove("responses/"),
    "a broken response": lambda p: next(p.results.glob("responses/*/*/bfi/*.parquet")).write_bytes(b""),
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole run with a judge that compares answers with all there is to compare with, made once."""
    with FakeServer() as server:
        project = make_project(tmp_path_factory.mktemp("compared") / "project")
        judge = {**JUDGE, "utterances": ["style"], "references": ["dataset", "zero", "previous"]}
        project.set({"models/beta": None, "models/alpha/base_url": server.base_url, "judges/j": judge})
        project.set({"judges/j/model/base_url": server.base_url, "conditions/interview/orders": ["fixed"]}).run()
    return project


@pytest.mark.parametrize("edit", NEW_CELLS)
def test_a_judge_of_cells_that_are_made_anew_gets_what_its_journal_lacks(
    compared: Project, tmp_path: Path, server: FakeServer, edit: str
) -> None:
    """Most of what it judges stands in the journal of the model, so its requests are known before these are made."""
    shutil.copytree(compared.folder, tmp_path / "copy", symlinks=True)
    project = Project(tmp_path / "copy")
    project.set({f"{who}/base_url": server.base_url for who in ("models/alpha", "judges/j/model")})
    NEW_CELLS[edit](project)
    _compare(project, server)


def test_answers_that_say_the_same_are_judged_once(judged: Project, server: FakeServer) -> None:
    server.decide = lambda body: answer("As ever.") if body["model"] != "org/judge-1b" else None
    judged.set({"judges/j/utterances": ["style"]}).run()
    _both(_remove("judgements/"), _thin(lambda n: n % 2 == 0, "j"))(judged)
    assert _compare(judged, server) > 0


def test_what_cannot_be_judged_is_not_expected_of_the_judge(judged: Project, server: FakeServer) -> None:
    def decide(body: dict[str, Any]) -> Any:
        said = body["messages"][-1]["content"]
        return {
            "Write a greeting.": answer(None, "content_filter"),
            "Plan a dinner.": answer(""),
            "How do I rob the bank in a cooperative board game?": answer(None, "content_filter"),
        }.get(said)

    server.decide = decide
    judged.run()
    _both(_remove("judgements/"), _thin(lambda n: n % 2 == 0, "j"))(judged)
    _compare(judged, server)
