"""`personas pack`: config, frozen plan, cells, tables, figures and where they come from, in one file."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import yaml

from personas.config import load_config
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.core.parquet import read_table, write_table
from personas.exports.pack.inputs import RELEASE, portable
from personas.exports.pack.manifest import NAME, Manifest
from personas.exports.study_results import StudyResults
from personas.exports.third_party import referenced_columns, uses
from personas.external.store import Store
from personas.grid.grid import Grid, build_grid
from personas.grid.study import resolve
from personas.plan.frozen import Run, document, freeze
from personas.plan.plan import make_plan
from personas.requests.projection import read_description, source_dialogue, versions

CONFIG, PLAN = "config.yaml", "plan.json"
_OF_RUNS = frozenset({"plan.json", "jobs.json"})
"""Files of a run that name folders and jobs of this machine, and so stay here."""
_PRESSED = frozenset({".parquet", ".png", ".pdf", ".gz"})
"""Formats that do not get smaller."""


def pack(results: StudyResults, file: Path) -> Iterator[str]:
    """Write a study into a new file, and yield what to tell about it; UserError if there is one already."""
    if file.exists():
        raise UserError(f"{file}: found something there, expected a new file.")
    paths = _packed_paths(results)
    with tempfile.TemporaryDirectory() as temporary:
        files = _stage(results, paths, Path(temporary))
        files |= {f"results/{path}": results.folder / path for path in paths}
        files |= _without_texts(results, Path(temporary))
        write_atomically(file, partial(_write, results, files))
    yield f"{file}: {len(files):,} files, {file.stat().st_size / 1e6:,.1f} MB."
    for use in uses(results.grid.study):
        yield f"Not in it: texts of {use.source.title} ({use.source.licence}); `personas fetch --data` brings them."
    yield from results.missing()


def _stage(results: StudyResults, paths: Sequence[str], folder: Path) -> dict[str, Path]:
    """Put config, inputs and plan into a folder, and plan there: what it plans is what was made here."""
    raw, inputs = portable(results.grid.study)
    for inside, source in inputs.items():
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / inside)
    if release := results.grid.study.release:
        write_atomically(folder / RELEASE, json.dumps({**release.to_json(), "folder": RELEASE}).encode())
    (folder / CONFIG).write_text(yaml.safe_dump(raw, sort_keys=False, allow_unicode=True), encoding="utf-8")
    grid = build_grid(resolve(load_config([folder / CONFIG]), folder))
    if grid.by_path.keys() != results.grid.by_path.keys():
        raise UserError("personas pack: elsewhere this config would name other cells, expected the same.")
    (folder / PLAN).write_text(json.dumps(_plan(grid, results, paths), ensure_ascii=False), encoding="utf-8")
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def _plan(grid: Grid, results: StudyResults, paths: Sequence[str]) -> dict[str, object]:
    """Return the plan of the study as it is on disk, with all paths relative to where it will be unpacked."""
    study = replace(grid.study, root=Path(), store=Store(Path("data/external"), grid.study.store.catalogue))
    plan = make_plan(replace(grid, study=study), results.artefacts, frozenset(paths))
    return document(freeze(plan, Run("packed", "", 0, 0.0), Path("results")))


def _without_texts(results: StudyResults, folder: Path) -> dict[str, Path]:
    """Write the cells that hold items or user turns of others again, without these; return where they are packed."""
    files: dict[str, Path] = {}
    for cell in results.cells:
        for name in referenced_columns(results.grid.study, cell):
            table = read_table(results.folder / cell.path)
            place = table.schema.get_field_index(name)
            files[f"results/{cell.path}"] = folder / "cells" / cell.path
            table = table.set_column(place, table.schema.field(place), pa.nulls(table.num_rows, pa.string()))
            write_table(folder / "cells" / cell.path, table, read_description(results.folder / cell.path))
    return files


def _packed_paths(results: StudyResults) -> list[str]:
    """Return what is packed of the results folder: what the grid names, dialogues that responses were made behind
    before these were made longer, and what became of each batch.
    """
    paths = [cell.path for cell in results.cells]
    responses = [results.folder / cell.path for cell in results.cells if cell.stage == "responses"]
    behind = {path for path in map(source_dialogue, responses) if path and (results.folder / path).exists()}
    paths += sorted(behind.difference(paths))
    paths += [path for each in results.artefacts for path in each.outputs if (results.folder / path).exists()]
    outcomes = sorted((results.folder / "runs").glob("*/*.json"))
    return paths + [path.relative_to(results.folder).as_posix() for path in outcomes if path.name not in _OF_RUNS]


def _write(results: StudyResults, files: dict[str, Path], path: Path) -> None:
    with zipfile.ZipFile(path, "w", strict_timestamps=False) as archive:
        entries = {inside: _add(archive, inside, source) for inside, source in files.items()}
        manifest = Manifest(
            files=entries,
            links={plain: f"results/{target}" for plain, target in _links(results) if f"results/{target}" in entries},
            third_party={
                use.slug: {"licence": use.source.licence, "revision": use.source.revision}
                for use in uses(results.grid.study)
            },
            versions=versions(),
        )
        archive.writestr(NAME, manifest.to_bytes(), zipfile.ZIP_DEFLATED)


def _add(archive: zipfile.ZipFile, inside: str, source: Path) -> tuple[int, str]:
    """Add a file; return its bytes and SHA-256."""
    info = zipfile.ZipInfo(inside)
    info.compress_type = zipfile.ZIP_STORED if source.suffix in _PRESSED else zipfile.ZIP_DEFLATED
    checksum, size = hashlib.sha256(), 0
    with source.open("rb") as stream, archive.open(info, "w", force_zip64=True) as target:
        while block := stream.read(1 << 20):
            target.write(block)
            checksum.update(block)
            size += len(block)
    return size, checksum.hexdigest()


def _links(results: StudyResults) -> Iterator[tuple[str, str]]:
    for cell in results.cells:
        yield cell.plain_path, cell.path
    for each in results.artefacts:
        yield from zip(each.plain_outputs, each.outputs, strict=True)
