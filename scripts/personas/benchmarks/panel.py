"""What is measured, as each kind of benchmark declares it: which ratings, how to read them, where they are shown."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Scale = Literal["share", "rating", "amount"]
"""How values are read: a share from 0 to 1 (shown in percent), a rating from 1 to 5, or an amount from 0 on."""

Better = Literal["higher", "lower", "neutral"]

JUDGE = "<judge>"
"""Stands for the slug of a judge in what a kind declares; no slug can be this: slugs have no such brackets."""

RULES = "rules"
"""Name in the column `judge` of what a program decides, without a model."""

FIDELITY, CONVERGENCE, INSTRUCTIONS, SAFETY, PATTERNS = SECTIONS = (
    "Fidelity to the persona",
    "Distance from the baseline",
    "Instruction following",
    "Safety",
    "Patterns of the persona",
)
"""Sections of model cards, in the order in which they are printed; a kind may name one of its own."""


@dataclass(frozen=True)
class Panel:
    """Which ratings are one measure, and how to read them. `None` in a column's name: any value of it.

    `section` is where it stands on model cards, `main` what it is the main measure of: of several with the same, one
    is shown beside the other benchmarks', a judge's before that of the rules. `figure` is the figure of the benchmark
    that it has a place in, the benchmark's own if it is empty. `labelled`: only where characters have labels, whose
    name replaces `{labels}` in the title.
    """

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
    section: str | None = None
    main: str | None = None
    figure: str = ""
    labelled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what a table or figure of the panel is told: `Panel` of it is the panel without its places."""
        return {name: value for name, value in asdict(self).items() if name not in ("section", "main", "labelled")}


def refusal(label: str, better: Better, judge: str, by: str) -> Panel:
    """Return how often prompts with a label are refused, as a judge or the rules see it."""
    title, slug = f"Refusal of {label} prompts{by}", f"refusal-{label}"
    return Panel(
        slug, title, "refusal rate (%)", "refusal", None, label, judge, better=better, section=SAFETY, main=slug
    )


def wins() -> tuple[Panel, ...]:
    """Return how often an answer is better than what it is compared with."""
    against = {"dataset": "the reference answer", "zero": "its first answer", "previous": "its previous answer"}
    return tuple(
        Panel(
            f"win-{reference}",
            f"Wins against {what}",
            "win rate (%)",
            "win",
            judge=JUDGE,
            reference=reference,
            better="higher",
            section=INSTRUCTIONS if reference == "dataset" else None,
            main="win",
        )
        for reference, what in against.items()
    )


def share_of_rules(metric: str, kind: str) -> Panel:
    """Return a score of the rules as a share: what a kind measures that declares nothing else."""
    title, section = metric.replace("-", " ").capitalize(), kind.replace("-", " ").capitalize()
    return Panel(metric, title, f"{title.lower()} (%)", metric, judge=RULES, section=section, main=metric)
