"""The scores of answers as columns beside them, one for each metric, judge and reference."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from personas.config.kinds import UTTERANCES
from personas.core.parquet import read_frame
from personas.exports.study_results import StudyResults
from personas.grid.cells import Cell

_RATER = ["metric", "judge", "reference"]
_CELL = ["persona", "reference_persona", "condition", "order", "replicate"]


def column_name(metric: str, judge: str | None, reference: str | None) -> str:
    """Return the name of a column of scores, e.g. `win-by-selene-vs-dataset`; no judge counts words."""
    return metric + (f"-by-{judge}" if judge else "") + (f"-vs-{reference}" if reference else "")


class Scores:
    """The scores of dialogues, by round, or of responses, by checkpoint and item; of one model at a time.

    The baseline's utterances are rated once for each persona, so no column has room for them; they stand in the
    ratings alone.
    """

    def __init__(self, results: StudyResults, of_dialogues: bool) -> None:
        self._place = ["round"] if of_dialogues else ["checkpoint", "item_id"]
        self._files = {
            (each.spec["model"], each.spec["benchmark"]): results.folder / each.outputs[0]
            for each in results.there("ratings")
            if (each.spec["benchmark"] == UTTERANCES) == of_dialogues
        }
        self._known: dict[tuple[str, str], Mapping[tuple[object, ...], pd.DataFrame]] = {}
        raters = [read_frame(path, columns=_RATER).drop_duplicates() for path in self._files.values()]
        self.names = sorted({name for each in raters for name in _names(each)})

    def beside(self, cell: Cell, table: pa.Table) -> Iterator[pa.Array]:
        """Yield the scores of the rows of a cell, a column for each of the names."""
        track = cell.track
        key = (track.persona, cell.as_persona, track.condition, track.order, track.replicate)
        scores = self._of(track.model, cell.benchmark or UTTERANCES).get(key)
        if scores is None:
            yield from (pa.nulls(table.num_rows, pa.float64()) for _ in self.names)
            return
        places = table.select(self._place).to_pandas()
        index = pd.MultiIndex.from_frame(places) if len(self._place) > 1 else pd.Index(places[self._place[0]])
        rows = scores.reindex(index=index, columns=self.names)
        yield from (pa.array(rows[name], pa.float64(), from_pandas=True) for name in self.names)

    def _of(self, model: str, name: str) -> Mapping[tuple[object, ...], pd.DataFrame]:
        if (model, name) not in self._known:
            self._known = {key: value for key, value in self._known.items() if key[0] == model}
            path = self._files.get((model, name))
            self._known[model, name] = {} if path is None else _by_cell(path, self._place)
        return self._known[model, name]


def _by_cell(path: Path, place: Sequence[str]) -> dict[tuple[object, ...], pd.DataFrame]:
    """Return the scores of each cell: a row for each place in it, a column for each rater."""
    ratings = read_frame(path, columns=[*_CELL, *place, *_RATER, "value"])
    table = ratings.assign(name=_names(ratings)).set_index([*place, "name"])
    groups = table.groupby(_CELL, dropna=False)
    return {
        tuple(None if value != value else value for value in key): rows["value"].unstack("name")
        for key, rows in groups
    }


def _names(raters: pd.DataFrame) -> list[str]:
    plain = raters[_RATER].astype(object).where(raters[_RATER].notna(), None)
    return [column_name(metric, judge, reference) for metric, judge, reference in plain.itertuples(index=False)]
