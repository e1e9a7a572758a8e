"""Study: what there is, what is missing and running, how answers ended, where to go on."""

from collections import Counter
from pathlib import Path
from typing import Any

from personas.config.personas import NONE
from personas.core.lease import live_holders
from personas.core.locks import NoLocks
from personas.plan.outcome import read_outcomes
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import files
from personas.viewer.data.filters import choices
from personas.viewer.data.measures import headline
from personas.viewer.pages.progression import drawing
from personas.viewer.parameters import Parameters
from personas.viewer.view import View

_STATUSES = """
SELECT source, status, sum(n)::BIGINT AS n FROM read_parquet($files) GROUP BY source, status ORDER BY source, n DESC
"""
_BY_PERSONA = """
SELECT d.persona, count(*) AS dialogues, avg(v.value) AS value, min(v.value) AS low, max(v.value) AS high
FROM dialogue d LEFT JOIN value v ON v.id = d.id AND v.measure = $measure AND d.intervention = $none
GROUP BY d.persona
"""


def overview(corpus: Corpus) -> View:
    """Return the start page."""
    database, config = corpus.query(), corpus.study.config
    measure = headline(corpus)
    rows = database.rows(_BY_PERSONA, {"measure": measure["measure"] if measure else None, "none": NONE})
    by_persona = {row["persona"]: row for row in rows}
    return View(
        "overview",
        "Study",
        {
            **progress(corpus).values,
            "note": config.figures.note,
            "models": config.models,
            "personas": corpus.study.personas,
            "conditions": config.conditions,
            "checkpoints": config.checkpoints,
            "measure": measure,
            "choices": choices(corpus.study),
            **drawing(corpus, measure, Parameters({})),
            "by_persona": by_persona,
            "ended": _endings(corpus),
            "figures": current_names(corpus.results, "figures", ".png"),
            "pages": current_names(corpus.results, "report", ".html"),
        },
    )


def progress(corpus: Corpus) -> View:
    """Return how many cells are there, who works, and what the last run did: a part of the page, asked for again."""
    on_disk = corpus.on_disk()
    planned = Counter(cell.stage for cell in corpus.grid.cells)
    there = Counter(cell.stage for cell in corpus.grid.cells if cell.path in on_disk)
    stages = [{"stage": stage, "planned": count, "there": there[stage]} for stage, count in planned.items()]
    return View(
        "progress", "Progress", {"stages": stages, "working": _working(corpus.results), **_run(corpus.results)}
    )


def current_names(results: Path, stage: str, ending: str) -> list[str]:
    """Return the names of the current figures, or pages of the report."""
    return sorted(path.stem for path in (results / "current" / stage).glob(f"*{ending}"))


def _working(results: Path) -> list[str]:
    try:
        return [f"{holder.sentence()}." for holder in live_holders(results / "leases")]
    except NoLocks as error:
        return [str(error)]


def _run(results: Path) -> dict[str, Any]:
    """Return the last run that had a batch, and what became of its batches."""
    for folder in sorted((results / "runs").glob("*"), reverse=True):
        if outcomes := list(read_outcomes(folder)):
            return {"run": folder.name, "outcomes": outcomes}
    return {"run": None, "outcomes": []}


def _endings(corpus: Corpus) -> list[dict[str, Any]]:
    """Return how rounds of dialogues, answers to items and verdicts ended, by status."""
    rounds = "SELECT 'rounds' AS source, status, count(*) AS n FROM round GROUP BY status ORDER BY n DESC"
    rows = corpus.database.rows(rounds)
    if table := corpus.table("status"):
        rows += corpus.database.rows(_STATUSES, {"files": files([table])})
    totals: Counter[str] = Counter()
    for row in rows:
        totals[row["source"]] += row["n"]
    return [{**row, "share": row["n"] / totals[row["source"]]} for row in rows]
