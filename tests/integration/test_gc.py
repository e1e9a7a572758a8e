"""`personas gc`: what the present grid needs stays, answers stay, and the rest goes only when asked for."""

import asyncio
import errno
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.core.errors import UserError
from personas.engines.request import Reply
from personas.plan.disk import existing_files
from personas.plan.why.reasons import FORGOTTEN
from personas.requests import packed_journal
from personas.requests.journal import Journal, JournalIndex
from personas.requests.journal_lines import finished_keys, journal_files, journal_lines
from personas.requests.packed_journal import NAME as COMPACTED
from personas.requests.packed_journal import PackedJournal
from personas.workflow.links import linked_files
from personas.workflow.upkeep.forget import forget
from personas.workflow.upkeep.gc import Rubbish, gc
from personas.workflow.upkeep.journals import DAMAGED, compact, compaction, first_answers, take_out
from personas.workflow.upkeep.packing import pack_journals
from personas.workflow.upkeep.survey import FORGOTTEN as FORGOTTEN_ANSWERS
from personas.workflow.upkeep.survey import LEASE, TEMPORARY, kind_of
from tests.helpers import FakeServer, Project, personas
from tests.making import make, reasons_now, snapshot
from tests.unit.test_lease import holder

CONFIG = Path("config.yaml")


@pytest.fixture(autouse=True)
def _in_the_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


def collect(remove: bool = True, keep: tuple[Path, ...] = ()) -> Rubbish:
    return gc([CONFIG], keep, remove)[1]


def kinds(rubbish: Rubbish) -> Counter[str]:
    return Counter(found.kind for found in rubbish.survey.removable)


def litter(results: Path) -> list[str]:
    """Leave behind what killed writers leave; return the paths."""
    left = [
        "dialogues/alpha/keeper/.a.parquet.x1_y2z3w.tmp",
        "journal/alpha/.compacted.jsonl.abc.tmp",
        "leases/r-b.lease",
    ]
    for path in left:
        (results / path).parent.mkdir(parents=True, exist_ok=True)
        (results / path).write_bytes(b"half")
    return left


def test_everything_current_stays(served: Project, server: FakeServer) -> None:
    results = make(served).results
    cells, links, asked = existing_files(results), linked_files(results), server.count
    assert collect().survey.removable == []
    again = make(served, "run-2")
    assert again.batches == [] and server.count == asked
    assert (existing_files(results), linked_files(results)) == (cells, links)
    assert all((results / path).exists() for path in links.values()) and len(links) == len(again.targets)


def test_results_of_an_edit_go_and_its_answers_stay(served: Project, server: FakeServer) -> None:
    first = make(served)
    served.edit_persona("keeper", description="You keep whales.")
    make(served, "run-2")
    old = set(first.targets).difference(served.frozen(existing_files(first.results), "x").targets)
    answers, asked = set(finished_keys(first.results / "journal")), server.count
    rubbish = collect()
    assert {found.path for found in rubbish.survey.removable} == old
    assert kinds(rubbish)["dialogues"] == 3 and kinds(rubbish)["tables"] > 0 and kinds(rubbish)["figures"] > 2
    assert not any((first.results / path).exists() for path in old)
    assert set(finished_keys(first.results / "journal")) == answers
    served.edit_persona("keeper", description="You keep a lighthouse and speak of tides.")
    make(served, "run-3")
    assert server.count == asked, "the journal answers a reverted edit"


def test_what_responses_stand_behind_stays_until_a_longer_dialogue_is_made(
    served: Project, server: FakeServer
) -> None:
    results = make(served).results
    served.set({"conditions/requests/rounds": 4})
    before = existing_files(results)
    assert kinds(collect())["dialogues"] == 0 and existing_files(results) == before
    server.bodies.clear()
    make(served, "run-2")
    assert {body["messages"][-1]["content"] for body in server.bodies} == {"Pack a bag."}
    assert kinds(collect()) == {"dialogues": 3}
    assert make(served, "run-3").batches == []


def test_links_to_what_went_are_gone(served: Project, server: FakeServer) -> None:
    results = make(served).results
    served.edit_persona("keeper", description="You keep whales.")
    collect()
    links = linked_files(results)
    assert links and not any("/keeper/" in plain for plain in links)
    assert all((results / path).exists() for path in links.values())
    assert not (results / "current/dialogues/alpha/keeper").exists()


def test_a_study_beside_keeps_its_files(served: Project, server: FakeServer) -> None:
    make(served)
    other = served.folder / "other.yaml"
    shutil.copy(served.config_file, other)
    served.set({"models/alpha/sampling/temperature": 0.7, "checkpoints": [0]})
    make(served, "run-2")
    assert collect(keep=(other,)).survey.removable == []
    assert kinds(collect(remove=False)) == kinds(collect()) != Counter()
    assert make(served, "run-3").batches == []


def test_a_study_elsewhere_is_a_mistake(served: Project, server: FakeServer) -> None:
    other = served.folder / "other.yaml"
    shutil.copy(served.config_file, other)
    served.set({"results": "elsewhere"})
    sentence = r"other.yaml: results: found results, expected elsewhere, the folder to collect in\.$"
    with pytest.raises(UserError, match=sentence):
        collect(keep=(other,))


def test_leftovers_go_and_strangers_stay(served: Project, server: FakeServer) -> None:
    results = make(served).results
    forget(results, ["responses/alpha/keeper/bfi/*"])
    left = litter(results)
    strange = ["notes.txt", "dialogues/alpha/mine.parquet", "tables/mine.csv", "journal/alpha/mine.txt", "x/.y.tmp"]
    for path in strange:
        (results / path).parent.mkdir(exist_ok=True)
        (results / path).write_bytes(b"mine")
    rubbish = collect()
    assert kinds(rubbish) == {TEMPORARY: 2, LEASE: 1, FORGOTTEN_ANSWERS: 1}
    assert {found.path for found in rubbish.survey.unknown} == set(strange)
    assert not any((results / path).exists() for path in left) and not list(results.rglob("*.forgotten"))
    assert all((results / path).read_bytes() == b"mine" for path in strange)
    assert set(reasons_now(served).values()) == {FORGOTTEN}, "the note is kept until the cells are made"
    make(served, "run-2")
    collect()
    assert not (results / "journal/forgotten.txt").exists()


def test_folders_of_runs_are_not_touched(served: Project, server: FakeServer) -> None:
    frozen = make(served)
    (frozen.folder() / ".x.tmp").write_bytes(b"")
    before = sorted((frozen.results / "runs").rglob("*"))
    collect()
    assert sorted((frozen.results / "runs").rglob("*")) == before


def test_without_yes_it_lists_and_changes_nothing(served: Project, server: FakeServer) -> None:
    results = make(served).results
    served.edit_persona("keeper", description="You keep whales.")
    make(served, "run-2")
    litter(results)
    before = snapshot(served)
    done = personas(served.folder, "gc", "-c", "config.yaml")
    assert snapshot(served) == before and done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("Nothing was changed; add --yes to remove.")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["dialogues", "3"] in [row[:2] for row in rows] and ["temporary", "files", "2"] in [
        row[:3] for row in rows
    ]
    assert ["responses", "alpha", "keeper", "10"] in [row[:4] for row in rows]
    assert "Journal of alpha: 2 files," in done.stdout
    done = personas(served.folder, "gc", "--yes", "-c", "config.yaml")
    assert (
        "Removed: " in done.stdout
        and "Nothing to remove." in personas(served.folder, "gc", "-c", "config.yaml").stdout
    )


def test_nothing_is_collected_beside_a_live_lease(served: Project, server: FakeServer) -> None:
    results = make(served).results
    litter(results)
    with holder(results / "leases", "some/path") as other:
        before = snapshot(served)
        for arguments in (["gc"], ["gc", "--yes"]):
            done = personas(served.folder, *arguments, "-c", "config.yaml")
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
            assert f"process {other.pid}" in done.stderr
        assert snapshot(served) == before


def test_nothing_to_collect_in_no_folder(served: Project) -> None:
    assert collect().is_none and not (served.folder / "results").exists()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("dialogues/m/p/c-fixed.0123456789abcdef.parquet", "dialogues"),
        ("dialogues/m/p/c-fixed.0123456789abcdeg.parquet", None),
        ("dialogues/m/c-fixed.0123456789abcdef.parquet", None),
        ("responses/m/p/b/c-fixed-r2--as-x.0123456789abcdef.parquet", "responses"),
        ("judgements/j/m/p/b/c-fixed--vs-zero.0123456789abcdef.parquet", "judgements"),
        ("tables/a.0123456789abcdef.csv", "tables"),
        ("patterns/m/a.0123456789abcdef.parquet", "patterns"),
        ("figures/a.0123456789abcdef.png", "figures"),
        ("figures/a.png", None),
        ("journal/m/x.jsonl", ""),
        ("journal/m/compacted.parquet", ""),
        ("journal/m/mine.parquet", None),
        ("journal/m/x.damaged", ""),
        ("journal/m/x.forgotten", FORGOTTEN_ANSWERS),
        ("journal/m/.x.jsonl.abc.tmp", TEMPORARY),
        ("journal/forgotten.txt", ""),
        ("leases/.guard", ""),
        ("leases/r-run.lease", LEASE),
        (".x.tmp", None),
        ("thesis.tex", None),
    ],
)
def test_a_file_is_of_a_kind(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


# Journals


def line(number: int, text: str) -> bytes:
    return b'{"key":"%064x","reply":{"status":"ok","text":"%s"}}\n' % (number, text.encode())


def texts(folder: Path, count: int = 6) -> list[str | None]:
    index = JournalIndex(folder)
    found = [index.get(f"{number:064x}") for number in range(count)]
    return [one.text if one else None for one in found]


def names(folder: Path) -> set[str]:
    return {path.name for path in journal_files(folder)}


def content(folder: Path) -> bytes:
    """The lines of the packed journal of a folder."""
    return b"".join(one for _, one in journal_lines(folder / COMPACTED))


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


FILES = {
    "generate_a.jsonl": line(0, "zero") + line(1, "one")[:70],
    "generate_b.jsonl": b"garbage\n" + line(0, "again") + line(1, "one") + line(2, "two"),
    "judge_c.jsonl": line(2, "again") + line(3, "three"),
}


def test_journals_become_one_file_without_torn_lines_and_repeats(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "alpha", FILES)
    told, before = compaction(folder), texts(folder)
    assert (told.files, told.answers, told.repeats, told.torn) == (3, 4, 2, 2) and told.is_needed
    compact(folder)
    assert names(folder) == {COMPACTED}
    [aside] = folder.glob(f"*.{DAMAGED}")
    assert aside.read_bytes() == line(1, "one")[:70] + b"\ngarbage\n" and {*folder.iterdir()} == {
        folder / COMPACTED,
        aside,
    }
    assert content(folder) == b"".join([line(0, "zero"), line(1, "one"), line(2, "two"), line(3, "three")])
    assert texts(folder) == before
    assert not compaction(folder).is_needed


def test_the_next_compaction_adds_to_the_last(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "alpha", FILES)
    compact(folder)
    write_files(folder, {"generate_a.jsonl": line(0, "later") + line(4, "four")})
    compact(folder)
    assert texts(folder) == ["zero", "one", "two", "three", "four", None]


@pytest.mark.parametrize(
    ("at", "left"),
    [
        pytest.param(("replace", "compacted"), {*FILES}, id="before the rename"),
        pytest.param(("unlink", "generate_a"), {COMPACTED, *FILES}, id="before the old ones go"),
        pytest.param(("unlink", "judge_c"), {COMPACTED, "judge_c.jsonl"}, id="when some are gone"),
    ],
)
def test_a_crash_while_compacting_is_harmless(
    tmp_path: Path, at: tuple[str, str], left: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(tmp_path / "alpha", FILES)
    before, (call, name) = texts(folder), at
    original = getattr(Path, call)

    def crash(path: Path, *arguments: Any, **options: Any) -> None:
        if path.name.strip(".").startswith(name):
            raise KeyboardInterrupt
        original(path, *arguments, **options)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, call, crash)
        compact(folder)
    assert names(folder) == left and texts(folder) == before
    compact(folder)
    assert texts(folder) == before and names(folder) == {COMPACTED}
    assert all(path.suffix == f".{DAMAGED}" for path in folder.iterdir() if path.name != COMPACTED)


def test_a_damaged_answer_gives_way_to_a_good_one(tmp_path: Path) -> None:
    """A batch asks again what is damaged, and writes the answer behind it."""
    damaged = line(0, "zero").replace(b'"text"', b'text"')
    folder = write_files(tmp_path / "alpha", {"a.jsonl": damaged + line(1, "one"), "b.jsonl": line(0, "good")})
    compact(folder)
    assert texts(folder, 2) == ["good", "one"]


def test_a_kill_after_any_byte_that_compacting_writes_loses_nothing(tmp_path: Path) -> None:
    """A kill leaves what was written by then under a name that nobody reads, beside all that was there before."""
    folder = write_files(tmp_path / "alpha", FILES)
    before, keys = texts(folder), set(finished_keys(folder))
    compact(folder)
    whole = (folder / COMPACTED).read_bytes()
    half = f".{COMPACTED}.abcd1234.tmp"
    for old in ({}, {COMPACTED: whole}):
        for end in range(0, len(whole), 7):
            torn = write_files(tmp_path / f"{len(old)}-{end}", {**FILES, **old, half: whole[:end]})
            assert texts(torn) == before and set(finished_keys(torn)) == keys
            if end % 70 == 0:
                compact(torn)
                assert texts(torn) == before and names(torn) == {COMPACTED}


def test_a_broken_packed_journal_is_told_in_a_sentence(tmp_path: Path) -> None:
    """To pass over it would ask all its answers again, and pay for them."""
    folder = write_files(tmp_path / "alpha", FILES)
    compact(folder)
    for content in (b"", (folder / COMPACTED).read_bytes()[:-9], b"PAR1 and nothing of use PAR1"):
        (folder / COMPACTED).write_bytes(content)
        with pytest.raises(UserError, match=r"compacted.parquet: the journal is broken \(.*\), expected it whole; "):
            texts(folder)


def test_any_lines_are_packed_as_they_are_and_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_journal, "_GROUP", 300)
    monkeypatch.setattr(packed_journal, "_KEPT", 2)
    foreign = [
        json.dumps({"reply": {"status": "ok", "text": "x"}, "key": f"{n:064x}"}).encode() + b"\n" for n in (1, 3)
    ]
    lines = [line(0, "zero"), foreign[0], line(2, "two" * 200), foreign[1], *(line(n, "n") for n in range(4, 30))]
    packed_journal.write_packed(
        tmp_path / COMPACTED, ((bytes.fromhex(f"{n:064x}"), n != 5, one) for n, one in enumerate(lines))
    )
    journal = PackedJournal(tmp_path / COMPACTED)
    assert [one for *_, one in journal.lines()] == lines
    rows = dict(journal.rows())
    assert len(rows) == len(lines) - 1 and rows[bytes.fromhex(f"{29:064x}")] == 29
    for row in (29, 0, 3, 12, 2, 1, 28):
        assert journal.line(row) == (bytes.fromhex(f"{row:064x}"), lines[row])
    (tmp_path / COMPACTED).unlink()
    assert journal.line(20)[1] == lines[20], "an open journal outlives its name"


def test_on_a_full_disk_a_packed_answer_is_struck_out_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(tmp_path / "alpha", {**FILES, "judge_d.jsonl": line(4, "four")})
    compact(folder)
    before, size = texts(folder), (folder / COMPACTED).stat().st_size

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("personas.workflow.upkeep.journals.write_atomically", full)
        take_out(folder, {bytes.fromhex(f"{2:064x}")})
    assert (folder / COMPACTED).stat().st_size == size
    assert texts(folder) == [*before[:2], None, *before[3:]]
    compact(folder)
    assert texts(folder) == [*before[:2], None, *before[3:]]
    asides = [path.read_bytes() for path in folder.glob(f"*.{DAMAGED}")]
    assert [aside for aside in asides if aside.startswith(b"-") and b'"two"' in aside]


def test_answers_of_another_version_stay(tmp_path: Path) -> None:
    foreign = line(0, "zero").replace(b'"text"', b'"prose"')
    folder = write_files(tmp_path / "alpha", {"a.jsonl": foreign, "b.jsonl": line(0, "mine")})
    compact(folder)
    assert content(folder) == foreign + line(0, "mine")


REWRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "blanks": lambda content: b"".join(json.dumps(json.loads(one)).encode() + b"\n" for one in content.splitlines()),
    "order": lambda content: b"".join(
        json.dumps(dict(reversed(json.loads(one).items()))).encode() + b"\n" for one in content.splitlines()
    ),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "indented": lambda content: b"".join(b"  " + one for one in content.splitlines(keepends=True)),
    "blank lines": lambda content: content.replace(b"\n", b"\n\n"),
    "no last end": lambda content: content[:-1],
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_a_journal_that_other_programs_wrote_anew_keeps_its_answers(tmp_path: Path, how: str) -> None:
    files = {"a.jsonl": line(0, "zero") + line(1, "one"), "b.jsonl": line(2, "two")}
    folder = write_files(tmp_path / "alpha", {name: REWRITTEN[how](content) for name, content in files.items()})
    assert texts(folder) == ["zero", "one", "two", None, None, None]
    compact(folder)
    assert texts(folder) == ["zero", "one", "two", None, None, None]
    assert [path.name for path in folder.iterdir()] == [COMPACTED], "nothing of it was damaged"
    take_out(folder, {bytes.fromhex(f"{1:064x}")})
    assert texts(folder) == ["zero", None, "two", None, None, None]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(line(0, "zero").replace(b'"text"', b'text"'), id="damaged"),
        pytest.param(line(0, "zero").replace(b'"ok"', b'"of a later version"'), id="foreign"),
        pytest.param(line(0, "zero").replace(b'"ok"', b'"ok","finish_reason":"abort"'), id="broken off"),
    ],
)
def test_the_first_readable_line_counts(tmp_path: Path, first: bytes) -> None:
    """Before, one that nobody could read hid its replacement, which was asked and paid anew at each start."""
    folder = write_files(tmp_path / "alpha", {"a.jsonl": first, "b.jsonl": line(0, "good") + line(0, "later")})
    assert texts(folder, 1) == ["good"]
    compact(folder)
    assert texts(folder, 1) == ["good"]


def test_a_batch_goes_on_behind_a_compacted_journal(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "alpha", FILES)
    compact(folder)

    async def append() -> None:
        async with Journal(folder, "generate_a") as journal:
            assert len(journal) == 4
            await journal.append(f"{5:064x}", Reply("ok", text="five"))

    asyncio.run(append())
    assert texts(folder) == ["zero", "one", "two", "three", None, "five"]


def test_a_plan_that_looks_while_journals_are_rewritten_reads_nothing_wrong(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "alpha", {"a.jsonl": line(0, "zero") + line(1, "one"), "b.jsonl": line(2, "two")})
    index = JournalIndex(folder)
    (folder / "a.jsonl").write_bytes(line(1, "one") + line(0, "zero"))
    (folder / "b.jsonl").unlink()
    assert [index.get(f"{number:064x}") for number in range(3)] == [None, None, None]


_KEYS = st.integers(0, 5)
_LINES = st.one_of(
    st.tuples(_KEYS, st.sampled_from("abcdef")).map(lambda pair: line(*pair)),
    st.tuples(_KEYS, st.integers(0, 110)).map(lambda pair: line(pair[0], "torn")[: pair[1]] + b"\n"),
    st.sampled_from([b"\n", b"garbage\n", b"\xff\x00\n", b"{}\n", b"[1]\n"]),
)
_ENDS = st.one_of(st.just(b""), st.integers(1, 100).map(lambda length: line(0, "torn")[:length]))
_FILES = st.lists(st.tuples(st.lists(_LINES, max_size=8).map(b"".join), _ENDS).map(b"".join), max_size=4)


@given(files=_FILES, restarts=st.integers(1, 2))
def test_compaction_keeps_exactly_the_first_answer_of_every_key(
    tmp_path_factory: pytest.TempPathFactory, files: list[bytes], restarts: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    write_files(folder, {f"generate_{number}.jsonl": content for number, content in enumerate(files)})
    before, in_order = texts(folder), list(dict.fromkeys(finished_keys(folder)))
    told = compaction(folder)
    for _ in range(restarts):
        compact(folder)
    assert texts(folder) == before and finished_keys(folder) == in_order
    lines = content(folder).splitlines(keepends=True)
    assert len(lines) == told.answers == len(in_order) == sum(text is not None for text in before)
    assert [one for *_, one in first_answers([folder / COMPACTED], Counter(), [])] == lines


def test_the_end_of_a_run_packs_what_is_finished(served: Project, server: FakeServer) -> None:
    frozen = make(served)
    folders = sorted((frozen.results / "journal").glob("*"))
    answers, asked = finished_keys(frozen.results / "journal"), server.count
    [first, *others] = {batch.asked_slug: batch for batch in frozen.batches}.values()
    lost = frozen.results / first.outputs[0]
    lost.unlink()
    with holder(frozen.results / "leases", "some/path"):
        pack_journals(frozen)
        assert not any(names(folder) == {COMPACTED} for folder in folders), "somebody works there"
    pack_journals(frozen)
    packed_now = {folder.name for folder in folders if names(folder) == {COMPACTED}}
    assert packed_now == {batch.asked_slug for batch in others}, (
        "a model whose cells are not all there is not finished"
    )
    make(served, "run-2")
    pack_journals(frozen)
    assert lost.exists() and all(names(folder) == {COMPACTED} for folder in folders)
    for path in existing_files(frozen.results):
        (frozen.results / path).unlink()
    make(served, "run-3")
    assert server.count == asked, "a packed journal answers as any"
    assert sorted(finished_keys(frozen.results / "journal")) == sorted(answers)


def test_what_tells_of_the_folder_stays() -> None:
    assert kind_of("README.md") == ""
