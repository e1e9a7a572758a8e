"""Which ratings stand together in one panel: of the overview, and of each benchmark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.panel import JUDGE, RULES, Panel

WORDS = Panel("words", "Answer length", "words per answer", "words", scale="amount")
_FOLLOWS = Panel(
    "follows-order", "Verdict follows the order", "share of answers (%)", "follows-order", judge=JUDGE, better="lower"
)


def overview_panels(kinds: Mapping[str, str]) -> tuple[Panel, ...]:
    """Return the panels of the overview: what rules decide, and the length of all answers.

    `kinds` are those of the benchmarks, by slug.
    """
    panels = (panel for slug, kind in sorted(kinds.items()) if kind in BENCHMARKS for panel in _overview(slug, kind))
    return (*panels, WORDS)


def _overview(benchmark: str, kind: str) -> Iterator[Panel]:
    """Yield the panels of one benchmark; they are called after it where it is not called after its kind."""
    panels = BENCHMARKS[kind].overview or [p for p in BENCHMARKS[kind].all_panels() if p.main and p.judge == RULES]
    for panel in panels:
        entry = (
            panel
            if benchmark == kind
            else replace(panel, slug=f"{benchmark}-{panel.slug}", title=f"{panel.title}, {benchmark}")
        )
        yield replace(entry, benchmark=benchmark)


OVERVIEW = overview_panels({"ifbench": "ifbench", "xstest": "xstest"})
"""That of a study of both."""


def measured_panels(
    benchmark: str,
    kind: str,
    judge: str | None = None,
    references: Sequence[str] = ("dataset",),
    both_orders: bool = False,
    labels: str | None = None,
) -> tuple[Panel, ...]:
    """Return all that is measured of one benchmark; slugs differ between benchmarks.

    `benchmark` is its slug, `kind` its kind (an unknown kind has answer length alone). `judge` is the slug of
    the one judge whose verdicts are shown; without one the judged panels are left out. `references` are what
    answers were compared with; `both_orders`: each comparison was made twice, and a panel shows how often the verdict
    follows the order. `labels` names the labels of characters; None where there are none. A panel that is named here
    and has no ratings will say "no data".
    """
    declared = BENCHMARKS[kind].all_panels() if kind in BENCHMARKS else ()
    own = [panel for panel in declared if not panel.figure]
    pairwise = kind in BENCHMARKS and BENCHMARKS[kind].pairwise
    follows = [replace(_FOLLOWS, reference=references[0])] if both_orders and pairwise else []
    apart = [panel for panel in declared if panel.figure and (labels or not panel.labelled)]
    return tuple(
        _fill(panel, benchmark, judge, labels)
        for panel in (*own, *follows, WORDS, *apart)
        if (judge is not None or panel.judge != JUDGE) and (panel.reference is None or panel.reference in references)
    )


def _fill(panel: Panel, benchmark: str, judge: str | None, labels: str | None) -> Panel:
    filled = replace(panel, benchmark=benchmark, title=panel.title.replace("{labels}", labels or ""))
    slug = f"{benchmark}-{panel.slug}"
    if panel.judge == RULES:
        return replace(filled, slug=f"{slug}-by-{RULES}")
    if panel.judge == JUDGE:
        # The judge is part of the slug, so that two judges fit into one table.
        return replace(filled, slug=f"{slug}-by-{judge}", judge=judge)
    return replace(filled, slug=slug)
