"""One dialogue: its turns, the ratings of each answer, and where items were asked behind it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from personas.config.kinds import UTTERANCES
from personas.config.personas import BASELINE
from personas.grid.cells import Cell, Track
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import Row, files
from personas.viewer.data.texts import by, ratings_of_track, rows_of
from personas.viewer.data.verdicts import JudgedRow, verdicts
from personas.viewer.marks import marks_of
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import View

_ASKED = """
SELECT filename AS file, checkpoint, count(*) AS n, count(*) FILTER (status <> 'ok') AS not_ok
FROM read_parquet($files, filename = true) GROUP BY ALL
"""


def dialogue(corpus: Corpus, params: Parameters) -> View:
    """Return the page of a dialogue."""
    name, cell = dialogue_of(corpus, params.text("name"))
    return View(
        "dialogue",
        name,
        {**dialogue_parts(corpus, name, cell), "others": others(corpus, cell), "marks": marks_of(corpus, cell.track)},
    )


def compare(corpus: Corpus, params: Parameters) -> View:
    """Return two dialogues side by side, round by round."""
    pair = [dialogue_of(corpus, params.text(side)) for side in ("a", "b")]
    both = [{**dialogue_parts(corpus, name, cell), "marks": marks_of(corpus, cell.track)} for name, cell in pair]
    rounds = range(max(len(side["rounds"]) for side in both))
    return View("compare", "Side by side", {"sides": both, "count": len(rounds)})


def dialogue_of(corpus: Corpus, name: str | None) -> tuple[str, Cell]:
    """Return a dialogue by its name; Missing where there is none."""
    cell = corpus.dialogues.get(name or "")
    if cell is None or not corpus.has(cell):
        raise Missing(f"dialogue {name!r}: not there, expected the name of one that is finished.")
    return name or "", cell


def dialogue_parts(corpus: Corpus, name: str, cell: Cell) -> dict[str, Any]:
    """Return what pages tell of a dialogue: whose it is, its rounds with their ratings, its checkpoints."""
    rows = rows_of(corpus, cell)
    ratings = by(ratings_of_track(corpus, cell, UTTERANCES), "round")
    judgements = _judgements(corpus, name)
    rounds = [{**row, "verdicts": _of_round(corpus, row, judgements, ratings)} for row in rows]
    return {
        "name": name,
        "track": cell.track,
        "file": cell.plain_path,
        "persona": corpus.study.personas.get(cell.track.persona),
        "rounds": rounds,
        "branches": _branches(corpus, name),
    }


def others(corpus: Corpus, cell: Cell) -> dict[str, list[str]]:
    """Return the dialogues that differ from one in a single thing, by that thing; the baseline comes first."""
    by_difference: dict[str, list[str]] = {}
    track_columns = vars(cell.track)
    for name, other in corpus.dialogues.items():
        columns = vars(other.track).items() - {("replays", other.track.replays)}
        differing = [column for column, value in columns if track_columns[column] != value]
        if len(differing) == 1 and _is_like(cell.track, other.track) and corpus.has(other):
            by_difference.setdefault(differing[0], []).append(name)
    for names in by_difference.values():
        names.sort(key=lambda name: f"/{BASELINE}/" not in name)
    return by_difference


def _is_like(one: Track, other: Track) -> bool:
    """Tell whether two dialogues have a user in common, where the baseline answers a persona's."""
    return one.replays == other.replays or one.replays == other.persona or other.replays == one.persona


def _judgements(corpus: Corpus, name: str) -> Mapping[Any, list[JudgedRow]]:
    by_round: dict[Any, list[JudgedRow]] = {}
    for cell in corpus.cells(name, "judgements"):
        if cell.benchmark is None:
            for row in rows_of(corpus, cell):
                by_round.setdefault(row["round"], []).append((cell, row))
    return by_round


def _of_round(
    corpus: Corpus, row: Row, judgements: Mapping[Any, list[JudgedRow]], ratings: Mapping[Any, list[Row]]
) -> list[dict[str, Any]]:
    same = [each for each in ratings.get(row["round"], ()) if each["judged_sha256"] == row["answer_sha256"]]
    return verdicts(corpus, judgements.get(row["round"], ()), same)


def _branches(corpus: Corpus, name: str) -> dict[int, list[dict[str, Any]]]:
    """Return, by checkpoint, the benchmarks asked there: how many answers there are, and whose items."""
    cells = {str(corpus.path(cell)): cell for cell in corpus.cells(name, "responses")}
    if not cells:
        return {}
    by_checkpoint: dict[int, Counter[str]] = {}
    for row in corpus.database.rows(_ASKED, {"files": files(map(corpus.path, corpus.cells(name, "responses")))}):
        by_checkpoint.setdefault(row["checkpoint"], Counter())[cells[row["file"]].benchmark or ""] += row["n"]
    order = list(corpus.study.config.benchmarks)
    return {
        checkpoint: [{"benchmark": each, "n": counts[each]} for each in order if each in counts]
        for checkpoint, counts in sorted(by_checkpoint.items())
    }
