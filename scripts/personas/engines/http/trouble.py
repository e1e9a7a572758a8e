"""Trouble that is not the request's own: what a server can do instead of giving a reply."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Overloaded:
    """The server told us to wait, `wait` seconds if it said how long. `message` is what it said."""

    message: str
    wait: float | None = None


@dataclass(frozen=True)
class Failing:
    """The server, or the way to it, failed; the same request may well succeed. `message` goes on after "The server".

    `lasts`: it would only fail, and cost, again.
    """

    message: str
    wait: float | None = None
    timed_out: bool = False
    lasts: bool = False


@dataclass(frozen=True)
class Refusing:
    """The server would refuse every request alike; `message` ends with what to do about it where that is known."""

    message: str


Trouble = Overloaded | Failing | Refusing
