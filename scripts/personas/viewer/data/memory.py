"""The tables that are kept in memory, a row a dialogue or a round: made again when what they are made of changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from personas.config.personas import BASELINE, NONE
from personas.grid.cells import Track
from personas.viewer.data.database import Database, files

_DIALOGUE = """id VARCHAR, model VARCHAR, persona VARCHAR, condition VARCHAR, "order" VARCHAR, replicate INTEGER, \
intervention VARCHAR, replays VARCHAR"""
OF_DIALOGUE = """
JOIN dialogue USING (model, persona, condition, "order", replicate, intervention)
WHERE (replays IS NULL OR replays = stands_for)
"""
"""What joins a table that is `measured` to the dialogues; `stands_for` is as whom a baseline was asked or judged."""

_ROUNDS = """
SELECT id, round, status FROM read_parquet($files, filename = 'file') JOIN place USING (file)
"""


def measurements_query(tables: str) -> str:
    """Return a query of tables of values or ratings, in which `intervention` is there: "none" where there is none."""
    return f"""
        SELECT * REPLACE (coalesce(intervention, '{NONE}') AS intervention)
        FROM (
            SELECT NULL::VARCHAR AS intervention WHERE false
            UNION ALL BY NAME SELECT * FROM read_parquet({tables}, union_by_name = true)
        )
    """


_MEANS = f"""
SELECT id, measure, avg(value) AS value
FROM (
    SELECT * REPLACE (CASE "group" WHEN '{BASELINE}' THEN '{BASELINE}' ELSE persona END AS persona),
           persona AS stands_for
    FROM ({measurements_query("$files")})
)
{OF_DIALOGUE}
GROUP BY id, measure
HAVING count(value) > 0
"""
"""A baseline is listed once for each persona that it is judged as; here as itself."""


class TablesInMemory:
    """`dialogue` (who talked of what), `place` (its file), `round` (how each ended), `value` (mean of a measure)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._there: Mapping[str, tuple[Track, Path]] | None = None
        self._values: object = None

    def dialogues(self, there: Mapping[str, tuple[Track, Path]]) -> None:
        """Keep the dialogues that are there, and how their rounds ended."""
        if self._there is not None and self._there.keys() == there.keys():
            return
        keep = self._database.keep
        keep("dialogue", _DIALOGUE, [(name, *_columns(track)) for name, (track, _) in there.items()])
        keep("place", "file VARCHAR, id VARCHAR", [(str(path), name) for name, (_, path) in there.items()])
        if there:
            self._database.create("round", _ROUNDS, {"files": files(path for _, path in there.values())})
        else:
            keep("round", "id VARCHAR, round INTEGER, status VARCHAR", [])
        self._there, self._values = there, None

    def values(self, tables: Sequence[Path]) -> None:
        """Keep the mean of each measure of each dialogue, from the tables of values."""
        stamp = [(table.resolve(), table.stat().st_mtime_ns) for table in tables]
        if self._values == stamp:
            return
        if not tables:
            self._database.keep("value", "id VARCHAR, measure VARCHAR, value DOUBLE", [])
        else:
            self._database.create("value", _MEANS, {"files": files(tables)})
        self._values = stamp


def _columns(track: Track) -> tuple[str | int | None, ...]:
    place = (track.model, track.persona, track.condition, track.order)
    return *place, track.replicate, track.intervention, track.replays
