"""The comparisons that a config asks for: with published numbers, the release, another run, or two models."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.config.analysis.comparison import Comparison
from personas.core.canonical import sha256
from personas.core.parquet import read_frame
from personas.grid.comparisons import unchanged_files
from personas.grid.grid import Grid
from personas.grid.published_numbers import published_numbers
from personas.grid.question_sets import traits
from personas.grid.value_columns import KEYS, VALUE_DTYPES
from personas.plan.declaration import Context, Instance
from personas.plan.frozen import FrozenPlan
from personas.tables.comparison.against import against_published, between_models, between_runs, with_our_names
from personas.tables.comparison.released_numbers import numbers_of_release
from personas.tables.measures import measures_of
from personas.tables.table import generalisation, table

_READ = {
    "published": ("values", "lengths", "patterns", "counts"),
    "released": ("values", "lengths", "counts", "ifbench", "bfi-ratings", "round-lengths", "patterns-of-release"),
    "results": ("values",),
    "models": ("values",),
}


def comparison_table(
    *,
    slug: str,
    kind: str,
    called: Mapping[str, str],
    content: Any,
    generalise: Sequence[str],
    checkpoints: Sequence[int],
    frozen: FrozenPlan,
    measures: Sequence[Mapping[str, Any]] = (),
    models: Sequence[str] = (),
    benchmarks: Mapping[str, str] | None = None,
    judges: Sequence[str] = (),
    **tables: pd.DataFrame,
) -> pd.DataFrame:
    """Return the table of one comparison.

    `tables` are ours (`values`, `lengths`, `counts`, `patterns`), and those of the release by their names there.
    `content` is what the files of published numbers, or of the other run, held when the run was planned.
    """
    study = frozen.study
    other = unchanged_files(study.config, slug, study.root, content) if content is not None else []
    if kind == "models":
        first, second = models
        return between_models(tables["values"], (first, second), measures, generalise=generalise)
    if kind == "results":
        theirs = values_called(read_frame(other[0]), called)
        return between_runs(tables["values"], theirs, measures, generalise=generalise)
    if kind == "released":
        numbers = numbers_of_release(tables, benchmarks or {}, judges, traits(study))
    else:
        numbers = pd.concat([published_numbers(file) for file in other], ignore_index=True)
    return against_published(with_our_names(numbers, called), tables, checkpoints=checkpoints, generalise=generalise)


def values_called(values: pd.DataFrame, called: Mapping[str, str]) -> pd.DataFrame:
    """Return values of another run under our names; `called` tells what ours are called there."""
    ours = {there: here for here, there in called.items()}
    names = ("measure", "model", "persona", "condition")
    return values[list(VALUE_DTYPES)].assign(**{name: values[name].replace(ours) for name in names}).sort_values(KEYS)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    for slug, section in grid.study.config.comparison.items():
        there = _tables(context)
        parameters: dict[str, Any] = {
            "slug": slug,
            "kind": section.kind,
            "called": section.called,
            **generalisation(grid),
        }
        parameters["checkpoints"] = list(grid.study.config.checkpoints)
        parameters |= {"content": grid.study.compared.get(slug), **_more(grid, section)}
        yield Instance(
            f"comparison-{slug}",
            {name: there[name] for name in _READ[section.kind] if there[name]},
            parameters,
            identity=_traits(grid) if section.kind == "released" else None,
            reads_texts=section.kind == "released",
        )


def _tables(context: Context) -> dict[str, list[str]]:
    """Return the files that a comparison may read, by what they are to it."""
    patterns = [*context.family("patterns"), *context.family("last_patterns")]
    return {
        "values": context.outputs("values"),
        "lengths": context.outputs("lengths"),
        "patterns": [artefact.outputs[0] for artefact in patterns],
        "counts": [artefact.outputs[1] for artefact in patterns],
        "ifbench": context.outputs("release_ifbench"),
        "bfi-ratings": context.outputs("release_bfi_ratings"),
        "round-lengths": context.outputs("release_round_lengths"),
        "patterns-of-release": context.outputs("release_patterns"),
    }


def _more(grid: Grid, section: Comparison) -> Mapping[str, Any]:
    config = grid.study.config
    if section.kind == "released":
        judges = [slug for slug, judge in config.judges.items() if judge.model.is_imported]
        return {"benchmarks": {slug: config.kind_of(slug) for slug in config.benchmarks}, "judges": judges}
    if section.kind == "published":
        return {}
    models = {"models": list(section.models or ())} if section.kind == "models" else {}
    return {"measures": measures_of(grid), **models}


def _traits(grid: Grid) -> Any:
    """What identifies the traits of the items of BFI."""
    config = grid.study.config
    bfi = next((slug for slug in config.benchmarks if config.kind_of(slug) == "bfi"), None)
    pins = grid.study.pins.items.get(bfi) if bfi else None
    return [dict(pin) for pin in pins.scoring()] if pins else sha256(sorted(traits(grid.study).items()))


COMPARED_NUMBERS = table(
    "compared_numbers",
    comparison_table,
    _instances,
    module=__name__,
    with_plan=True,
    more_code=(published_numbers,),
    caption="Ours against theirs, number by number: the difference with our interval, and why a number has no "
    "counterpart. docs/comparison.md describes the columns.",
)
