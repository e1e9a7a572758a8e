"""Page times and memory of the viewer over a synthetic study: `python -m tests.benchmarks.viewer [--million N]`.

The study has the shape of the paper's: 10 models, 10 personas and the baseline, two conditions of 100 rounds, ten
checkpoints, one benchmark with as many items as give so many rows (450 give 5 million). Rows are answers, judgements
and ratings together. Its texts and ratings are random, its files are named by the grid.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

import duckdb
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from personas.config.personas import BASELINE
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.scoring.table import RATINGS_SCHEMA
from tests.helpers import CONFIG, JUDGE, Project, make_project

MODELS, PERSONAS, ROUNDS, CHECKPOINTS = 10, 10, 100, range(0, 100, 10)
ROWS_OF_ITEM = 5
"""Rows that an item has at one checkpoint of one dialogue: answer, judgement, length, two verdicts."""
_WORDS = (
    *("lamp", "tide", "harbour", "bread", "oven", "morning", "letter", "bridge"),
    *("song", "winter", "road", "answer", "list", "table", "friend", "and"),
)

_VALUES = """
SELECT {measure} AS measure, {benchmark} AS benchmark, {judge} AS judge, model,
       if(is_baseline, 'baseline', 'persona') AS "group", coalesce(reference_persona, persona) AS persona, condition,
       "order", replicate, {axis} AS axis, coalesce(round, checkpoint) AS position, avg(value) AS value,
       count(value) AS n_scored, count(*) AS n_planned
FROM read_parquet('{files}') WHERE metric = '{metric}' AND judge = '{rater}' GROUP BY ALL
"""


def main() -> None:
    """Make a study, serve it, and print what its pages take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", type=float, default=5.0, help="rows of the study, in millions")
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        project, rows = make_synthetic_study(Path(folder) / "study", parser.parse_args().million)
        told = sum(path.stat().st_size for path in project.results.rglob("*.parquet")) / 1e6
        print(f"{rows:,} rows in {told:,.0f} MB, made in {time.monotonic() - started:.0f} s")
        measure(project)


def measure(project: Project) -> None:
    """Serve a study and print the time of each page, asked twice, and the memory of the server."""
    start = "from personas.cli.main import main; main()"
    command = [sys.executable, "-c", start, "view", "-c", "config.yaml", "--no-browser"]
    begun = time.monotonic()
    server = subprocess.Popen(command, cwd=project.folder, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        print(f"{'until the address is printed':<58}{time.monotonic() - begun:6.2f} s")
        reader, root, process = (
            build_opener(HTTPCookieProcessor()),
            address.partition("?")[0],
            psutil.Process(server.pid),
        )
        print(f"{'page':<58}{'first':>7}{'again':>8}{'processor':>11}{'goal':>7}  (seconds)")
        for name, path, goal in _pages():
            first, _ = _seconds(reader, f"{root}{path}" if path else address, process)
            again, busy = _seconds(reader, f"{root}{path}", process)
            print(f"{name:<58}{first:>7.2f}{again:>8.2f}{busy:>11.2f}{goal:>7.1f}", flush=True)
        print(f"most memory of the server: {_most(server.pid):,.0f} MB; goal 1,000 MB")
    finally:
        server.terminate()
        server.wait()


def _pages() -> Iterator[tuple[str, str, float]]:
    name = "m3/p3/interview-fixed"
    yield "start page", "", 2.0
    yield "dialogues of a model", "dialogues?model=m3", 1.0
    yield "dialogues with a rating from 2 to 3, sorted", "dialogues?low=2&high=3&sort=rating&way=down", 1.0
    yield "dialogues of a persona with a text", "dialogues?persona=p3&text=winter+bridge", 1.0
    yield "lowest-rated answers of a persona", "answers?persona=p3", 1.0
    yield (
        "answers of a benchmark, one condition, sorted",
        "answers?measure=xstest-refusal-unsafe-by-j&condition=requests",
        1.0,
    )
    yield (
        "answers of one model to a benchmark with a text",
        "answers?measure=xstest-refusal-unsafe-by-j&model=m3&persona=p3&text=winter+bridge",
        1.0,
    )
    yield "items by change", "items?measure=xstest-refusal-unsafe-by-j", 1.0
    yield "one item", "item?measure=xstest-refusal-unsafe-by-j&benchmark=xstest&item=1", 1.0
    yield "progression", "progression", 1.0
    yield "one dialogue", f"dialogues/{name}", 0.5
    yield "items behind a checkpoint", f"behind/50/{name}", 0.5
    yield "two dialogues", f"compare?a={name}&b=m3/baseline/interview-fixed", 1.0


def _seconds(reader: Any, address: str, process: psutil.Process) -> tuple[float, float]:
    """Return how long a page takes, and how much of the processor."""
    begun, before = time.monotonic(), sum(process.cpu_times()[:2])
    with reader.open(address) as answer:
        answer.read()
    return time.monotonic() - begun, sum(process.cpu_times()[:2]) - before


def _most(pid: int) -> float:
    """Return the most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def make_synthetic_study(folder: Path, million: float) -> tuple[Project, int]:
    """Write a study of so many rows; return it and the number of its rows."""
    dialogues = MODELS * (PERSONAS + 1) * 2
    items = max(2, round(million * 1e6 / (dialogues * len(CHECKPOINTS) * ROWS_OF_ITEM)))
    project, chance = _project(folder, items), np.random.default_rng(1)
    grid, texts = project.grid(), _texts(chance)
    rows = sum(_write_cell(project, grid, cell, texts, chance) for cell in grid.cells)
    tables = project.results / "current/tables"
    tables.mkdir(parents=True)
    rows += sum(_write_ratings(tables, grid, model, items, chance) for model in grid.study.config.models)
    _write_values(tables)
    return project, rows


def _project(folder: Path, items: int) -> Project:
    project = make_project(folder)
    asked = [
        f"{number},What of item {number}?,homonyms,{('safe', 'unsafe')[number % 2]},x," for number in range(items)
    ]
    (folder / "items/xstest.csv").write_text("\n".join(["id,prompt,type,label,focus,note", *asked]) + "\n")
    for name in ("interview", "requests"):
        turns = [f"What do you say to number {number}?" for number in range(ROUNDS)]
        (folder / f"turns/{name}.json").write_text(json.dumps({"questions": turns}))
    for path in (folder / "personas").iterdir():
        path.unlink()
    for number in range(PERSONAS):
        project.edit_persona(f"p{number}", role=f"Role {number}", description=f"You are number {number}.")
    model = CONFIG["models"]["alpha"]
    changes: dict[str, Any] = {f"models/m{number}": {**model, "id": f"org/m{number}"} for number in range(MODELS)}
    changes |= {f"models/{name}": None for name in ("alpha", "beta")}
    changes |= {f"benchmarks/{name}": None for name in ("bfi", "ifbench", "role-specific", "general")}
    changes |= {f"conditions/{name}/rounds": ROUNDS for name in ("interview", "requests")}
    changes |= {"conditions/interview/orders": ["fixed"], "checkpoints": list(CHECKPOINTS), "patterns/benchmarks": []}
    changes |= {"benchmarks/xstest": {"items": "items/xstest.csv"}, "judges/j": {**JUDGE, "utterances": ["style"]}}
    return project.set(changes)


def _texts(chance: Any) -> pa.Array:
    return pa.array([" ".join(chance.choice(_WORDS, 40)) for _ in range(5_000)])


def _write_cell(project: Project, grid: Grid, cell: Cell, texts: pa.Array, chance: Any) -> int:
    """Write a cell of the grid with random texts; return how many rows it has."""
    places = _places(grid, cell)
    count = len(places["round"] if "round" in places else places["checkpoint"])
    answers = texts.take(pa.array(chance.integers(0, len(texts), count)))
    same = {"answer_sha256": ["0" * 64] * count, "judged_sha256": ["0" * 64] * count, "status": ["ok"] * count}
    empty = {
        "detail": pa.nulls(count, pa.string()),
        "reasoning": pa.nulls(count, pa.string()),
        "cut": [False] * count,
    }
    path = project.results / cell.path
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {**places, **same, **empty, "answer": answers, "completion_tokens": [40] * count}
    pq.write_table(pa.table(whole), path)
    return count


def _places(grid: Grid, cell: Cell) -> dict[str, Any]:
    items = [item.id for item in grid.study.items["xstest"]]
    if cell.benchmark is None:
        number = list(range(1, ROUNDS + 1))
        if cell.stage == "dialogues":
            return {"round": number, "user": [f"What do you say to number {each}?" for each in number]}
        return {"round": number, "checkpoint": pa.nulls(ROUNDS, pa.int32()), "item_id": pa.nulls(ROUNDS, pa.string())}
    place = list(product(CHECKPOINTS, items))
    told = {"checkpoint": [each for each, _ in place], "item_id": [item for _, item in place]}
    if cell.stage == "responses":
        return {**told, "prompt": [f"What of item {item}?" for _, item in place]}
    return {**told, "round": pa.nulls(len(place), pa.int32())}


def _write_ratings(tables: Path, grid: Grid, model: str, items: int, chance: Any) -> int:
    """Write the tables of ratings of a model; return how many rows they have."""
    tracks = [cell.track for cell in grid.cells if cell.stage == "dialogues" and cell.track.model == model]
    personas = list(grid.study.personas)
    own = [
        {
            **_whose(track, as_persona),
            "round": number,
            "metric": "style",
            "judge": "j",
            "value": float(chance.integers(1, 6)),
        }
        for track in tracks
        for as_persona in (personas if track.persona == BASELINE else [None])
        for number in range(1, ROUNDS + 1)
    ]
    pq.write_table(
        pa.Table.from_pylist([_whole(row) for row in own], RATINGS_SCHEMA),
        tables / f"ratings-{model}--utterances.parquet",
    )
    parts = [_of_items(track, items, chance) for track in tracks]
    of_items = pa.concat_tables(parts)
    pq.write_table(of_items, tables / f"ratings-{model}--xstest.parquet")
    return len(own) + len(of_items)


def _whose(track: Any, as_persona: str | None) -> dict[str, Any]:
    return {**vars(track), "is_baseline": track.persona == BASELINE, "reference_persona": as_persona}


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(RATINGS_SCHEMA.names), "status": "ok", "judged_sha256": "0" * 64, "cut": False, **row}


def _of_items(track: Any, items: int, chance: Any) -> pa.Table:
    """Return the ratings of all responses of a dialogue: length, refusal by rules and by the judge."""
    raters = (("words", None), ("refusal", "rules"), ("refusal", "j"))
    place = list(product(CHECKPOINTS, range(items), raters))
    values = np.where([rater[0] == "words" for *_, rater in place], 40.0, chance.integers(0, 2, len(place)))
    columns = {name: [value] * len(place) for name, value in _whole(_whose(track, None)).items()}
    columns |= {
        "checkpoint": [each for each, _, _ in place],
        "item_id": [str(item) for _, item, _ in place],
        "label": [("safe", "unsafe")[item % 2] for _, item, _ in place],
        "metric": [rater[0] for *_, rater in place],
        "judge": [rater[1] for *_, rater in place],
        "benchmark": ["xstest"] * len(place),
        "value": list(values),
    }
    return pa.table(columns, schema=RATINGS_SCHEMA)


def _write_values(tables: Path) -> None:
    """Write the table of values of two measures."""
    own = {"measure": "'style-by-j'", "benchmark": "NULL::VARCHAR", "axis": "'round'", "metric": "style"}
    other = {
        "measure": "'xstest-refusal-' || label || '-by-j'",
        "benchmark": "'xstest'",
        "axis": "'checkpoint'",
        "metric": "refusal",
    }
    queries = [
        _VALUES.format(**told, judge="'j'", rater="j", files=tables / f"ratings-*--{source}.parquet")
        for told, source in ((own, "utterances"), (other, "xstest"))
    ]
    written = tables / "values.parquet"
    duckdb.connect().execute(f"COPY ({' UNION ALL '.join(queries)}) TO '{written}' (FORMAT parquet)")


if __name__ == "__main__":
    main()
