"""The study's mixed models: what length, persona, size of the model and token patterns have to do with a measure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.line import line
from personas.stats.measures import CHECKPOINT
from personas.stats.mixed import fit
from personas.stats.pairs import against_baseline, cell_means, since_first
from personas.tables.latex import Column
from personas.tables.table import Layout, table, texts

MIXED_DTYPES = {
    "family": "str",
    "measure": "str",
    "model": "str",
    "condition": "str",
    "term": "str",
    "coefficient": "float64",
    "se": "float64",
    "z": "float64",
    "p": "float64",
    "low": "float64",
    "high": "float64",
    "n": "int64",
    "n_missing": "int64",
    "n_scored": "Int64",
    "n_planned": "Int64",
    "n_groups": "int64",
    "group_variance": "float64",
    "optimizer": "str",
    "status": "str",
}
Families = Mapping[str, Mapping[str, Any]]
"""Of each model of the grid its `size` and `family`, as the config says; each may be null."""


def mixed_models(values: pd.DataFrame, counts: pd.DataFrame | None, models: Families, *, study: bool) -> pd.DataFrame:
    """Return one row for each family, measure, model, condition and term of a fit; the columns are `MIXED_DTYPES`.

    - `length`: value ~ position, of personas; groups: persona. Per measure, model and condition.
    - `personalization`: value ~ persona (1) or baseline (0), over all checkpoints; groups: persona, the baseline
      being one of its own where its answers belong to nobody. The study's groups (`study`) are checkpoint and
      persona, of which most have one row, so that the variance between them cannot be told from the noise.
    - `length-by-size`: last minus first position ~ size of the model: a line through one number for each model, the
      mean over its personas, because models of one size are as many as they are, however many personas they play.
    - `personalization-by-size`: persona minus baseline at checkpoint 0 ~ size, in the same way. With `study` both are
      the study's mixed models, whose groups are persona and family of models, and conditions count apart in the
      second, though they share this checkpoint.
    - `patterns`: hits ~ position, summed over benchmarks, per condition and whose patterns (measure
      `patterns-persona`, `patterns-baseline`); groups: model and persona. A cell whose mining failed is missing.

    Sizes: only models that have one take part; where fewer than two sizes are there, the status is `too-few`. A
    model without a family is a family of its own. `n_missing` counts rows that are planned and have no value,
    `n_scored` and `n_planned` the items behind all rows (null for patterns, whose counts do not know what was
    planned). `counts` is empty, or null, where nothing is mined.
    Source of the formulas: the study's notebooks gen_graphics and spotlight_analysis.
    """
    cells = cell_means(values)
    fits = [*_length(cells), *_personalization(cells, study), *_by_size(cells, models, study)]
    if counts is not None and len(counts):
        fits += _patterns(counts)
    return pd.DataFrame(fits, columns=list(MIXED_DTYPES)).astype(MIXED_DTYPES)


def _rows(rows: pd.DataFrame, term: str, groups: pd.Series, where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one fit."""
    result = fit(rows, [term], groups)
    items = ("n_scored", "n_planned")
    columns: dict[str, Any] = {name: int(rows[name].sum()) if name in rows else None for name in items}
    columns |= {"n": result.n, "n_missing": len(rows) - result.n, "n_groups": result.n_groups}
    columns |= {"group_variance": result.group_variance, "optimizer": result.optimizer, "status": result.status}
    for numbers in result.terms:
        yield {**where, **numbers, **columns}


def _each(rows: pd.DataFrame, by: Sequence[str], family: str) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    for key, part in rows.groupby(list(by), sort=True):
        yield {"family": family, **dict(zip(by, key, strict=True))}, part


def _length(cells: pd.DataFrame) -> Iterator[dict[str, Any]]:
    personas = cells[cells["group"] == "persona"]
    for where, rows in _each(personas, ["measure", "model", "condition"], "length"):
        yield from _rows(rows, "position", rows["persona"], where)


def _personalization(cells: pd.DataFrame, study: bool) -> Iterator[dict[str, Any]]:
    compared = cells[cells["axis"] == CHECKPOINT]
    both = compared.groupby(["measure", "model"])["group"].transform("nunique") == 2
    labelled = compared[both].assign(persona=compared["persona"].fillna("baseline"))
    labelled = labelled.assign(is_persona=(labelled["group"] == "persona").astype("float64"))
    for where, rows in _each(labelled, ["measure", "model", "condition"], "personalization"):
        renamed = rows.rename(columns={"persona": "whose", "is_persona": "persona"})
        groups = renamed["position"].astype("str") + " " + _apart(renamed) if study else renamed["whose"]
        yield from _rows(renamed, "persona", groups, where)


def _apart(rows: pd.DataFrame) -> pd.Series:
    """The study's name of whose a row is: a baseline that answered a persona's items is not that persona."""
    return rows["group"] + " " + rows["whose"]


_AVERAGED = {"value": "mean", "n_scored": "sum", "n_planned": "sum"}


def _by_size(cells: pd.DataFrame, models: Families, study: bool) -> Iterator[dict[str, Any]]:
    with_size = [slug for slug, model in models.items() if model["size"] is not None]
    if not with_size:
        return
    of_sized = cells[cells["model"].isin(with_size)]
    later = since_first(of_sized[of_sized["group"] == "persona"])
    last = later[later["position"] == later.groupby("measure")["position"].transform("max")]
    against = against_baseline(of_sized)
    first = against[(against["position"] == 0) & (against["axis"] == CHECKPOINT)]
    if not study:  # one number, whichever condition it is counted in
        first = first.groupby(["measure", "model", "persona"], sort=True).agg(_AVERAGED).reset_index()
    for family, rows in (("length-by-size", last), ("personalization-by-size", first)):
        sizes = rows["model"].map({slug: models[slug]["size"] for slug in with_size})
        families = rows["model"].map({slug: models[slug]["family"] or slug for slug in with_size})
        of_families = rows.assign(size=sizes, groups=rows["persona"] + " " + families)
        for where, part in _each(of_families, ["measure"], family):
            yield from _rows(part, "size", part["groups"], where) if study else _of_sizes(part, where)


def _of_sizes(rows: pd.DataFrame, where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a line through one number for each model, the mean over its personas."""
    by_model = rows.groupby("model", sort=True).agg({**_AVERAGED, "size": "first"})
    result, n_models = line(by_model["size"], by_model["value"]), int(by_model["value"].count())
    columns: dict[str, Any] = {name: int(rows[name].sum()) for name in ("n_scored", "n_planned")}
    columns |= {"n": n_models, "n_missing": len(by_model) - n_models, "n_groups": n_models, "status": result.status}
    for numbers in result.terms:
        yield {**where, **numbers, **columns}


def _patterns(counts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    of_personas = counts[counts["speaker"] == "persona"]
    is_known = (of_personas["mining"] == "ok") & (of_personas["n_documents"] > 0)
    hits = of_personas["n_hits"].astype("float64").where(is_known)
    cell = ["condition", "pattern_group", "model", "persona", "checkpoint"]
    # A sum that lacks a benchmark would be too low: it is missing as a whole.
    sums = (
        of_personas.assign(value=hits).groupby(cell, sort=True)["value"].agg(lambda values: values.sum(skipna=False))
    )
    rows = sums.reset_index().rename(columns={"checkpoint": "position"})
    rows = rows.assign(measure="patterns-" + rows["pattern_group"])
    for where, part in _each(rows, ["measure", "condition"], "patterns"):
        yield from _rows(part, "position", part["model"] + " " + part["persona"], where)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    config = grid.study.config
    if config.statistics.mixed_models:
        models = {slug: {"size": m.size, "family": m.family} for slug, m in config.models.items()}
        files = {
            "values": context.outputs("values"),
            "counts": [artefact.outputs[1] for artefact in context.family("patterns")],
        }
        yield Instance("mixed-models", files, {"models": models, "study": config.statistics.study})


MIXED_MODELS = table(
    "mixed_models",
    mixed_models,
    _instances,
    module=__name__,
    title="Mixed models",
    layout=Layout(
        (
            *texts("family", "measure", "model", "condition", "term"),
            Column("Coefficient", "coefficient", ("low", "high"), decimals=None),
            Column("SE", "se", decimals=None),
            Column("p", "p", decimals=3),
            *texts("n", "n_missing", "n_scored", "n_planned", "n_groups", "status"),
        ),
        "Coefficients of the mixed models, from the fits.",
        {"n": "observations", "n_groups": "groups"},
        "In brackets: 95 % interval of the fit. Values of fits with another status than ok are not to be trusted.",
    ),
)
