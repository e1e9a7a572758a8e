"""One figure by the name of its file, and the way from it to the texts behind its measures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personas.viewer.data.corpus import Corpus
from personas.viewer.data.measures import measure_name, present, rated_measures
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import View


def figure(corpus: Corpus, params: Parameters) -> View:
    """Return the page of a figure; Missing where the last run drew none of that name."""
    name = params.text("name") or ""
    # Looked up, not joined: an address is no path.
    if not any(path.stem == name for path in (corpus.results / "current/figures").glob("*.png")):
        raise Missing(f"figures/{name}: no such figure, expected one of the last run.")
    artefacts = [artefact for artefact in corpus.artefacts if artefact.name == name and artefact.stage == "figures"]
    texts = {value for artefact in artefacts for value in _texts(artefact.spec)}
    title = artefacts[0].title if artefacts else name
    with_ratings = {measure["measure"] for measure in rated_measures(corpus)}
    measures = [
        (measure, measure["measure"] in with_ratings) for measure in present(corpus) if measure["measure"] in texts
    ]
    return View("figure", title, {"name": name, "measures": measures, "named": measure_name})


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in plain JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)
