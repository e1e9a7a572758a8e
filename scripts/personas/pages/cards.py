"""The cards of models as pages: one model on a sheet of paper, and all models side by side."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from personas.grid.grid import Grid
from personas.grid.kin import kin
from personas.pages.html import render
from personas.pages.page import page
from personas.pages.summary import summary
from personas.plan.declaration import Context, Instance
from personas.tables.interventions.benefits import CHANGES, HARMS, HELPS, TOO_FEW
from personas.tables.measures import placeless_measures

READING = (
    "First, last, change: means over the model's personas, in brackets 95 % intervals over what the last column "
    "names; without brackets there is too little to tell. Rounds are averaged since the checkpoint before. Rows with "
    "a finding are claims, corrected together (q < 0.05); all others are exploratory. Sets in: the position after "
    "which a drop begins, and its 95 % interval. n: personas with both ends; scored: ratings with a value at the two "
    "ends, of those planned. pp: percentage points."
)
_HEADS = ("Measure", "Condition", "First", "Last", "Change", "Finding", "Baseline", "n; scored; over")
_DECIMALS = {"share": 1, "rating": 2, "amount": 3}


def card_page(
    *,
    model: str,
    facts: Sequence[str],
    titles: Mapping[str, str],
    cards: pd.DataFrame,
    bars: pd.DataFrame,
    coverage: pd.DataFrame,
    figure: Path,
    note: str | None,
    benefits: pd.DataFrame | None = None,
) -> str:
    """Return the page of one model: `facts` about it, its rows of `cards`, its figure (PNG), what was planned.

    `bars` are `personas.tables.by_model`, `titles` those of the measures on them; `benefits` says which interventions
    helped, None in a grid without any.
    """
    own = cards[cards["model"] == model]
    return render(
        "card.html",
        model,
        note,
        facts=facts,
        summary=summary(own.to_dict("records"), bars[bars["model"] == model].to_dict("records"), titles),
        heads=_HEADS,
        sections=list(_sections(own)),
        reading=READING,
        picture=base64.b64encode(figure.read_bytes()).decode(),
        counted=_rating_counts(coverage[coverage["model"] == model]),
        helped=[] if benefits is None else list(intervention_effects(benefits[benefits["model"] == model])),
    )


def _sections(cards: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    for section, part in cards.groupby("section", sort=False):
        measured = part[part["title"].notna()].groupby("measure", sort=False)
        yield {"name": section, "measures": [_measure(rows.to_dict("records")) for _, rows in measured]}


def _measure(rows: Sequence[Mapping[Any, Any]]) -> Mapping[str, Any]:
    return {"name": measure_title(rows[0]), "rows": [_row(row) for row in rows]}


def _row(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    if row["verdict"] == "not-measured":
        return {"condition": _text(row["condition"]), "numbers": []}
    return {
        "condition": _text(row["condition"]),
        "numbers": [with_interval(row, name) for name in ("first", "last", "change")],
        "drops": row["verdict"] == "drops",
        "verdict": verdict(row),
        "baseline": " → ".join(format_value(row[f"baseline_{end}"], row["scale"]) for end in ("first", "last")),
        "counts": f"{row['n_personas']}; {row['n_scored']:,} of {row['n_planned']:,}; {_text(row['over']) or '-'}",
    }


def measure_title(row: Mapping[Any, Any]) -> str:
    """Return the title of a row's measure, with the judge where a model judged."""
    judge = _text(row["judge"])
    return f"{row['title']} ({judge})" if judge and judge != "rules" else str(row["title"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def format_value(value: float, scale: str, sign: bool = False) -> str:
    """Return a value in the words of its scale: a share in percent; `n/a` for a gap.

    A change has a `sign`, and that of a share is in percentage points.
    """
    if not np.isfinite(value):
        return "n/a"
    rounded = round(100 * value if scale == "share" else value, _DECIMALS[scale]) + 0.0  # no minus before a zero
    text = f"{rounded:{'+' if sign else ''}.{_DECIMALS[scale]}f}".replace("-", "−")
    return f"{text} {'pp' if sign else '%'}" if scale == "share" else text


def with_interval(row: Mapping[Any, Any], name: str) -> str:
    """Return a value with its interval, where it has one."""
    scale, sign = row["scale"], name == "change"
    bounds = [row[f"{name}_low"], row[f"{name}_high"]]
    value = format_value(row[name], scale, sign)
    if not np.isfinite(bounds).all():
        return value
    low, high = (format_value(bound, scale, sign).partition(" ")[0] for bound in bounds)
    return f"{value} [{low}, {high}]"


def verdict(row: Mapping[Any, Any]) -> str:
    """Return in words what is claimed of a row, and where a drop sets in."""
    change = {"falls": "falls", "rises": "rises"}[row["direction"]]
    return {
        "drops": f"{change}{_since(row)}",
        "gains": {"falls": "rises", "rises": "falls"}[change],
        "no-change": "not distinguishable from no change",
        "too-few": "too few units to tell",
        "exploratory": "exploratory",
        "one-position": "one position only",
        "no-value": "no value at one end",
        "not-measured": "not measured",
    }[row["verdict"]]


def _since(row: Mapping[Any, Any]) -> str:
    if not np.isfinite(row["since"]):
        return ""
    where = "round" if row["axis"] == "round" else "checkpoint"
    return f"; sets in after {where} {row['since']:.0f} [{row['since_low']:.0f}, {row['since_high']:.0f}]"


def _rating_counts(coverage: pd.DataFrame) -> str:
    """Tell what became of the ratings of a model, by benchmark and who rates; conditions and personas summed."""
    ratings = coverage[coverage["judge"].notna()]
    counts = ["planned", "scored", "failed", "unparsed"]
    summed = ratings.groupby(["benchmark", "judge"], sort=True)[counts].sum().reset_index().to_dict("records")
    parts = [
        f"{row['benchmark']} by {row['judge']} {row['scored']:,} of {row['planned']:,} "
        f"({row['failed']:,}, {row['unparsed']:,})"
        for row in summed
    ]
    return f"All ratings, scored of planned (failed, unparsed): {'; '.join(parts) or 'none'}."


def intervention_effects(benefits: pd.DataFrame) -> Iterator[str]:
    """Tell of each condition of a model which interventions changed something, or that none could be told apart."""
    for condition, part in benefits.groupby("condition", sort=True):
        verdicts = part[part["verdict"].isin([HELPS, HARMS, CHANGES])]
        effects = "; ".join(_effect(row) for row in verdicts.to_dict("records"))
        few = part["n_pairs"].max()
        why = f" (n = {few}: too few personas to tell)" if (part["verdict"] == TOO_FEW).all() else ""
        yield f"{condition}: {effects or f'none could be told apart from none{why}'}."


def _effect(row: Mapping[Any, Any]) -> str:
    tokens = "" if np.isnan(row["extra_tokens"]) else f", {row['extra_tokens']:+,.0f} tokens a turn".replace("-", "−")
    return f"{row['intervention']} {row['verdict']}, {measure_title(row)} {with_interval(row, 'change')}{tokens}"


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    for figure in context.family("model_card"):
        model = figure.spec["model"]
        files = {
            "cards": context.outputs("model_cards"),
            "coverage": context.outputs("coverage"),
            "bars": context.outputs("by_model"),
            "figure": figure.outputs[1:],
            **({"benefits": table.outputs[:1]} if (table := context.one("benefits")) else {}),
        }
        titles = {m["measure"]: measure_title(m) for m in placeless_measures(grid)}
        parameters = {"model": model, "facts": _facts(grid, model), "titles": titles}
        yield Instance(f"card-{model}", files, parameters, title=f"Model card: {model}")


def _facts(grid: Grid, slug: str) -> list[str]:
    """What a card says of its model and of the grid, in words."""
    config = grid.study.config
    model = config.models[slug]
    return [
        f"{model.id} at {model.revision}",
        f"{model.engine}, temperature {model.sampling.temperature:g}",
        f"{len(grid.study.personas)} personas",
        *(f"{condition}: {section.rounds} rounds" for condition, section in config.conditions.items()),
        f"items after {', '.join(map(str, config.checkpoints))} rounds",
        *([f"{config.replicates} replicates"] if config.replicates > 1 else []),
        *(line.rstrip(".") for line in kin(config, slug)),
    ]


MODEL_CARD_PAGE = page(
    "model_card_page",
    card_page,
    _instances,
    module=__name__,
    caption="One model on one page: two sentences, values at the first and the last position, intervals, and what of "
    "it is a finding.",
)
