"""Every class of malformed file: one clear line that names the file, and everything else is imported."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from personas.core.errors import UserError
from tests.released.conftest import Small
from tests.released.world import SELENE

RESPONSES = "generations/gemma-3-4b-it/bfi_Gaston_3.json"
DIALOGUE = "generations/gemma-3-4b-it/interview_Gaston.json"
VERDICTS = f"metrics/bfi/{SELENE}/gemma-3-4b-it/bfi_Gaston_3.json.csv"

Edit = Callable[[Path], object]


def text(content: str) -> Edit:
    return lambda path: path.write_text(content, encoding="utf-8")


def replaced(old: str, new: str) -> Edit:
    return lambda path: path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def as_json(change: Callable[[list[object]], object]) -> Edit:
    def edit(path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

    return edit


CLASSES = [
    pytest.param(RESPONSES, cut, "bad JSON (Unterminated string", id="truncated JSON"),
    pytest.param(RESPONSES, text(""), "bad JSON (Expecting value at 1:1)", id="empty file"),
    pytest.param(RESPONSES, text("{}"), "found {}, expected a JSON array", id="an object, no array"),
    pytest.param(RESPONSES, text("[" * 100_000), "bad JSON", id="nested without end"),
    pytest.param(
        RESPONSES, as_json(lambda d: d.pop()), "found 4 responses, expected 5, one for each", id="too short"
    ),
    pytest.param(RESPONSES, as_json(lambda d: d.append("x")), "found 6 responses, expected 5", id="too long"),
    pytest.param(
        RESPONSES, as_json(lambda d: d.__setitem__(1, 7)), "response 1: found 7, expected a text or null", id="type"
    ),
    pytest.param(
        RESPONSES, lambda p: p.write_bytes(b'["\xff"]'), "byte 2 is not UTF-8, expected a UTF-8", id="encoding"
    ),
    pytest.param(DIALOGUE, as_json(lambda d: d.pop()), "found 11 messages, expected 12: 6 rounds", id="lost message"),
    pytest.param(DIALOGUE, replaced('"assistant"', '"system"'), "message 1: found {", id="role of a message"),
    pytest.param(
        DIALOGUE,
        as_json(lambda d: d.__setitem__(3, {"role": "assistant", "content": ["x"]})),
        'message 3: content: found ["x"], expected a text',
        id="content of a message",
    ),
    pytest.param(
        VERDICTS,
        replaced("bfi\n", "bfi,more\n"),
        'header: found ["bfi", "more"], expected the one column',
        id="column",
    ),
    pytest.param(VERDICTS, text('bfi\n"a","b"\n'), "row 0: found 2 fields, expected 1", id="extra field in a row"),
    pytest.param(VERDICTS, cut, "not valid CSV (unexpected end of data)", id="truncated CSV"),
    pytest.param(VERDICTS, text("bfi\nx\n"), "found 1 rows, expected 5, one for each answer", id="lost rows"),
    pytest.param(VERDICTS, text("style\nx\n"), 'header: found ["style"]', id="column of another metric"),
    pytest.param(VERDICTS, lambda p: p.write_bytes("bfi\nü\n".encode("latin-1")), "is not UTF-8", id="CSV encoding"),
]


@pytest.mark.parametrize(("name", "edit", "told"), CLASSES)
def test_a_malformed_file_is_one_line_and_stops_nothing(
    imported_release: Small, name: str, edit: Edit, told: str
) -> None:
    edit(imported_release.release / name)
    files = imported_release.accounted()
    errors = files[files["outcome"] == "error"]
    assert list(errors.index) == [name] and told in str(errors["detail"].iloc[0])
    assert "\n" not in errors["detail"].iloc[0] and len(errors["detail"].iloc[0]) < 250
    assert (files["outcome"] == "missing").sum() == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("generations/gemma-3-4b-it/bfi_Dracula_3.json", "found the persona 'Dracula'"),
        ("generations/gemma-3-4b-it/bfi_Gaston_three.json", "expected the number of rounds before the items"),
        ("metrics/charm/Selene/gemma-3-4b-it/interview_Gaston.json.csv", "found the metric 'charm'"),
        ("results/premise/premise_gpt_bfi_Gaston.csv", "found no known model"),
    ],
)
def test_a_file_with_another_name_is_one_line_and_stops_nothing(
    imported_release: Small, name: str, told: str
) -> None:
    path = imported_release.release / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[]", encoding="utf-8")
    files = imported_release.accounted()
    assert files["outcome"].value_counts()["error"] == 1
    assert told in str(files.loc[name, "detail"])


def test_a_renamed_file_is_an_error_and_a_missing_one(imported_release: Small) -> None:
    wrong = "generations/gemma-3-4b-it/bfi_Gaston-3.json"
    (imported_release.release / RESPONSES).rename(imported_release.release / wrong)
    files = imported_release.accounted()
    assert (files.loc[wrong, "outcome"], files.loc[RESPONSES, "outcome"]) == ("error", "missing")


@pytest.mark.parametrize(
    ("name", "edit", "told"),
    [
        ("results/ifbench_results.json", text("[]"), "found no object of objects"),
        (
            "results/ifbench_results.json",
            text('{"gemma-3-4b-it": {"ifbench_Gaston_0": 7}}'),
            "expected a number from 0",
        ),
        ("results/ifbench_results.json", text('{"gemma-3-4b-it": {"ifbench_X_0": 0.5}}'), "found the persona 'X'"),
        ("results/round_lengths.csv", text("model,role\nx,y\n"), "n_tokens_persona_directed"),
        ("results/round_lengths.csv", replaced("Gaston", "Dracula"), "role: found 'Dracula', expected a persona"),
        ("results/bfi_ratings.csv", replaced(",4,", ",99,"), "idx: found 99, expected 0 to 4"),
        (
            "results/premise/premise_gemma-3-4b-it_bfi_Gaston.csv",
            replaced("['Gaston']", "open('x')"),
            "list of tokens",
        ),
        ("results/premise/premise_gemma-3-4b-it_bfi_Gaston.csv", replaced(",1,0,5", ",2,0,5"), "expected 0 or 1"),
    ],
)
def test_a_malformed_table_is_one_line(imported_release: Small, name: str, edit: Edit, told: str) -> None:
    edit(imported_release.release / name)
    files = imported_release.accounted()
    errors = files[files["outcome"] == "error"]
    assert list(errors.index) == [name] and told in str(errors["detail"].iloc[0])


def test_a_file_that_may_not_be_read(imported_release: Small) -> None:
    path = imported_release.release / RESPONSES
    path.unlink()
    path.symlink_to("nowhere")
    files = imported_release.accounted()
    assert files.loc[RESPONSES, "outcome"] == "error" and "cannot be read (No such file" in str(
        files.loc[RESPONSES, "detail"]
    )
    assert stat.S_ISLNK(os.lstat(path).st_mode)


def test_links_to_folders_odd_names_and_dot_files(imported_release: Small) -> None:
    """A model's folder on another disk counts; a link back ends; names that are not UTF-8 are told."""
    folder = imported_release.release / "generations/gemma-3-4b-it"
    before = imported_release.accounted()
    folder.rename(imported_release.folder / "elsewhere")
    folder.symlink_to(imported_release.folder / "elsewhere")
    (folder / "back").symlink_to(imported_release.release / "generations")
    (folder / "again").symlink_to(folder)
    (folder / "._bfi_Gaston_3.json").write_bytes(b"\x00")
    Path(os.fsdecode(os.fsencode(folder) + b"/bfi_\xff_3.json")).write_text("[]", encoding="utf-8")
    files = imported_release.accounted()
    assert files.loc[before.index, "outcome"].equals(before["outcome"])
    told = files.loc[files.index.difference(before.index)]
    inside = "generations/gemma-3-4b-it"
    assert dict(told["outcome"]) == {
        f"{inside}/back": "ignored",
        f"{inside}/again": "ignored",
        f"{inside}/._bfi_Gaston_3.json": "ignored",
        f"{inside}/bfi_?_3.json": "error",
    }
    assert told.loc[f"{inside}/bfi_?_3.json", "detail"] == "found a name that is not UTF-8, expected one in UTF-8"


def test_a_pickle_is_never_loaded(imported_release: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = imported_release.accounted()
    assert files.loc["results/all_ratings.pkl", "outcome"] == "ignored"
    assert not (tmp_path / "PICKLE_WAS_LOADED").exists()


def test_every_file_has_one_outcome(imported_release: Small) -> None:
    files = imported_release.accounted()
    on_disk = {
        path.relative_to(imported_release.release).as_posix()
        for path in imported_release.release.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    assert set(files.index) == on_disk and files.index.is_unique
    assert files["outcome"].value_counts().to_dict() == {"imported": len(on_disk) - 3, "ignored": 3}


def test_a_file_that_changed_since_the_plan_stops_the_batch(imported_release: Small) -> None:
    grid = imported_release.grid()
    text("[]")(imported_release.release / RESPONSES)
    with pytest.raises(
        UserError, match=r"bfi_Gaston_3.json: changed since the run was planned, expected it as it was"
    ):
        imported_release.import_cell("responses/gemma/gaston/bfi/persona-directed-fixed.parquet", grid)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"release__folder": "nowhere"}, r"release.folder: found '.*nowhere', which has no folder generations"),
        (
            {"models__gemma__directory": "gemma-4"},
            r"models.gemma.directory: found 'gemma-4', expected one of Llama-3_3",
        ),
        ({"release": None}, r"release: missing, expected release.folder, because models.gemma has engine released"),
        (
            {"models__gemini__directory": "gemma-3-4b-it"},
            r"models.gemini.directory: found 'gemma-3-4b-it' as in models",
        ),
        ({"release__conditions": {"a": "talk"}}, r"release.conditions.a: found \"talk\", expected 'interview' or"),
        ({"release__conditions": {"a": "interview", "b": "interview"}}, r"expected each name of the release once"),
    ],
)
def test_a_mistake_in_the_config_is_one_sentence(
    imported_release: Small, changes: dict[str, object], told: str
) -> None:
    imported_release.configure(**changes)
    with pytest.raises(UserError, match=told):
        imported_release.grid()
