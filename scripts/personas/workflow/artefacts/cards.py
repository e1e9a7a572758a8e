"""Cards of models as artefacts: measures over the dialogue, a page for each model, and one for all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest
from personas.workflow.artefacts.sections import sections

_PAGES = {
    "card": ("pages/cards.py",),
    "models": ("pages/cards.py", "pages/compared.py"),
    "changed-items": ("pages/changed_items.py",),
}
"""Kind of page -> the modules that write it."""


_FAMILIES = {"card": "model_card_page", "models": "models_page", "changed-items": "changed_items_page"}


def cards(
    grid: Grid,
    table: Callable[..., Artefact],
    values: Sequence[str],
    counts: Sequence[str],
    measures: Sequence[Mapping[str, Any]],
) -> list[Artefact]:
    """Return the series of every model, and the cards' table.

    `table` makes an artefact of a table; `counts` are the counts of patterns, none where nothing is mined.
    """
    config, given = grid.study.config, [*values, *counts]
    checkpoints, parts = list(config.checkpoints), sections(config, measures, bool(counts))
    series = table("model-series", "model-series", given, drawn=True, checkpoints=checkpoints)
    told = {"sections": parts, "models": list(config.models), "checkpoints": checkpoints}
    return [series, table("model-cards", "model-cards", given, drawn=True, **told)]


def pages(grid: Grid, known: Mapping[str, Artefact], figures: Sequence[Artefact]) -> Iterator[Artefact]:
    """Yield a page per model with its figure, one that compares them, and the items that changed most.

    `known` are the tables by plain name.
    """
    rows, counted = known["model-cards"].outputs[0], known["coverage"].outputs[0]
    for figure in figures:
        model = figure.spec["model"]
        inputs = [rows, counted, figure.outputs[1]]
        yield _page(grid, f"card-{model}", "card", inputs, model=model, facts=_facts(grid, model))
    yield _page(grid, "models", "models", [rows])
    if "changed-texts" in known:
        yield _page(grid, "changed-items", "changed-items", known["changed-texts"].outputs[:1])


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
    ]


def _page(grid: Grid, name: str, kind: str, inputs: Sequence[str], **shown: Any) -> Artefact:
    source = source_digest("pages/written.py", "pages/pages.py", *_PAGES[kind])
    spec = {"kind": kind, **shown, "note": grid.study.config.figures.note, "source": source}
    return artefact(_FAMILIES[kind], "write_page", [f"report/{name}.html"], inputs, spec)
