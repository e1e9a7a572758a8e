"""Comparisons as artefacts: a table for each that the config asks for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from personas.config.comparison import Comparison
from personas.config.models import ReleasedModel
from personas.core.canonical import sha256
from personas.grid.asked import traits
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest
from personas.workflow.artefacts.statistics import measures

_ROLES = {
    "tables/values.parquet": "values",
    "tables/lengths.parquet": "lengths",
    "tables/released-ifbench.parquet": "ifbench",
    "tables/released-bfi-ratings.parquet": "bfi-ratings",
    "tables/released-round-lengths.parquet": "round-lengths",
    "tables/released-patterns.parquet": "patterns-of-release",
}
"""What a table is to a comparison. Patterns and counts of our own are files apiece, see `_role`."""

_READ = {
    "published": ("values", "lengths", "patterns", "counts"),
    "released": ("values", "lengths", "counts", "ifbench", "bfi-ratings", "round-lengths", "patterns-of-release"),
    "results": ("values",),
    "models": ("values",),
}


def comparisons(grid: Grid, made: Sequence[Artefact]) -> Iterator[Artefact]:
    """Yield the comparisons of a config. `made` are all artefacts of the grid that a comparison may read."""
    for slug, section in grid.study.config.comparison.items():
        yield _table(grid, slug, section, made)


def _table(grid: Grid, slug: str, section: Comparison, made: Sequence[Artefact]) -> Artefact:
    figures = grid.study.config.figures
    wanted = _READ[section.kind]
    placed = [
        (_role(plain), path)
        for each in made
        for plain, path in zip(each.plain_outputs, each.outputs, strict=True)
        if _role(plain) in wanted
    ]
    spec: dict[str, Any] = {"kind": "comparison", "slug": slug, "with": section.kind, "called": section.called}
    spec |= {"content": grid.study.compared.get(slug), "roles": [role for role, _ in placed]}
    spec |= {"resamples": figures.resamples, "seed": figures.seed, **_MORE[section.kind](grid, section)}
    spec["source"] = source_digest("tables/compared.py", "tables/job.py", "grid/published.py")
    stem = f"tables/comparison-{slug}"
    return artefact(
        "compared_numbers", "summarise", [f"{stem}.parquet", f"{stem}.csv"], [path for _, path in placed], spec
    )


def _role(plain: str) -> str | None:
    """Return what a file is to a comparison, by its plain name."""
    if plain.startswith("patterns/"):
        return next((r for r in ("patterns", "counts") if plain.endswith(f"-{r}.parquet")), None)
    return _ROLES.get(plain)


def _of_release(grid: Grid, section: Comparison) -> Mapping[str, Any]:
    config = grid.study.config
    judges = [slug for slug, judge in config.judges.items() if isinstance(judge.model, ReleasedModel)]
    kinds = {slug: config.kind_of(slug) for slug in config.benchmarks}
    bfi = next((slug for slug, kind in kinds.items() if kind == "bfi"), None)
    pins = grid.study.pins.items.get(bfi) if bfi else None
    items = [dict(pin) for pin in pins.scoring()] if pins else sha256(sorted(traits(grid.study).items()))
    return {"benchmarks": kinds, "judges": judges, "traits": items}


_MORE: Mapping[str, Callable[[Grid, Comparison], Mapping[str, Any]]] = {
    "published": lambda grid, section: {},
    "released": _of_release,
    "results": lambda grid, section: {"measures": measures(grid.study.config, grid.study.yes_no())},
    "models": lambda grid, section: {
        "measures": measures(grid.study.config, grid.study.yes_no()),
        "models": list(section.models or ()),
    },
}
