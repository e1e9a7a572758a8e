"""The dialogues of `peers` as a task of Inspect: a sample a dialogue, held and asked by a solver."""

import asyncio
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from tests.benchmarks.peers import CHECKPOINTS, DIALOGUES, QUESTIONS, ROUNDS, TURNS, prompt


@task
def dialogues() -> Task:
    """Return the task; by its file and name Inspect finds it again when it retries."""
    return Task(dataset=[Sample(input=prompt(number), id=number) for number in range(DIALOGUES)], solver=hold())


@solver
def hold() -> Solver:
    """Hold the rounds in order, and ask all items of a checkpoint side by side behind those so far."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        messages: list[Any] = [ChatMessageSystem(content=state.input_text)]
        answers: dict[str, list[str]] = {}

        async def ask(question: str) -> str:
            output = await model.generate([*messages, ChatMessageUser(content=question)])
            return str(output.completion)

        for number in range(ROUNDS + 1):
            if number in CHECKPOINTS:
                answers[str(number)] = list(await asyncio.gather(*map(ask, QUESTIONS)))
            if number < ROUNDS:
                messages.append(ChatMessageUser(content=TURNS[number]))
                messages.append((await model.generate(messages)).message)
        state.messages = messages
        state.store.set("answers", answers)
        return state

    return solve
