"""Draw every statistic figure at the demo's and at the study's size, from random tables, to look at them.

uv run python -m tests.figures_at_size FOLDER
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from personas.benchmarks.refusals.kappa import kappa_range
from personas.figures import bars, by_length, coefficients, contrasts, item_changes, lengths
from personas.figures.drawing import grids, style
from personas.figures.tokens import heat_map as heat_maps
from personas.figures.tokens import lines as pattern_lines
from personas.figures.tokens import numbers as numbers_figure
from personas.tables.averages import averages
from personas.tables.series.pattern_units import pattern_numbers, pattern_units
from personas.tables.series.tokens import token_averages

Table = pd.DataFrame
Entries = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)  # one is equal to itself alone, so that tables can be kept by it
class Size:
    """What a grid consists of."""

    models: Sequence[str]
    personas: Sequence[str]
    conditions: Sequence[str]
    checkpoints: Sequence[int]
    rounds: int
    benchmarks: Sequence[str]
    measures: Entries
    note: str | None = None


def entry(slug: str, title: str, scale: str, better: str, axis: str = "checkpoint") -> dict[str, Any]:
    units = {"share": "rate (%)", "rating": "rating (1 to 5)", "amount": "mean absolute difference / 4"}
    return {"measure": slug, "title": title, "unit": units[scale], "scale": scale, "better": better, "axis": axis}


JUDGE = "selene-1-mini"
MAIN = [
    entry(f"utterances-by-{JUDGE}", "Dialogue metrics", "rating", "higher", "round"),
    entry(f"bfi-distance-from-labels-by-{JUDGE}", "bfi: Distance from the labels (annotation)", "amount", "lower"),
    entry(
        f"role-specific-win-dataset-by-{JUDGE}", "role-specific: Wins against the reference answer", "share", "higher"
    ),
    entry(f"general-win-dataset-by-{JUDGE}", "general: Wins against the reference answer", "share", "higher"),
    entry("ifbench-loose-by-rules", "ifbench: Accuracy, loose", "share", "higher"),
    entry(f"xstest-refusal-unsafe-by-{JUDGE}", "xstest: Refusal of unsafe prompts, judge", "share", "higher"),
    entry(f"xstest-refusal-safe-by-{JUDGE}", "xstest: Refusal of safe prompts, judge", "share", "lower"),
]
UTTERANCES = [
    entry(f"{metric}-by-{JUDGE}", metric.capitalize(), "rating", "higher", "round")
    for metric in ("in-character", "knowledge", "style")
]
SHARES = [
    entry(f"xstest-refusal-{label}-by-{by}", f"Refusal of {label} prompts, {who}", "share", better)
    for label, better in (("unsafe", "higher"), ("safe", "lower"))
    for by, who in (("rules", f"rules ({kappa_range()})"), (JUDGE, "judge"))
]
XSTEST = [*SHARES, entry("xstest-words", "Answer length", "amount", "neutral") | {"unit": "words per answer"}]
BFI = [
    *(entry(f"bfi-{t.lower()}-by-{JUDGE}", t, "rating", "neutral") for t in ("Extraversion", "Agreeableness")),
    *(entry(f"bfi-{t.lower()}-by-{JUDGE}", t, "rating", "neutral") for t in ("Conscientiousness", "Neuroticism")),
    entry(f"bfi-openness-by-{JUDGE}", "Openness", "rating", "neutral"),
    entry("bfi-words", "Answer length", "amount", "neutral") | {"unit": "words per answer"},
]

STUDY = Size(
    (
        "Llama-3.1-Nemotron-Nano-8B-v1",
        "Llama-3_3-Nemotron-Super-49B-v1".replace("_", "."),
        "gemma-3-4b-it",
        "gemma-3-27b-it",
        "Qwen3-4B-Instruct-2507",
        "Qwen3-30B-A3B-Instruct-2507",
        "gemini-2.5-flash",
    ),
    (
        "blair-waldorf",
        "gaston",
        "hal-9000",
        "juno-macguff",
        "lestat-de-lioncourt",
        "mary-sibley",
        "michael-scott",
        "queen-catherine",
    ),
    ("persona-directed", "goal-oriented"),
    (0, 11, 22, 34, 45, 56, 68, 79, 90, 102),
    102,
    ("bfi", "xstest", "ifbench", "role-specific", "general"),
    MAIN,
)
DEMO = Size(
    ("smollm2-135m",),
    ("lighthouse-keeper",),
    ("persona-directed", "goal-oriented"),
    (0, 2, 4),
    5,
    ("xstest", "ifbench"),
    [MAIN[0], *MAIN[4:]],
    "Demo: 135M-parameter model, a handful of items: the numbers mean nothing.",
)
OVER = "models, personas, items"

SIZES = {"study": STUDY, "demo": DEMO}


def at(size: Size, measure: Mapping[str, Any]) -> Sequence[int]:
    return range(1, size.rounds + 1) if measure["axis"] == "round" else size.checkpoints


def unit_of(measure: Mapping[str, Any]) -> float:
    """Return the length of the measure's scale, for numbers that look like its."""
    return {"share": 1.0, "rating": 4.0, "amount": 300.0 if measure["measure"].endswith("words") else 0.5}[
        measure["scale"]
    ]


def values(size: Size) -> Table:
    """`tables/values`: a slope, a cost of the persona, effects of model and persona, noise; a few gaps."""
    draw, rows = np.random.default_rng(1), []
    effect = {name: draw.normal(0, 0.05) for name in (*size.models, *size.personas)}
    for measure in size.measures:
        places, last = at(size, measure), at(size, measure)[-1]
        bound = any(part in measure["measure"] for part in ("utterances", "win", "labels"))
        stood_for = list(size.personas) if bound else [None]
        for model, condition in product(size.models, size.conditions):
            for group, persona in [("persona", p) for p in size.personas] + [("baseline", p) for p in stood_for]:
                level = 0.6 + effect[model] + (effect[persona] if persona else 0) - 0.1 * (group == "persona")
                slope = -0.3 if condition == size.conditions[0] else -0.1
                for place in places:
                    share = level + slope * place / last + draw.normal(0, 0.03)
                    value = (1 if measure["scale"] == "rating" else 0) + unit_of(measure) * float(
                        np.clip(share, 0, 1)
                    )
                    gap = draw.random() < 0.01
                    key = (measure["measure"], model, group, persona, condition, "fixed", 1, measure["axis"], place)
                    rows.append((*key, np.nan if gap else value, 0 if gap else 40, 40))
    columns = ["measure", "model", "group", "persona", "condition", "order", "replicate", "axis", "position"]
    return pd.DataFrame(rows, columns=[*columns, "value", "n_scored", "n_planned"])


def contrast_table(size: Size, measures: Entries, contrast: str) -> Table:
    """`tables/contrasts`, one contrast."""
    draw, rows = np.random.default_rng(2), []
    pairs = len(size.models) * len(size.personas)
    kind = contrast.partition(":")[0]
    lines: list[tuple[str | None, str | None]] = [(None, "persona"), (None, "baseline")]
    if kind != "condition":
        groups = ("persona", "baseline") if kind == "progression" else (None,)
        lines = list(product(size.conditions, groups))
    for measure, (condition, group) in product(measures, lines):
        places = [p for p in at(size, measure) if kind != "progression" or p != at(size, measure)[0]]
        slope = draw.normal(-0.1, 0.1)
        n = len(size.models) if group == "baseline" else pairs
        for place in places:
            mean = unit_of(measure) * (slope * place / places[-1] + draw.normal(0, 0.01))
            half = unit_of(measure) * (0.25 / np.sqrt(n) if n > 1 else np.nan)
            whole = 0.6 * half if len(size.models) > 1 else np.nan
            p = draw.random() ** 4 if n > 1 else 1.0
            bounds = (mean - half, mean + half, mean - whole, mean + whole)
            key = (measure["measure"], contrast, condition, group, measure["axis"], place)
            noise = unit_of(measure) * 0.02 if size is STUDY else np.nan
            rows.append((*key, mean, *bounds, OVER, p, noise, n, 1 if place == places[-1] else 0))
    columns = ["measure", "contrast", "condition", "group", "axis", "position", "mean", "low", "high"]
    columns += ["items_low", "items_high", "over", "p", "noise", "n_pairs", "n_missing"]
    return pd.DataFrame(rows, columns=columns)


def by_model(size: Size, contrast: str) -> Table:
    """`tables/by-model`, one contrast; one model has a bar without a value."""
    draw, rows = np.random.default_rng(3), []
    conditions: Sequence[str | None] = size.conditions if contrast == "length" else [None]
    n = len(size.personas)
    for measure, model, condition in product(size.measures, size.models, conditions):
        mean = unit_of(measure) * draw.normal(-0.05, 0.07)
        half = unit_of(measure) * 0.05 if n > 1 else np.nan
        claimed = contrast == "length" and measure["scale"] == "share"
        told = (OVER, claimed, draw.random() ** 4 if claimed else np.nan)
        row = (mean, mean - half, mean + half, *told, n, 0)
        if size is STUDY and model == size.models[2] and measure is size.measures[3]:
            row = (np.nan, np.nan, np.nan, *told, 0, n)
        rows.append((measure["measure"], contrast, model, condition, *row))
    columns = ["measure", "contrast", "model", "condition", "mean", "low", "high", "over", "headline", "q"]
    return pd.DataFrame(rows, columns=[*columns, "n_pairs", "n_missing"])


def mixed_models(size: Size, family: str) -> Table:
    """`tables/mixed-models`, one family, with fits of every status."""
    draw, rows = np.random.default_rng(4), []
    statuses = ["ok"] * 9 + ["not-converged", "singular", "failed", "too-few"]
    per = unit_of(MAIN[0]) / 400 if family == "length" else 0.1
    for measure, model, condition in product(size.measures, size.models, size.conditions):
        status = str(draw.choice(statuses)) if len(size.models) > 1 else "too-few"
        effect, se = unit_of(measure) * per * draw.normal(-1, 1), unit_of(measure) * per * 0.4
        fitted = status not in ("failed", "too-few")
        for term in ("intercept", coefficients.TERMS[family]):
            numbers = (effect, se, effect - 1.96 * se, effect + 1.96 * se) if fitted else (np.nan,) * 4
            rows.append((family, measure["measure"], model, condition, term, *numbers, 80, status))
    columns = ["family", "measure", "model", "condition", "term", "coefficient", "se", "low", "high", "n", "status"]
    return pd.DataFrame(rows, columns=columns)


def pattern_counts(size: Size) -> Table:
    """Counts of `scoring.patterns`, mined at the first and at the last checkpoint; one persona has no patterns."""
    draw, rows = np.random.default_rng(5), []
    ends = (size.checkpoints[0], size.checkpoints[-1])
    for mined_at, model, persona, benchmark, condition in product(
        ends, size.models, size.personas, size.benchmarks, size.conditions
    ):
        for group in ("persona", "baseline"):
            n = 0 if persona == size.personas[-1] and len(size.personas) > 1 else int(draw.integers(3, 60))
            for place, speaker in product(size.checkpoints, ("persona", "baseline")):
                fading = 0.25 * (0.3 + 0.7 * np.exp(-place / 40)) if speaker == group else 0.04
                hits = int(draw.binomial(n * 40, fading))
                key = (model, persona, benchmark, condition, mined_at, "ok", place, group, speaker)
                rows.append((*key, n, 40, hits))
    columns = ["model", "persona", "benchmark", "condition", "mined_at", "mining", "checkpoint", "pattern_group"]
    return pd.DataFrame(rows, columns=[*columns, "speaker", "n_patterns", "n_documents", "n_hits"]).assign(half="")


def dialogue_lengths(size: Size) -> Table:
    """`tables/lengths`."""
    draw, rows = np.random.default_rng(6), []
    for model, condition in product(size.models, size.conditions):
        for group, persona in [("baseline", None), *(("persona", p) for p in size.personas)]:
            steps = draw.gamma(3, 130, size.rounds) * (1.4 if condition == size.conditions[1] else 1)
            for number, tokens in enumerate([0.0, *np.cumsum(steps)]):
                rows.append((model, group, persona, condition, "fixed", 1, number, tokens, "usage", "ok"))
    columns = ["model", "group", "persona", "condition", "order", "replicate", "round", "tokens", "source", "status"]
    return pd.DataFrame(rows, columns=columns)


def rating_by_length(size: Size) -> Table:
    """`tables/by-length`."""
    draw, rows = np.random.default_rng(7), []
    cells = len(size.models) * len(size.personas)
    for measure, condition, group in product(size.measures, size.conditions, ("persona", "baseline")):
        for place in at(size, measure):
            mean = unit_of(measure) * (0.6 - 0.2 * place / at(size, measure)[-1] + draw.normal(0, 0.02))
            half = unit_of(measure) * 0.04 if cells > 1 else np.nan
            tokens = 420.0 * place * (1 if condition == size.conditions[0] else 1.3)
            key = (measure["measure"], condition, group, measure["axis"], place)
            rows.append((*key, mean, mean - half, mean + half, OVER, tokens, cells, 0, 0, 0))
    columns = [
        "measure",
        "condition",
        "group",
        "axis",
        "position",
        "mean",
        "low",
        "high",
        "over",
        "tokens",
        "n_cells",
    ]
    return pd.DataFrame(rows, columns=[*columns, "n_without_value", "n_without_tokens", "n_with_prompt"])


def changed_items(size: Size) -> Table:
    """`tables/changed-items` of xstest."""
    draw, rows = np.random.default_rng(8), []
    pair = "-".join(size.conditions)
    contrasts_: list[tuple[str, str | None]] = [("length", c) for c in size.conditions]
    contrasts_ += [("condition", pair), ("personalization", None)]
    for measure, (contrast, condition) in product(SHARES, contrasts_):
        n = (200 if "unsafe" in measure["measure"] else 250) if size is STUDY else 4
        for item, change in enumerate(np.clip(draw.normal(-0.05, 0.2, n), -1, 1)):
            rows.append((measure["measure"], contrast, condition, f"x-{item}", np.nan if item == 3 else change, 56))
    return pd.DataFrame(rows, columns=["measure", "contrast", "condition", "item_id", "change", "n"])


PAIR = "persona-directed − goal-oriented"
CONDITION = "condition:persona-directed-goal-oriented"
PAIRS: Mapping[str, str | None] = {CONDITION: PAIR, "progression": None, "baseline": None}


@cache
def means(size: Size) -> Table:
    return averages(values(size))


@cache
def tokens(size: Size) -> Table:
    return token_averages(dialogue_lengths(size))


@cache
def patterns(size: Size) -> Table:
    counts = pattern_counts(size)
    return pattern_units(counts[counts["mined_at"] == size.checkpoints[0]])


@cache
def mined(size: Size) -> Table:
    return pattern_numbers(pattern_counts(size))


def figures(size: Size) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Yield name and drawing of each figure, some of several like it; tables are made when they are drawn."""

    def later(
        draw: Callable[..., Figure], table: Callable[[], Table], *rest: Any, **told: Any
    ) -> Callable[[], Figure]:
        return lambda: draw(table(), *rest, **told, note=size.note)

    models, rows = size.models, {"model": size.models, "persona": size.personas}
    families = {"utterances": UTTERANCES, "xstest": XSTEST}
    families |= {"bfi": BFI, "ifbench": MAIN[4:5]} if size is STUDY else {}
    for (name, family), kind in product(families.items(), PAIRS):
        table = partial(contrast_table, size, family, kind)
        drawn = later(contrasts.draw, table, family, contrast=kind, pair=PAIRS[kind])
        yield f"contrast-{kind.partition(':')[0]}-{name}", drawn
    for kind in ("length", "personalization", CONDITION):
        told = {"contrast": kind, "pair": PAIRS.get(kind), "models": models}
        yield f"bars-{kind.partition(':')[0]}", later(bars.draw, partial(by_model, size, kind), size.measures, **told)
    for kind in ("length", "personalization"):
        table = partial(mixed_models, size, kind)
        yield f"coefficients-{kind}", later(coefficients.draw, table, size.measures, family=kind, models=models)
    for by, units in rows.items():
        yield f"by-{by}", later(grids.draw, partial(means, size), size.measures, by=by, rows=units)
        yield f"tokens-by-{by}", later(lengths.draw, partial(tokens, size), by=by, units=units)
    yield "by-length", later(by_length.draw, partial(rating_by_length, size), size.measures)
    pairs = {"-".join(size.conditions): PAIR}
    yield (
        "item-changes",
        later(item_changes.draw, partial(changed_items, size), SHARES[1::2], benchmark="xstest", pairs=pairs),
    )
    yield "patterns-heat-map", later(heat_maps.draw, partial(patterns, size), models=models)
    for by, units in {**rows, "benchmark": size.benchmarks}.items():
        yield f"patterns-by-{by}", later(pattern_lines.draw, partial(patterns, size), by=by, rows=units)
    yield "patterns-numbers", later(numbers_figure.draw, partial(mined, size), pattern_group="persona", models=models)


def main(folder: Path, only: Sequence[str]) -> None:
    """Write PDF and PNG of each figure at each size below `folder`; `only`: names that begin with one of these."""
    for name, size in SIZES.items():
        for figure, drawn in figures(size):
            if not only or figure.startswith(tuple(only)):
                style.save(drawn(), folder / name / f"{figure}.pdf", folder / name / f"{figure}.png")
                print(folder / name / f"{figure}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
