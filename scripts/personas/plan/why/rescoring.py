"""Which tables of ratings and patterns are made again because the same answers are scored otherwise by now."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from personas.plan.plan import Plan
from personas.prompts.scoring_recipe import SCORING_RECIPE_VERSION, recipe_of

_STAGES = ("ratings", "patterns")
_DIGEST = "?" * 16


def count_rescored(plan: Plan, results: Path) -> dict[str, int]:
    """Return how many tables are made again for which change of the recipe, told as a reason."""
    counts = Counter[int]()
    for artefact in plan.artefacts:
        if artefact.stage in _STAGES and not (results / artefact.outputs[0]).exists():
            plain = results / artefact.plain_outputs[0]
            earlier = [_recipe(path) for path in plain.parent.glob(f"{plain.stem}.{_DIGEST}{plain.suffix}")]
            counts[max(earlier, default=SCORING_RECIPE_VERSION)] += 1
    return {
        f"scoring recipe v{version} -> v{SCORING_RECIPE_VERSION}": tables
        for version, tables in sorted(counts.items())
        if version < SCORING_RECIPE_VERSION
    }


def _recipe(path: Path) -> int:
    try:
        return recipe_of(pq.read_schema(path).metadata)
    except (OSError, ValueError, pa.ArrowException):  # no table of ours, or a damaged one: nothing to compare with
        return SCORING_RECIPE_VERSION
