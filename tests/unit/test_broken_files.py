"""A file that is broken, or another's, is none: the plan says why, readers name it, and the journal makes it anew."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from personas.core.errors import UserError
from personas.core.parquet import read_frame, read_schema, read_table, write_table
from personas.plan.frozen import read, write
from personas.workflow.terminal.status import print_status
from personas.workflow.upkeep.forget import forget
from tests.helpers import FakeServer, Project, is_figure, make_project
from tests.making import stub


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole run, made once, of one model on one benchmark."""
    with FakeServer() as server:
        project = make_project(tmp_path_factory.mktemp("finished") / "project")
        project.set(
            {
                "models/beta": None,
                "models/alpha/base_url": server.base_url,
                "conditions/requests": None,
                "benchmarks": {"bfi": {"items": "items/bfi.json", "limit": 2}},
                "patterns": {"benchmarks": []},
            }
        )
        for artefact in project.run().artefacts:
            for path in artefact.outputs:
                stub(project.results / path)
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path, server: FakeServer) -> Project:
    shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True)
    return Project(tmp_path / "copy").set({"models/alpha/base_url": server.base_url})


def of(project: Project, stage: str) -> list[Path]:
    return [project.results / cell.path for cell in project.grid().cells if cell.stage == stage]


def cut(path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def without_digest(path: Path) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)


BREAKS: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "0 bytes": (lambda path, other: path.write_bytes(b""), "its file is broken: 0 bytes"),
    "truncated": (lambda path, other: cut(path, 0.9), "its file is broken: its end is missing"),
    "five bytes": (lambda path, other: path.write_bytes(b"PAR1P"), "its file is broken: its end is missing"),
    "two marks and nothing else": (lambda path, other: path.write_bytes(b"PAR1PAR1"), "its end is missing"),
    "another format": (lambda path, other: path.write_bytes(b"a,b\n" * 5000), "its file is broken: no Parquet file"),
    "another cell's": (lambda path, other: shutil.copy(other, path), "its file is another's under this name"),
    "without a word": (lambda path, other: without_digest(path), "its file is none of ours"),
}


@pytest.mark.parametrize("what", BREAKS)
@pytest.mark.parametrize("stage", ["dialogues", "responses"])
def test_it_is_missing_with_its_reason_and_made_of_the_journal(
    project: Project, server: FakeServer, what: str, stage: str
) -> None:
    path, other = of(project, stage)[:2]
    before = pq.read_table(path)
    spoil, reason = BREAKS[what]
    spoil(path, other)
    plan_report, place = project.plan_report(), path.relative_to(project.results).as_posix()
    assert reason in plan_report.reasons[place]
    page = io.StringIO()
    print_status(plan_report, project.results, Console(file=page, width=80))
    assert reason in page.getvalue() and place in page.getvalue()
    project.run("run-2")
    assert pq.read_table(path).equals(before) and server.count == 0
    assert not project.plan_report().plan.missing


def test_tables_and_figures_are_looked_at_too(project: Project) -> None:
    plan = project.plan_report().plan
    assert not plan.missing and not plan.unusable
    tables = [*[a for a in plan.artefacts if a.declared_family == "ratings"][:1], *filter(is_figure, plan.artefacts)][
        :2
    ]
    for made in tables:
        for path in made.outputs:
            cut(project.results / path, 0.9)
    frozen = project.freeze("run-2")
    assert {path for made in tables for path in made.outputs} <= set(frozen.broken)
    frozen = read(write(frozen))
    above = [a for a in frozen.artefacts if set(a.inputs) & frozen.to_make]
    assert above and all(set(a.outputs) <= frozen.to_make for a in above), "what stands on them is made again too"
    assert not frozen.batches


def test_what_stands_on_nothing_broken_stays(project: Project) -> None:
    [figure, *rest] = filter(is_figure, project.plan_report().plan.artefacts)
    (project.results / figure.outputs[0]).write_bytes(b"")
    assert project.freeze("run-2").to_make == set(figure.outputs) and rest


def test_a_file_that_may_not_be_read_is_none_to_make_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    there: Any = Path.open

    def refused(path: Path, *arguments: object, **options: object) -> object:
        if path.suffix == ".parquet":
            raise PermissionError(13, "Permission denied")
        return there(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\), expected a file of ours"):
        project.plan_report()


@pytest.mark.parametrize("reads", [read_table, read_frame], ids=["table", "frame"])
@pytest.mark.parametrize(
    ("folder", "helps"), [("responses", r"`personas forget --keep-answers .*`"), ("tables", "remove it")]
)
def test_a_damaged_page_is_named(tmp_path: Path, reads: Callable[[Path], object], folder: str, helps: str) -> None:
    """Without checksums a bit more or less in a page is another answer, or a traceback."""
    path = tmp_path / folder / f"a.{'0' * 16}.parquet"
    write_table(path, pa.table({"n": pa.array(range(1000), pa.int64())}))
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=rf"a\.0+\.parquet: the file is broken \(.*\); {helps}, and the next run"):
        reads(path)


@pytest.mark.parametrize("reads", [read_table, read_frame, read_schema], ids=["table", "frame", "schema"])
def test_what_is_no_parquet_file_is_named(tmp_path: Path, reads: Callable[[Path], object]) -> None:
    path = tmp_path / "tables" / "a.parquet"
    path.parent.mkdir()
    path.write_bytes(b"no table")
    with pytest.raises(UserError, match=r"a\.parquet: the file is broken"):
        reads(path)
    with pytest.raises(FileNotFoundError):
        reads(path.with_name("b.parquet"))


def test_a_reader_says_what_helps_and_it_does(project: Project, server: FakeServer) -> None:
    """A page of the one dialogue that a response is to be asked behind: the plan reads it, and the batch would."""
    path = of(project, "dialogues")[0]
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    cell = next(c for c in project.grid().cells if c.behind and project.results / c.behind.path == path)
    (project.results / cell.path).unlink()
    with pytest.raises(UserError, match="the file is broken") as told:
        project.plan_report()
    command = str(told.value).split("`")[1]
    assert command.startswith("personas forget --keep-answers ")
    forget(project.results, command.split()[3:], keep_answers=True)
    project.run("run-2")
    assert server.count == 0 and not project.plan_report().plan.missing


def test_a_frame_keeps_its_columns_and_says_whose_it_is(tmp_path: Path) -> None:
    from personas.core.parquet import write_frame

    path = tmp_path / "tables" / f"a.b.{'1' * 16}.parquet"
    write_frame(path, pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[5, 7]))
    assert read_frame(path).equals(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    assert b'"digest": "1111111111111111"' in path.read_bytes()
