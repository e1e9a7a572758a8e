"""What a dialogue asks, step by step, and how replies are sent to it."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from personas.benchmarks.base import Item
from personas.engines.request import Reply
from personas.grid.cells import Cell


@dataclass(frozen=True)
class CellItems:
    """A response cell to make: its items in order, and the longest answer allowed."""

    cell: Cell
    items: Sequence[Item]
    max_tokens: int


@dataclass(frozen=True)
class Question:
    """One request of a track: a user turn behind `before` rounds. Of an item, `cell_items` and `item` tell which.

    `is_aside`: an intervention asks it, and it is no round. `is_written`: the user turn itself is asked for, of
    whoever plays the user, and `turn` is empty.
    """

    before: int
    turn: str
    max_tokens: int
    cell_items: CellItems | None = None
    item: Item | None = None
    is_aside: bool = False
    is_written: bool = False


@dataclass(frozen=True)
class Step:
    """What is asked behind `before` rounds: the next round, unless it is held or was the last, and items.

    What an intervention asks there is a step of its own before it, in the place of the round. So is the user turn
    where a model writes it; the items come with that step then.

    `broken` tells why none of it is asked: an earlier round got no answer to go on from.
    """

    before: int
    round: Question | None
    items: Sequence[Question]
    broken: Reply | None


KeyedReply = tuple[Reply, str]
"""The reply to a question, and the key of its request."""

Steps = Generator[Step, KeyedReply | None, None]


def after(steps: Steps, answer: KeyedReply | None) -> Step | None:
    """Send the reply to the round of the last step, None at first, and return the next one; None after the last."""
    try:
        return steps.send(answer)
    except StopIteration:
        return None
