"""Failures of the infrastructure. They fail the job; the next run goes on from the journal."""

from typing import ClassVar


class EngineError(Exception):
    """Base: `name` stands in logs, `exit_code` is what the job ends with."""

    name: ClassVar[str] = "engine-failed"
    exit_code: ClassVar[int] = 70


class EngineDidNotStart(EngineError):
    """The process ended, or gave no answer, before it was ready."""

    name = "engine-did-not-start"
    exit_code = 71


class EngineDied(EngineError):
    """The process ended while requests were under way."""

    name = "engine-died"
    exit_code = 72


class EngineOutOfMemory(EngineError):
    """The process ended for lack of memory."""

    name = "engine-out-of-memory"
    exit_code = 73


class EngineOutOfTime(EngineError):
    """The engine lives but did not become ready before its deadline."""

    name = "engine-out-of-time"
    exit_code = 74


class EngineUnavailable(EngineError):
    """Requests fail for reasons that are not theirs (connection, overload, server errors) after all retries."""

    name = "engine-unavailable"
    exit_code = 75


class EngineRefuses(EngineError):
    """The address rejects every request: wrong key, no permission, or a model it does not know."""

    name = "engine-refuses"
    exit_code = 76


class EngineOverBudget(EngineError):
    """The next request could exceed `limits.spending`."""

    name = "engine-over-budget"
    exit_code = 79
