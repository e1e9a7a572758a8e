"""Write one page of what was found."""

from collections.abc import Callable, Mapping

from personas.core.files import write_atomically
from personas.core.parquet import read_frame
from personas.pages.cards import card_page
from personas.pages.changed_items import changed_page
from personas.pages.compared import compared_page
from personas.plan.artefact import Artefact
from personas.plan.frozen import FrozenPlan


def write_page(frozen: FrozenPlan, output: str) -> None:
    """Write the page of the artefact `output`."""
    artefact = frozen.artefact(output)
    text = PAGES[artefact.spec["kind"]](frozen, artefact)
    write_atomically(frozen.results / artefact.outputs[0], text.encode())


def _card(frozen: FrozenPlan, artefact: Artefact) -> str:
    cards, coverage = (read_frame(frozen.results / path) for path in artefact.inputs[:2])
    spec = artefact.spec
    figure = frozen.results / artefact.inputs[2]
    return card_page(spec["model"], spec["facts"], cards, coverage, figure, spec["note"])


def _models(frozen: FrozenPlan, artefact: Artefact) -> str:
    return compared_page(read_frame(frozen.results / artefact.inputs[0]), artefact.spec["note"])


def _changed(frozen: FrozenPlan, artefact: Artefact) -> str:
    return changed_page(read_frame(frozen.results / artefact.inputs[0]), artefact.spec["note"])


PAGES: Mapping[str, Callable[[FrozenPlan, Artefact], str]] = {
    "card": _card,
    "models": _models,
    "changed-items": _changed,
}
"""Kind of page -> how it is written."""
