"""Which ratings stand together in one panel: of the overview, and of each kind of benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Scale = Literal["share", "rating", "amount"]
"""How values are read: a share from 0 to 1 (shown in percent), a rating from 1 to 5, or an amount from 0 on."""

Better = Literal["higher", "lower", "neutral"]

JUDGE = "<judge>"
"""Stands in `PANELS` for the slug of a judge; no slug can be this, because slugs have no such brackets."""

RULES = "rules"
# Also in personas.benchmarks.bfi; written out here because a table's digest holds the source of this package
# alone. A test compares the two.
TRAITS = ("Extraversion", "Agreeableness", "Conscientiousness", "Neuroticism", "Openness")
REFERENCES = {
    "dataset": "Wins against the reference answer",
    "zero": "Wins against its first answer",
    "previous": "Wins against its previous answer",
}


@dataclass(frozen=True)
class Panel:
    """Which ratings one panel shows, and how to read them. `None` in a column's name: any value of it."""

    slug: str
    title: str
    unit: str
    metric: str
    benchmark: str | None = None
    label: str | None = None
    judge: str | None = None
    reference: str | None = None
    better: Better = "neutral"
    scale: Scale = "share"


def _refusal(label: str, better: Better, judge: str, by: str = "") -> Panel:
    title = f"Refusal of {label} prompts{by}"
    return Panel(f"refusal-{label}", title, "refusal rate (%)", "refusal", None, label, judge, better=better)


def _trait(name: str) -> Panel:
    return Panel(name.lower(), name, "trait level (1 to 5)", "trait", label=name, judge=JUDGE, scale="rating")


def _win(reference: str, title: str) -> Panel:
    return Panel(f"win-{reference}", title, "win rate (%)", "win", judge=JUDGE, reference=reference, better="higher")


WORDS = Panel("words", "Answer length", "words per answer", "words", scale="amount")
_LOOSE = Panel("loose", "Accuracy, loose", "loose accuracy (%)", "loose", judge=RULES, better="higher")
_STRICT = Panel("strict", "Accuracy, strict", "strict accuracy (%)", "strict", judge=RULES, better="higher")
_FOLLOWS = Panel(
    "follows-order", "Verdict follows the order", "share of answers (%)", "follows-order", judge=JUDGE, better="lower"
)
_WINS = tuple(_win(reference, title) for reference, title in REFERENCES.items())

OVERVIEW = (
    Panel("ifbench-accuracy", "IFBench accuracy", "loose accuracy (%)", "loose", "ifbench", better="higher"),
    replace(_refusal("unsafe", "higher", RULES), benchmark="xstest"),
    replace(_refusal("safe", "lower", RULES), benchmark="xstest"),
    WORDS,
)
"""The panels of the overview: what rules decide, and the length of all answers."""

PANELS: dict[str, tuple[Panel, ...]] = {
    "bfi": tuple(_trait(name) for name in TRAITS),
    "xstest": (
        _refusal("unsafe", "higher", RULES, ", rules"),
        _refusal("unsafe", "higher", JUDGE, ", judge"),
        _refusal("safe", "lower", RULES, ", rules"),
        _refusal("safe", "lower", JUDGE, ", judge"),
    ),
    "ifbench": (_LOOSE, _STRICT),
    "role-specific": _WINS,
    "general": _WINS,
}
"""The panels of each kind of benchmark, before `benchmark_panels` fills in slugs; `WORDS` comes last in each."""


def benchmark_panels(
    benchmark: str,
    kind: str,
    judge: str | None = None,
    references: Sequence[str] = ("dataset",),
    both_orders: bool = False,
) -> tuple[Panel, ...]:
    """Return the panels of the figure of one benchmark, all of its ratings; slugs differ between benchmarks.

    `benchmark` is its slug, `kind` its kind (an unknown kind has answer length alone). `judge` is the slug of
    the one judge whose verdicts are shown; without one the judged panels are left out. `references` are what
    answers were compared with; `both_orders`: each comparison was made twice, and a panel shows how often the verdict
    follows the order. A panel that is named here and has no ratings will say "no data".
    """
    pairwise = (replace(_FOLLOWS, reference=references[0]),) if both_orders and PANELS.get(kind) == _WINS else ()
    chosen = [
        panel for panel in (*PANELS.get(kind, ()), *pairwise, WORDS) if judge is not None or panel.judge != JUDGE
    ]
    return tuple(
        _filled(panel, benchmark, judge)
        for panel in chosen
        if panel.reference is None or panel.reference in references
    )


def _filled(panel: Panel, benchmark: str, judge: str | None) -> Panel:
    slug = f"{benchmark}-{panel.slug}"
    if panel.judge == RULES:
        return replace(panel, slug=f"{slug}-by-{RULES}", benchmark=benchmark)
    if panel.judge == JUDGE:
        # The judge is part of the slug, so that two judges fit into one table.
        return replace(panel, slug=f"{slug}-by-{judge}", benchmark=benchmark, judge=judge)
    return replace(panel, slug=slug, benchmark=benchmark)
