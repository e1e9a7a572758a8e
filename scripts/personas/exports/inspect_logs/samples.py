"""Samples of Inspect: a response to an item with the dialogue before it, or a whole dialogue."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.scorer import Score

from personas.benchmarks.base import Item
from personas.exports.inspect_logs.verdicts import Verdicts, usage_of
from personas.exports.tidy import identity
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.grid.judgements import read_of_item
from personas.prompts.recipe import Message, messages, opening, system_prompt

Row = Mapping[str, Any]
_STOPPED = {"ok": "stop", "truncated": "max_tokens", "context_overflow": "model_length", "blocked": "content_filter"}
_ROLES = {"system": ChatMessageSystem, "developer": ChatMessageSystem, "assistant": ChatMessageAssistant}


def response_samples(
    grid: Grid,
    cell: Cell,
    rows: Iterable[Row],
    rounds: Sequence[Row],
    items: Mapping[str, Item],
    row_verdicts: Sequence[Verdicts],
) -> Iterator[EvalSample]:
    """Yield a sample for each response of a cell; `rounds` are the rows of the dialogue that it was asked behind."""
    before = _opening(grid, cell)
    for row, verdicts in zip(rows, row_verdicts, strict=True):
        history = [(each["user"], each["answer"] or "") for each in rounds[: row["checkpoint"]]]
        prompt = _chat(messages(before, history, row["prompt"]))
        output = _output(cell, row, grid)
        yield EvalSample(
            id=f"{row['checkpoint']} rounds, {row['item_id']}",
            epoch=1,
            input=prompt,
            target=_target(grid, cell, items.get(row["item_id"])),
            messages=[*prompt, *(choice.message for choice in output.choices)],
            output=output,
            scores=dict(verdicts.scores),
            metadata={
                **identity(cell),
                **_row_metadata(row),
                "checkpoint": row["checkpoint"],
                "item_id": row["item_id"],
            },
            model_usage=_usages(output.model, [output.usage], [verdicts]),
            role_usage=_usages("", [], [verdicts], role="grader"),
            total_time=row["seconds"],
        )


def dialogue_sample(grid: Grid, cell: Cell, rows: Sequence[Row], row_verdicts: Sequence[Verdicts]) -> EvalSample:
    """Return a dialogue as one sample; a score is the mean over its rounds, and says what each of them has."""
    conversation: list[ChatMessage] = []
    for row in rows:
        prompt = (
            messages(_opening(grid, cell), [], row["user"])
            if not conversation
            else [{"role": "user", "content": row["user"]}]
        )
        conversation += _chat(prompt)
        if row["answer"] is None:
            break
        conversation.append(ChatMessageAssistant(content=row["answer"]))
    output, usages = _output(cell, rows[-1], grid), [usage_of(row) for row in rows]
    names = sorted({name for each in row_verdicts for name in each.scores})
    return EvalSample(
        id=cell.track.stem,
        epoch=1,
        input=[message for message in conversation[:2] if message.role != "assistant"],
        target="",
        messages=conversation,
        output=output,
        scores={name: _over_rounds(name, rows, row_verdicts) for name in names},
        metadata={**identity(cell), **_row_metadata(rows[-1]), "rounds": len(rows)},
        model_usage=_usages(output.model, usages, row_verdicts),
        role_usage=_usages("", [], row_verdicts, role="grader"),
        total_time=sum(row["seconds"] or 0.0 for row in rows),
    )


def _over_rounds(name: str, rows: Sequence[Row], row_verdicts: Sequence[Verdicts]) -> Score:
    scores = {
        row["round"]: each.scores[name] for row, each in zip(rows, row_verdicts, strict=True) if name in each.scores
    }
    values = {number: score.value for number, score in scores.items() if score.value == score.value}  # NaN: unscored
    words = "\n\n".join(
        f"Round {number}: {score.explanation}" for number, score in scores.items() if score.explanation
    )
    details = {
        "explanation": words or None,
        "metadata": {"rounds": {str(number): value for number, value in values.items()}},
    }
    return Score(value=fmean(values.values()), **details) if values else Score.unscored(**details)


def _opening(grid: Grid, cell: Cell) -> list[Message]:
    model = grid.study.config.models[cell.track.model]
    return opening(model, system_prompt(model, grid.study.personas.get(cell.track.persona)))


def _chat(prompt: Iterable[Message]) -> list[ChatMessage]:
    return [_ROLES.get(each["role"], ChatMessageUser)(content=each["content"]) for each in prompt]


def _output(cell: Cell, row: Row, grid: Grid) -> ModelOutput:
    stop_reason = _STOPPED.get(row["status"], "unknown")
    answers = [] if row["answer"] is None else [ChatMessageAssistant(content=row["answer"])]
    return ModelOutput(
        model=grid.study.config.models[cell.track.model].id,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop_reason) for message in answers],
        usage=usage_of(row),
        time=row["seconds"],
        error=None if answers else f"{row['status']}: {row['detail'] or 'no text'}",
    )


def _target(grid: Grid, cell: Cell, item: Item | None) -> str:
    """Return what an answer is compared with, or the label of the item; nothing if it has neither."""
    if item is None:
        return ""
    return read_of_item(grid.study, cell, item) or str(item.scoring.get("label") or "")


def _row_metadata(row: Row) -> dict[str, Any]:
    return {
        name: row[name] for name in ("status", "detail", "finish_reason", "served_by", "answer_sha256", "request_key")
    }


def _usages(
    model: str, usages: Iterable[ModelUsage | None], row_verdicts: Iterable[Verdicts], role: str | None = None
) -> dict[str, ModelUsage]:
    """Return tokens by model, or all of the judges' under the name of a role."""
    total: dict[str, ModelUsage] = {}
    entries = [(model, each) for each in usages]
    entries += [(role or judge, each) for verdicts in row_verdicts for judge, each in verdicts.usage.items()]
    for name, usage in entries:
        if usage is not None:
            total[name] = total[name] + usage if name in total else usage
    return total
