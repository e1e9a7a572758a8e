"""What stands beside the answers of a cell: scores, what judges said, what judging took."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import ModelUsage
from inspect_ai.scorer import Score

from personas.config.kinds import judged_as
from personas.core.parquet import read_table
from personas.exports.scores import Scores, column_name
from personas.exports.study_results import StudyResults
from personas.grid.cells import Cell

Place = tuple[Any, ...]
"""The round of an utterance; checkpoint and item of a response."""


@dataclass(frozen=True)
class Verdicts:
    """The scores of one answer by their names, and the tokens that each judge took for them, by the judge's id."""

    scores: Mapping[str, Score]
    usage: Mapping[str, ModelUsage]


class VerdictReader:
    """Finds the verdicts on the answers of cells."""

    def __init__(self, results: StudyResults) -> None:
        self._results = results
        self._scores = {of_dialogues: Scores(results, of_dialogues) for of_dialogues in (True, False)}
        self._judgements: dict[str, list[Cell]] = defaultdict(list)
        for cell in results.cells:
            # Of one answer as several personas: a log has a place for one.
            if cell.judged is not None and cell.as_persona == cell.judged.as_persona and not cell.second:
                self._judgements[cell.judged.path].append(cell)

    def of(self, cell: Cell, rows: Sequence[Mapping[str, Any]], place: Sequence[str]) -> list[Verdicts]:
        """Return the verdicts on each row of a cell; `place` are the columns that tell its rows apart."""
        words, usage = self._judge_words(cell, place)
        scores = self._scores[cell.benchmark is None]
        table = read_table(self._results.folder / cell.path)
        columns = dict(zip(scores.names, (each.to_pylist() for each in scores.beside(cell, table)), strict=True))
        return [
            Verdicts(
                {
                    name: _score(values[number], row, words[name].get(_place(row, place)))
                    for name, values in columns.items()
                    if values[number] is not None or _place(row, place) in words[name]
                },
                usage[_place(row, place)],
            )
            for number, row in enumerate(rows)
        ]

    def _judge_words(self, cell: Cell, place: Sequence[str]) -> tuple[Mapping[str, Any], Mapping[Place, Any]]:
        """Return the judges' words, by score and place, and their tokens, by place and id."""
        by_score: dict[str, dict[Place, str]] = defaultdict(dict)
        usage: dict[Place, dict[str, ModelUsage]] = defaultdict(dict)
        config = self._results.grid.study.config
        for judgement in self._judgements[cell.path]:
            judge = judgement.judge or ""
            name = column_name(judged_as(config.rubric(judgement.kind)), judge, judgement.reference)
            model_id = config.judges[judge].model.id
            for row in read_table(self._results.folder / judgement.path).to_pylist():
                at, words = _place(row, place), row["answer"] or row["detail"] or row["status"]
                by_score[name][at] = f"{by_score[name][at]}\n\n{words}" if at in by_score[name] else words
                if tokens := usage_of(row):
                    usage[at][model_id] = usage[at][model_id] + tokens if model_id in usage[at] else tokens
        return by_score, usage


def _place(row: Mapping[str, Any], place: Sequence[str]) -> Place:
    return tuple(row[name] for name in place)


def _score(value: float | None, row: Mapping[str, Any], explanation: str | None) -> Score:
    if value is None:
        return Score.unscored(answer=row["answer"], explanation=explanation)
    return Score(value=value, answer=row["answer"], explanation=explanation)


def usage_of(row: Mapping[str, Any]) -> ModelUsage | None:
    """Return the tokens of a reply as Inspect counts them, cached ones apart; None if the server told none."""
    if row["prompt_tokens"] is None or row["completion_tokens"] is None:
        return None
    cached = row["cached_tokens"]
    return ModelUsage(
        input_tokens=row["prompt_tokens"] - (cached or 0),
        output_tokens=row["completion_tokens"],
        total_tokens=row["prompt_tokens"] + row["completion_tokens"],
        input_tokens_cache_read=cached,
    )
