"""Make what a plan lacks, in this process: what a real run does, without Snakemake."""

import socket
from pathlib import Path

import pyarrow as pa

from personas.batch.job import WorksOf, run
from personas.core.parquet import write_table
from personas.engines.http.endings import ENDINGS_VERSION
from personas.plan.frozen import FrozenPlan, Run, freeze, write
from personas.plan.why.unusable import MARKS
from personas.requests.same_prefix import works as judge_works
from personas.requests.work import works as generate_works
from personas.workflow.links import refresh_links
from personas.workflow.planning import look
from tests.helpers import Project

_WORKS: dict[str, WorksOf] = {"generate": generate_works, "judge": judge_works}


def make(project: Project, run_id: str = "run-1") -> FrozenPlan:
    """Make every missing cell, a stub for every table and figure, and the links to them; return the plan."""
    results = project.folder / "results"
    plan = look(project.grid(), results).plan
    frozen = freeze(plan, Run(run_id, socket.gethostname(), 1, 0.0), results)
    write(frozen)
    for path in frozen.to_make:
        (frozen.results / path).unlink(missing_ok=True)
    for stage, works in _WORKS.items():
        for batch in frozen.stage(stage):
            run(works, frozen, batch.name, 1, frozen.folder() / "logs" / f"{batch.name}.log")
    for artefact in frozen.artefacts:
        for path in artefact.outputs:
            stub(frozen.results / path)
    refresh_links(frozen)
    return frozen


def stub(path: Path) -> None:
    """Write the least that counts as a whole file of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        write_table(path, pa.table({}), {"endings": ENDINGS_VERSION})
    else:
        path.write_bytes(b"\n".join(MARKS.get(path.suffix[1:], (b"a table",))))


def reasons_now(project: Project) -> dict[str, str]:
    """Return the reason of every cell that is missing now."""
    return dict(look(project.grid(), project.folder / "results").reasons)


def snapshot(project: Project) -> dict[str, bytes]:
    """Return every file below the results folder with its content, and every link with its target."""
    results = project.folder / "results"
    return {
        path.relative_to(results).as_posix(): str(path.readlink()).encode()
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
