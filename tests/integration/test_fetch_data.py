"""Fetching third-party data: downloads against a real local server, copies from a folder, checks, sentences."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from personas.config import load_config
from personas.core.errors import UserError
from personas.external.catalogue import Catalogue, address, load_catalogue
from personas.external.checks import git_blob
from personas.external.data import Origin, fetch_files
from personas.external.store import Store
from personas.external.transport import ATTEMPTS, Patience
from personas.grid.fetch import fetch_data
from tests.external import REVISION, catalogue, put, refer, texts
from tests.files_server import Fault, FileServer
from tests.helpers import ROOT, Project

QUICK = Patience(connect=5.0, read=10.0, pause=0.01)
CSV = texts()["xstest/xstest.csv"]
WANTED = [("xstest", "xstest.csv")]


def store_of(tmp_path: Path, url: str = "http://127.0.0.1:9", known: bool = True, **changes: Any) -> Store:
    raw = catalogue(url, known)
    raw["xstest"]["files"]["xstest.csv"] |= changes
    return Store(tmp_path / "external", Catalogue.from_json(raw))


def fetched(store: Store, origin: Origin | None = None) -> bytes:
    fetch_files(store, WANTED, origin or Origin(patience=QUICK), say=lambda line: None)
    return store.path(*WANTED[0]).read_bytes()


def leftovers(store: Store) -> list[str]:
    return sorted(path.name for path in (store.folder / ".parts").glob("*"))


def test_the_right_file_arrives_and_is_recorded(tmp_path: Path) -> None:
    with FileServer(texts()) as server:
        store = store_of(tmp_path, server.url)
        assert fetched(store) == CSV and leftovers(store) == []
    record = json.loads((store.folder / "checksums.json").read_text())["xstest/xstest.csv"]
    assert record == {"revision": REVISION, "sha256": hashlib.sha256(CSV).hexdigest()}


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with FileServer(texts() | {"xstest/xstest.csv": CSV.replace(b"kill", b"sink")}) as server:
        store = store_of(tmp_path, server.url)
        with pytest.raises(UserError, match="another sha256 than"):
            fetched(store)
        assert leftovers(store) == [] and not store.path(*WANTED[0]).exists()
        server.files = texts()  # the next attempt begins anew, not behind the wrong bytes
        assert fetched(store_of(tmp_path, server.url)) == CSV


def test_an_unknown_checksum_is_recorded_first_and_compared_then(tmp_path: Path) -> None:
    with FileServer(texts()) as server:
        store = store_of(tmp_path, server.url, known=False)
        fetched(store)
        store.path(*WANTED[0]).unlink()
        server.files = {"xstest/xstest.csv": CSV.replace(b"kill", b"sink")}
        with pytest.raises(UserError, match="another sha256 than"):
            fetched(store_of(tmp_path, server.url, known=False))


@pytest.mark.parametrize("after", [0, 1, 200, len(CSV) - 1])
def test_a_truncated_file_is_gone_on_with(tmp_path: Path, after: int) -> None:
    with FileServer(texts(), [Fault(after=after)]) as server:
        assert fetched(store_of(tmp_path, server.url)) == CSV
        assert [ask for _, ask in server.asked] == [None, f"bytes={after}-" if after else None]


def test_a_server_that_always_breaks_off_ends_in_a_sentence_and_keeps_its_part(tmp_path: Path) -> None:
    with FileServer(texts(), [Fault(after=100)] + [Fault(after=0)] * (ATTEMPTS - 1)) as server:
        store = store_of(tmp_path, server.url)
        with pytest.raises(UserError, match=rf"broke off.*\({ATTEMPTS} attempts\)"):
            fetched(store)
        assert len(leftovers(store)) == 1 and not store.path(*WANTED[0]).exists()
        server.asked.clear()
        assert fetched(store_of(tmp_path, server.url)) == CSV  # another day, another process
        assert server.asked == [("xstest/xstest.csv", "bytes=100-")]


def test_a_server_without_ranges_sends_all_of_it_again(tmp_path: Path) -> None:
    with FileServer(texts(), [Fault(after=100)], ranges=False) as server:
        assert fetched(store_of(tmp_path, server.url)) == CSV


def test_a_part_that_does_not_fit_is_thrown_away(tmp_path: Path) -> None:
    with FileServer(texts()) as server:
        store = store_of(tmp_path, server.url)
        name = hashlib.sha256(f"{server.url}/xstest/xstest.csv".encode()).hexdigest()[:24]
        (store.folder / ".parts").mkdir(parents=True)
        (store.folder / ".parts" / f"{name}.part").write_bytes(CSV + b"more")
        assert fetched(store) == CSV


def test_404_is_told_at_once(tmp_path: Path) -> None:
    with FileServer({}) as server:
        store = store_of(tmp_path, server.url)
        with pytest.raises(UserError, match="404 Not Found") as told:
            fetched(store)
        assert f"To put it there by hand: {store.path(*WANTED[0])}." in str(told.value)
        assert len(server.asked) == 1 and "\n" not in str(told.value)


def test_an_overloaded_server_is_asked_again(tmp_path: Path) -> None:
    with FileServer(texts(), [Fault(status=503), Fault(status=429)]) as server:
        assert fetched(store_of(tmp_path, server.url)) == CSV and len(server.asked) == 3


def test_a_slow_server_is_waited_for(tmp_path: Path) -> None:
    """All of it takes longer than the patience, which is for the next bytes."""
    blocks = -(-len(CSV) // 64)
    patience = Patience(connect=5.0, read=1.0, pause=0.01)
    with FileServer({"xstest/xstest.csv": CSV}, pause=1.5 * patience.read / blocks) as server:
        assert fetched(store_of(tmp_path, server.url), Origin(patience=patience)) == CSV
        assert len(server.asked) == 1


def test_a_server_that_falls_silent_is_asked_for_the_rest(tmp_path: Path) -> None:
    with FileServer(texts(), [Fault(after=128, silent=True)]) as server:
        patience = Patience(connect=5.0, read=2.0, pause=0.01)
        assert fetched(store_of(tmp_path, server.url), Origin(patience=patience)) == CSV
        assert server.asked[1:] == [("xstest/xstest.csv", "bytes=128-")]


def test_offline_there_is_one_sentence_a_file(project: Project) -> None:
    refer(project, "http://127.0.0.1:9")
    with pytest.raises(UserError) as told:
        fetch(project, Origin(patience=Patience(0.2, 0.2, 0.0)))
    lines = str(told.value).splitlines()
    assert len(lines) == len(texts())
    for line, place in zip(sorted(lines), sorted(texts()), strict=True):
        assert "no connection" in line
        assert line.endswith(f"To put it there by hand: {project.folder / 'external' / place}.")


def test_what_came_is_kept_although_others_did_not(project: Project) -> None:
    with FileServer({place: text for place, text in texts().items() if "general" not in place}) as server:
        refer(project, server.url)
        with pytest.raises(UserError, match=r"general/test\.jsonl: the server answered 404"):
            fetch(project)
        server.files = texts()
        server.asked.clear()
        fetch(project)
        assert [path for path, _ in server.asked] == ["rolebench/general/test.jsonl"]


def test_a_mirror_is_laid_out_as_our_folder(project: Project) -> None:
    with FileServer(texts()) as server:
        fetch(refer(project), Origin(mirror=f"{server.url}/", patience=QUICK))
        assert {path for path, _ in server.asked} == set(texts())


@pytest.mark.parametrize("key", ["data_mirror", "data_copy"])
def test_the_machine_can_name_a_mirror_or_a_folder(project: Project, tmp_path: Path, key: str) -> None:
    put(tmp_path / "copy")
    with FileServer(texts()) as server:
        value = server.url if key == "data_mirror" else str(tmp_path / "copy")
        refer(project).set({f"machine/{key}": value})
        fetch_data(load_config([project.config_file]), project.folder, say=lambda line: None)
    assert project.study().absent == []


@pytest.mark.parametrize(
    "name", ["xstest/xstest.csv", "flat.csv", "xstest.csv"], ids=["as ours", "flat", "a checkout"]
)
def test_a_folder_is_copied_from_and_checked(tmp_path: Path, name: str) -> None:
    place = tmp_path / "copy" / name
    place.parent.mkdir(parents=True)
    place.write_bytes(CSV)
    assert fetched(store_of(tmp_path), Origin([tmp_path / "copy"])) == CSV
    place.write_bytes(CSV + b"\n")
    store = store_of(tmp_path / "again")
    with pytest.raises(UserError, match="bytes, expected"):
        fetched(store, Origin([tmp_path / "copy"]))
    assert leftovers(store) == [] and place.exists()


def test_a_folder_that_lacks_a_file_is_told_with_the_places_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"copy/xstest/xstest.csv and .*copy/flat.csv and .*copy/xstest.csv: no such"):
        fetched(store_of(tmp_path), Origin([tmp_path / "copy"]))


def test_a_file_put_there_by_hand_counts_if_it_is_right(tmp_path: Path) -> None:
    store = store_of(tmp_path, known=False)
    put(store.folder, "xstest")
    assert store.find(*WANTED[0]) == store.path(*WANTED[0])
    store.path(*WANTED[0]).write_bytes(b"id,prompt\n1,One\n")
    with pytest.raises(UserError, match=r"found 1 rows, expected 12\. Remove it"):
        store.find(*WANTED[0])


def test_a_file_that_was_changed_since_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "copy")
    store = store_of(tmp_path, known=False)
    fetched(store, Origin([tmp_path / "copy"]))
    store.path(*WANTED[0]).write_bytes(CSV.replace(b"kill", b"sink"))
    with pytest.raises(UserError, match=r"xstest.csv: found sha256 .* Remove it, and fetch it again"):
        store_of(tmp_path, known=False).find(*WANTED[0])


def test_a_file_of_an_earlier_revision_is_fetched_again(tmp_path: Path) -> None:
    put(tmp_path / "copy")
    fetched(store_of(tmp_path, known=False), Origin([tmp_path / "copy"]))
    raw = catalogue(known=False)
    raw["xstest"]["revision"] = "f" * 40
    assert Store(tmp_path / "external", Catalogue.from_json(raw)).find(*WANTED[0]) is None


@pytest.mark.parametrize(
    ("place", "content", "sentence"),
    [
        ("xstest/xstest.csv", b"id,prompt\n1,One\n", "found 1 rows, expected 12"),
        ("xstest/xstest.csv", b"id,text\n1,One\n", "column 'prompt' is missing"),
        ("ifbench/test.jsonl", b'{"key": "1"}\n', "row 1: found no 'prompt', expected key, prompt"),
        ("ifbench/test.jsonl", b"<html>busy</html>", "line 1: bad JSON"),
        ("rolebench/general/test.jsonl", b'{"role": "Otto Brindle"}', "found no row of role 'Maren Holt'"),
        ("study/data/roles.json", b'{"Maren Holt": "You."}', "found no description of 'Otto Brindle'"),
        ("study/data/interview.json", b'{"questions": ["A?"]}', "field 'introductory_remark' is missing"),
        ("study/data/instructions.json", b'{"questions": ["{role}?"]}', "in a question"),
        ("bfi/data/BFI.json", b'{"items": {}}', "field 'questions' is missing"),
    ],
)
def test_rows_and_columns_are_checked(tmp_path: Path, place: str, content: bytes, sentence: str) -> None:
    (tmp_path / "copy" / place).parent.mkdir(parents=True)
    (tmp_path / "copy" / place).write_bytes(content)
    store = Store(tmp_path / "external", Catalogue.from_json(catalogue(known=False)))
    source, _, path = place.partition("/")
    with pytest.raises(UserError, match=sentence) as told:
        fetch_files(store, [(source, path)], Origin([tmp_path / "copy"]), say=lambda line: None)
    assert str(store.path(source, path)) in str(told.value) and "/copy/" not in str(told.value)


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"punkt_tab/{name}", text)
    return buffer.getvalue()


def test_an_archive_is_checked_by_its_git_blob_and_unpacked(tmp_path: Path) -> None:
    content = packed(english="rules")
    raw = catalogue()
    raw["nltk"] = {**raw["xstest"], "files": {"t/punkt_tab.zip": {"shape": "zip", "git_blob": git_blob(content)}}}
    store = Store(tmp_path / "external", Catalogue.from_json(raw))
    (tmp_path / "copy/nltk/t").mkdir(parents=True)
    (tmp_path / "copy/nltk/t/punkt_tab.zip").write_bytes(content)
    fetch_files(store, [("nltk", "t/punkt_tab.zip")], Origin([tmp_path / "copy"]), say=lambda line: None)
    assert (store.folder / "nltk/t/punkt_tab/english").read_text() == "rules"
    (tmp_path / "copy/nltk/t/punkt_tab.zip").write_bytes(packed(english="other"))
    with pytest.raises(UserError, match="found the git blob"):
        fetch_files(
            Store(tmp_path / "other", store.catalogue),
            [("nltk", "t/punkt_tab.zip")],
            Origin([tmp_path / "copy"]),
            say=lambda line: None,
        )


def test_files_fetched_side_by_side_are_all_recorded(tmp_path: Path) -> None:
    """As the rules of a run do it: each in a process, or here a store, of its own."""
    with FileServer(texts(), pause=0.002) as server:
        raw = catalogue(server.url, known=False)
        files = [(place.partition("/")[0], place.partition("/")[2]) for place in texts()]

        def one(file: tuple[str, str]) -> None:
            store = Store(tmp_path / "external", Catalogue.from_json(raw))
            fetch_files(store, [file], Origin(patience=QUICK), say=lambda line: None)

        with ThreadPoolExecutor(len(files)) as pool:
            list(pool.map(one, files + files))
        assert len(server.asked) == len(files), "the second of two waits, and finds the file"
    assert set(json.loads((tmp_path / "external/checksums.json").read_text())) == set(texts())


def test_git_blob_is_what_git_says() -> None:
    assert git_blob(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda raw: raw["xstest"].update(revision="main"), "xstest.revision"),
        (lambda raw: raw["xstest"].pop("licence"), "xstest.licence"),
        (lambda raw: raw["xstest"]["files"].update({"../x": {"shape": "csv"}}), "inside the repository"),
        (lambda raw: raw["xstest"]["files"].update({"x": {"shape": "xml"}}), "shape"),
        (lambda raw: raw["study"]["files"]["data/roles.json"].pop("roles"), "expected the names of the file"),
    ],
)
def test_a_wrong_catalogue(edit: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    raw = catalogue()
    edit(raw)
    with pytest.raises(UserError, match=sentence):
        Catalogue.from_json(raw)


def test_addresses_of_the_catalogue_are_pinned_and_quoted() -> None:
    sources = load_catalogue(ROOT / "data/sources.yaml").sources
    for source in sources.values():
        for path in source.files:
            assert source.revision in address(source, path) and " " not in address(source, path)
    assert address(sources["rolebench"], "a b").endswith(f"/resolve/{sources['rolebench'].revision}/a%20b")


def fetch(project: Project, origin: Origin | None = None) -> None:
    config = load_config([project.config_file])
    fetch_data(config, project.folder, origin or Origin(patience=QUICK), say=lambda line: None)
