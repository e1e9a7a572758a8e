"""The current results of a study as data frames: one row a text or a rating, with columns that say whose it is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from personas.config.personas import NONE
from personas.core.errors import UserError
from personas.core.parquet import read_table
from personas.requests.projection import read_description

DIALOGUE = ("model", "persona", "condition", "order", "replicate", "intervention")
"""The columns that say in which dialogue a text stands; a rating has them too."""
_DIALOGUE = (*DIALOGUE, "reference_persona", "digest")
_RESPONSE = (*DIALOGUE, "benchmark", "reference_persona", "digest")
_JUDGEMENT = ("judge", "metric", "reference", *_RESPONSE)

Where = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """A results folder. Frames are read when they are asked for, of what `current/` shows; nothing is kept.

    Every frame of texts takes values to look for, by column: `dialogues(model="gemma", persona="pirate")` reads these
    files only. Columns beside those named here are in docs/results.md.
    """

    folder: Path

    def dialogues(self, **where: Any) -> pd.DataFrame:
        """Return one row a round: `DIALOGUE`, `digest`, `round`, user turn, answer and what is known of it.

        `reference_persona`: whose user's turns the baseline answers, null where it does not.
        """
        return self._cells("dialogues", _DIALOGUE, lambda path: {}, where)

    def responses(self, **where: Any) -> pd.DataFrame:
        """Return one row a response: `DIALOGUE`, `benchmark`, `reference_persona`, `checkpoint`, item and answer.

        `reference_persona`: whose items the baseline was asked, where items belong to personas. `digest`: the file's.
        """
        return self._cells("responses", _RESPONSE, lambda path: {}, where)

    def judgements(self, **where: Any) -> pd.DataFrame:
        """Return one row a judgement, with the judge's own words; `reference`: what a response was compared with."""
        return self._cells("judgements", _JUDGEMENT, _of_judgement, where)

    def ratings(self) -> pd.DataFrame:
        """Return one row a rating, of rules and of judges: columns as `scoring.table.RATINGS_SCHEMA`."""
        paths = sorted((self._current / "tables").glob("ratings-*.parquet"))
        if not paths:
            raise UserError(f"{self._current / 'tables'}: no ratings there, expected those of `snakemake ratings`.")
        return _with_intervention(pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True))

    def values(self) -> pd.DataFrame:
        """Return one row a measure, position and cell: its mean over items (docs/statistics.md).

        Those with an intervention are among them, as the column `intervention` says.
        """
        tables = ("values", "intervention-values")
        there = [name for name in tables if name == "values" or self._path(name).exists()]
        return _with_intervention(pd.concat([self.table(name) for name in there], ignore_index=True))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by its plain name, as docs/artefacts.md lists them."""
        path = self._path(name)
        if not path.exists():
            names = sorted(file.stem for file in path.parent.glob("*.parquet"))
            raise UserError(
                f"{path}: no such table, expected one of {', '.join(names) or 'those of a finished run'}."
            )
        return pd.read_parquet(path)

    def _path(self, name: str) -> Path:
        return self._current / "tables" / f"{name}.parquet"

    @property
    def _current(self) -> Path:
        return self.folder / "current"

    def _cells(
        self, stage: str, columns: tuple[str, ...], more: Callable[[Path], Where], where: Where
    ) -> pd.DataFrame:
        if strange := [name for name in where if name not in columns]:
            raise UserError(f"{stage}: found {strange[0]!r} to look for, expected one of {', '.join(columns)}.")
        frames = [
            _frame(path, place)
            for path, place in self._places(stage, columns, more)
            if all(place[name] == value for name, value in where.items())
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(columns))

    def _places(
        self, stage: str, columns: tuple[str, ...], more: Callable[[Path], Where]
    ) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield the files of a stage, and what they say of themselves."""
        top = self._current / stage
        if not self._current.is_dir():
            raise UserError(f"{self._current}: no such folder, expected the results of a run, such as results/.")
        for path in sorted(top.rglob("*.parquet")):
            description = read_description(path)
            place = {
                "intervention": NONE,  # files of earlier versions do not tell it
                **description["track"],
                "benchmark": description["benchmark"],
                "reference_persona": description["as_persona"],
                "digest": description["digest"],
                **more(path.relative_to(top)),
            }
            yield path, {name: place.get(name) for name in columns}


def _with_intervention(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the name of their intervention, which is none where no table says another."""
    names = rows["intervention"].fillna(NONE) if "intervention" in rows else NONE
    return rows.assign(intervention=names)


def _frame(path: Path, place: Where) -> pd.DataFrame:
    """Return the rows of a file behind the columns that say whose they are."""
    rows = read_table(path).to_pandas()
    frame: pd.DataFrame = rows.assign(**place)
    return frame[[*place, *(name for name in rows if name not in place)]]


def _of_judgement(path: Path) -> Where:
    """Return what the path of a judgement tells: `<judge>/<model>/<persona>/<metric>/<name>[--vs-<reference>]`."""
    judge, *_, metric, name = path.with_suffix("").parts
    return {"judge": judge, "metric": metric, "reference": name.partition("--vs-")[2] or None}
