"""Benefit against cost: what each intervention changes at the end of a dialogue, and how many tokens it takes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from personas.benchmarks.panel import FIDELITY, INSTRUCTIONS, SAFETY
from personas.grid.grid import Grid
from personas.plan.declaration import Context, Instance
from personas.stats.cells import matrix
from personas.stats.correction import adjust_p
from personas.stats.intervals import UNITS, estimate
from personas.stats.pairs import cell_means, with_intervention
from personas.tables.latex import Column
from personas.tables.measures import placeless_measures
from personas.tables.sections import sections
from personas.tables.series.models import segment_rounds
from personas.tables.table import INTERVAL, Layout, generalisation, table, texts

ALL = "all"
"""Stands in `model` for the pairs of all models together."""
HELPS, HARMS, CHANGES, UNCLEAR, TOO_FEW = "helps", "harms", "changes", "no-difference-shown", "too-few"
"""Values of `verdict`. "changes": of a measure of which neither direction is better; "too-few": with so few
models and personas nothing can be told of others."""

_LEVEL = 0.05

BENEFIT_DTYPES = {
    "model": "str",
    "condition": "str",
    "intervention": "str",
    "section": "str",
    "measure": "str",
    "title": "str",
    "judge": "str",
    "scale": "str",
    "better": "str",
    "axis": "str",
    "position": "int64",
    "change": "float64",
    "change_low": "float64",
    "change_high": "float64",
    "over": "str",
    "p": "float64",
    "q": "float64",
    "verdict": "str",
    "extra_tokens": "float64",
    "extra_tokens_low": "float64",
    "extra_tokens_high": "float64",
    "tokens_ratio": "float64",
    "n_pairs": "int64",
    "n_missing": "int64",
    "n_tokens": "int64",
}
_TOLD = ("measure", "title", "judge", "scale", "better", "axis")
_PLACE = ["measure", "model", "persona", "condition", "axis", "position"]
_PERSONA = ["model", "persona", "condition"]


def benefits(
    values: pd.DataFrame,
    without: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    sections: Sequence[Mapping[str, Any]],
    checkpoints: Sequence[int],
    generalise: Collection[str] = UNITS,
) -> pd.DataFrame:
    """Return a row for each model (and all of them together), condition, intervention and measure.

    `change` is the value at the last position (of rounds: their mean since the checkpoint before) with the
    intervention minus that without, in the measure's unit: the mean over (model, persona) pairs, orders and
    replicates averaged first, with its interval and `p` over the units that `over` names
    (`personas.stats.intervals`); `q`: Benjamini and Hochberg over the interventions and measures of one model and
    condition. `verdict` by q < 0.05 and `better`. `extra_tokens`: by how many tokens a turn (`tables/turn-tokens`) is
    longer with the intervention, paired and with an interval in the same way; `tokens_ratio`: how many times as long.
    `n_pairs` have both values, `n_missing` lack one, `n_tokens` have tokens on both sides. Columns and types:
    `BENEFIT_DTYPES`.
    """
    changes, costs = _changes(values, without, checkpoints), _costs(tokens)
    rows = [row for part in _parts(changes, costs) for row in _of_model(*part, sections, generalise)]
    return pd.DataFrame(rows, columns=list(BENEFIT_DTYPES)).astype(BENEFIT_DTYPES)


def _changes(values: pd.DataFrame, without: pd.DataFrame, checkpoints: Sequence[int]) -> pd.DataFrame:
    """Return a row for each intervention, measure, persona, model and condition: the change at the last position."""
    plain = _last(without, checkpoints)
    parts = [
        with_intervention(_last(own, checkpoints), plain).assign(intervention=slug)
        for slug, own in values.groupby("intervention", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)


def _last(values: pd.DataFrame, checkpoints: Sequence[int]) -> pd.DataFrame:
    """Return the cells of personas at the last position of each measure and condition."""
    own = segment_rounds(values[values["group"] == "persona"], checkpoints)
    last = own[own["position"] == own.groupby(["measure", "condition"])["position"].transform("max")]
    return cell_means(last.assign(benchmark="", judge=""))


def _costs(tokens: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each intervention, persona, model and condition: tokens a turn on both sides."""
    of_persona = tokens[tokens["group"] == "persona"].groupby(["intervention", *_PERSONA], sort=True)["tokens"].mean()
    means = of_persona.reset_index()
    plain = means[means["intervention"] == "none"].drop(columns="intervention")
    costs = means[means["intervention"] != "none"].merge(plain, on=_PERSONA, suffixes=("", "_without"))
    return costs.assign(extra=costs["tokens"] - costs["tokens_without"])


def _parts(changes: pd.DataFrame, costs: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame, pd.DataFrame]]:
    """Yield what is corrected together: model by model in each condition, then all models."""
    for condition, part in changes.groupby("condition", sort=True):
        beside = costs[costs["condition"] == condition]
        for model, own in part.groupby("model", sort=False):
            yield str(model), str(condition), own, beside[beside["model"] == model]
        if part["model"].nunique() > 1:
            yield ALL, str(condition), part, beside


def _of_model(
    model: str,
    condition: str,
    changes: pd.DataFrame,
    costs: pd.DataFrame,
    sections: Sequence[Mapping[str, Any]],
    generalise: Collection[str],
) -> list[dict[str, Any]]:
    rows = []
    for slug, of_intervention in changes.groupby("intervention", sort=False):
        cost = _cost(costs[costs["intervention"] == slug], generalise)
        for section in sections:
            for measure in section["measures"]:
                pairs = of_intervention[of_intervention["measure"] == measure["measure"]]
                if len(pairs):
                    place = {"model": model, "condition": condition, "intervention": slug}
                    about = {"section": section["section"], **{key: measure[key] for key in _TOLD}}
                    rows.append({**place, **about, **_change(pairs, generalise), **cost})
    p = np.array([row["p"] for row in rows], dtype=float)
    for row, q in zip(rows, adjust_p(p, "benjamini-hochberg"), strict=True):
        row["q"], row["verdict"] = q, _verdict(row, q)
    return rows


def _change(pairs: pd.DataFrame, generalise: Collection[str]) -> dict[str, Any]:
    result = estimate(matrix(pairs.rename(columns={"persona": "unit"})), generalise=generalise)
    return {
        "position": pairs["position"].max(),
        **result.as_columns("change"),
        "over": result.over,
        "p": result.p,
        "n_pairs": result.n,
        "n_missing": len(pairs) - result.n,
    }


def _cost(costs: pd.DataFrame, generalise: Collection[str]) -> dict[str, Any]:
    present = costs.dropna(subset=["extra"])
    if present.empty:
        return {"n_tokens": 0}
    result = estimate(matrix(present.rename(columns={"persona": "unit", "extra": "value"})), generalise=generalise)
    ratio = present["tokens"].sum() / present["tokens_without"].sum()
    return {**result.as_columns("extra_tokens"), "tokens_ratio": ratio, "n_tokens": result.n}


def _verdict(row: Mapping[str, Any], q: float) -> str:
    if np.isnan(q):
        return TOO_FEW
    if not q < _LEVEL:
        return UNCLEAR
    if row["better"] == "neutral":
        return CHANGES
    return HELPS if (row["change"] > 0) == (row["better"] == "higher") else HARMS


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    if values := context.outputs("intervention_values"):
        files = {"values": values, "without": context.outputs("values"), "tokens": context.outputs("turn_tokens")}
        parts = [
            each for each in sections(placeless_measures(grid)) if each["section"] in (FIDELITY, INSTRUCTIONS, SAFETY)
        ]
        parameters = {"sections": parts, "checkpoints": list(grid.study.config.checkpoints), **generalisation(grid)}
        yield Instance("benefits", files, parameters)


BENEFITS = table(
    "benefits",
    benefits,
    _instances,
    module=__name__,
    title="Benefit and cost of interventions",
    layout=Layout(
        (
            *texts("model", "condition", "intervention"),
            Column("Measure", "title"),
            *texts("judge"),
            Column("Change", "change", ("change_low", "change_high"), percent=True),
            Column("Tokens a turn", "extra_tokens", ("extra_tokens_low", "extra_tokens_high"), decimals=0),
            *texts("verdict", "n_pairs", "n_missing"),
        ),
        "Interventions at the end of a dialogue, against the same dialogues without; shares in percent.",
        {"n_pairs": "pairs (model, persona)"},
        INTERVAL,
    ),
)
