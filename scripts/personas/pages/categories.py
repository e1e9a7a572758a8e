"""What files are called in Snakemake's report."""

from pathlib import Path

from personas.plan.artefact import Artefact

_TITLES = {
    "grid": "The grid",
    "statuses": "How every planned row ended",
    "provenance": "Where the results come from",
}


def title_of(artefact: Artefact, path: str) -> str:
    """Return what a file of an artefact is called."""
    return _TITLES.get(Path(path).name.partition(".")[0], artefact.title)
