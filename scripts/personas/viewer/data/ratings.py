"""Single ratings of a measure, each with the place and the beginning of the text that was rated."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from personas.config.kinds import UTTERANCES
from personas.grid.cells import Cell
from personas.stats.measures import Measure
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.database import Row, files
from personas.viewer.data.filters import Where
from personas.viewer.data.measures import ratings_of, source_of
from personas.viewer.data.memory import OF_DIALOGUE, measurements_query

BEGINNING = 400
"""Characters of a text that a table shows."""

_FROM = f"""
FROM (
    SELECT *, coalesce(round, checkpoint) AS position, coalesce(reference_persona, persona) AS stands_for
    FROM ({measurements_query("$tables")})
) {OF_DIALOGUE} AND {{where}}
"""
_TEXTS = """
WITH wanted AS (
    SELECT unnest($number::INTEGER[]) AS number, unnest($file::VARCHAR[]) AS file,
           unnest($position::INTEGER[]) AS position, unnest($item::VARCHAR[]) AS item_id
)
SELECT number, left(answer, $beginning) AS answer
FROM read_parquet($files, filename = 'file') JOIN wanted USING (file{same})
"""
_HELD = """
SELECT DISTINCT id, as_persona, {place}
FROM read_parquet($files, filename = 'file')
JOIN (SELECT unnest($file::VARCHAR[]) AS file, unnest($id::VARCHAR[]) AS id, unnest($as::VARCHAR[]) AS as_persona)
USING (file)
WHERE contains(lower(coalesce(answer, '')), lower($text))
"""


class Ratings:
    """The ratings of one measure that meet a condition, which may name columns of the ratings table, `id`,
    `position` (round or checkpoint) and `stands_for` (the persona, or that as which a baseline was asked or judged).
    """

    def __init__(self, corpus: Corpus, measure: Measure, where: Where, text: str | None = None) -> None:
        self._corpus, self.measure, self.source = corpus, measure, source_of(measure)
        of_measure = ratings_of(measure)
        self._where = Where([*of_measure.parts, *where.parts], {**of_measure.parameters, **where.parameters})
        self._tables = files(corpus.ratings(self.source))
        self._database = corpus.query()
        if text and self._tables:
            self._keep_those_with(text)

    def rows(self, select: str, end: str = "") -> list[Row]:
        """Return what is selected of the ratings; `end` groups, sorts or limits."""
        if not self._tables:
            return []
        query = f"SELECT {select} {_FROM.format(where=self._where.sql)} {end}"
        return self._database.rows(query, {**self._where.parameters, "tables": self._tables})

    def count(self) -> int:
        """Return how many ratings there are."""
        rows = self.rows("count(*) AS n")
        return rows[0]["n"] if rows else 0

    def _keep_those_with(self, text: str) -> None:
        """Keep the ratings of answers in which a text stands."""
        names = [row["id"] for row in self.rows("DISTINCT id")]
        cells = [(name, cell) for name in names for cell in self._cells(name)]
        is_utterance = self.source == UTTERANCES
        place = "round AS position" if is_utterance else "checkpoint AS position, item_id"
        bindings = {
            "files": files(self._corpus.path(cell) for _, cell in cells),
            "file": [str(self._corpus.path(cell)) for _, cell in cells],
            "id": [name for name, _ in cells],
            "as": [cell.as_persona for _, cell in cells],
            "text": text,
        }
        rows = self._database.rows(_HELD.format(place=place), bindings) if cells else []
        keys = [
            [row["id"], str(row["position"]), *rest]
            for row in rows
            for rest in (
                [[]] if is_utterance else [[row["item_id"], who] for who in self._rated_as(row["as_persona"])]
            )
        ]
        key = (
            "[id, position::VARCHAR]"
            if is_utterance
            else "[id, position::VARCHAR, item_id, coalesce(reference_persona, '')]"
        )
        self._where = self._where.plus(f"{key} IN (SELECT unnest($held::VARCHAR[][]))", held=keys)

    def _rated_as(self, persona: str | None) -> list[str]:
        """Return as whom an answer may be rated that belongs to a persona, or to nobody; empty: as nobody."""
        return ["", *self._corpus.study.personas] if persona is None else [persona]

    def _cells(self, name: str) -> Iterable[Cell]:
        if self.source == UTTERANCES:
            return [self._corpus.dialogues[name]]
        cells = self._corpus.cells(name, "responses")
        return [cell for cell in cells if self.source in (None, cell.benchmark)]


def with_texts(corpus: Corpus, rows: list[Row]) -> list[Row]:
    """Return ratings with `answer`, the beginning of what was rated, and `address`, the page where it stands.

    Rows have id, round, checkpoint, benchmark, item_id and reference_persona.
    """
    with_cells = [(number, row, _cell(corpus, row)) for number, row in enumerate(rows)]
    answers: dict[int, str] = {}
    for of_rounds in (True, False):
        selection = [
            (n, row, corpus.path(cell))
            for n, row, cell in with_cells
            if cell and (row["checkpoint"] is None) == of_rounds
        ]
        answers.update(_answers(corpus, selection, of_rounds))
    return [{**row, "answer": answers.get(n), "address": _address(row)} for n, row, _ in with_cells]


def _answers(corpus: Corpus, selection: list[tuple[int, Row, Path]], of_rounds: bool) -> dict[int, str]:
    if not selection:
        return {}
    same = ", round" if of_rounds else ", checkpoint, item_id"
    query = _TEXTS.format(same=same).replace("AS position", "AS round" if of_rounds else "AS checkpoint")
    bindings: dict[str, Any] = {
        "number": [n for n, _, _ in selection],
        "file": [str(path) for _, _, path in selection],
        "position": [row["round"] if of_rounds else row["checkpoint"] for _, row, _ in selection],
        "item": [row["item_id"] for _, row, _ in selection],
        "files": files(dict.fromkeys(path for _, _, path in selection)),
        "beginning": BEGINNING,
    }
    return {row["number"]: row["answer"] for row in corpus.database.rows(query, bindings)}


def _cell(corpus: Corpus, row: Row) -> Cell | None:
    if row["checkpoint"] is None:
        return corpus.dialogues[row["id"]]
    cells = [cell for cell in corpus.cells(row["id"], "responses") if cell.benchmark == row["benchmark"]]
    # An answer that belongs to nobody is rated as each persona in turn.
    return next((cell for cell in cells if cell.as_persona in (None, row["reference_persona"])), None)


def _address(row: Row) -> tuple[str, dict[str, Any], str]:
    """Return the path, parameters and anchor of the page where an answer stands."""
    if row["checkpoint"] is None:
        return f"/dialogues/{row['id']}", {}, f"#round-{row['round']}"
    return f"/behind/{row['checkpoint']}/{row['id']}", {"benchmark": row["benchmark"], "item": row["item_id"]}, ""
