"""The version of how answers become scores and documents: what counts as thinking, as a refusal, as a verdict."""

from collections.abc import Mapping

SCORING_RECIPE_VERSION = 3
"""Raise it when the same answers get other scores or patterns: the plan then says why tables are made again.

1: thinking was scored but for `<think>` before judges and miner; the last verdict counted.
2: an answer refused only where it said so; objections and partial refusals did not count.
"""

RECIPE_KEY = b"scoring_recipe"


def recipe_of(metadata: Mapping[bytes, bytes] | None) -> int:
    """Return the version that a table of ratings or patterns was made by, which those of the first do not tell."""
    return int((metadata or {}).get(RECIPE_KEY, b"1"))
