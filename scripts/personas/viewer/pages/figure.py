"""One figure by the name of its file, and the way from it to the texts behind its measures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personas.viewer.asked import Asked, Missing
from personas.viewer.corpus import Corpus
from personas.viewer.measured import named, present, rated
from personas.viewer.view import View


def figure(corpus: Corpus, asked: Asked) -> View:
    """Return the page of a figure; Missing where the last run drew none of that name."""
    name = asked.text("name") or ""
    # Looked up, not joined: an address is no path.
    if not any(path.stem == name for path in (corpus.results / "current/figures").glob("*.png")):
        raise Missing(f"figures/{name}: no such figure, expected one of the last run.")
    drawn = [made for made in corpus.artefacts if made.name == name and made.stage == "figures"]
    shown = {value for made in drawn for value in _texts(made.spec)}
    title = drawn[0].title if drawn else name
    told = {measure["measure"] for measure in rated(corpus)}
    measures = [(measure, measure["measure"] in told) for measure in present(corpus) if measure["measure"] in shown]
    return View("figure", title, {"name": name, "measures": measures, "named": named})


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in plain JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)
