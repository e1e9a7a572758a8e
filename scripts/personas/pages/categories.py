"""What files are called in Snakemake's report, and their captions."""

from pathlib import Path

_GRID_PAGES = {
    "grid": "The grid",
    "statuses": "How every planned row ended",
    "provenance": "Where the results come from",
}
"""Pages that describe the grid: name -> title. Each has a caption of its own."""


def plain_name(path: str) -> str:
    """Return the name of a file without folder, digest and suffix."""
    return Path(path).name.rsplit(".", 2)[0]


def page_title(path: str) -> str:
    """Return what a page is called."""
    return _GRID_PAGES.get(plain_name(path), plain_name(path))


def page_caption(path: str) -> str:
    """Return the file, seen from `rules/`, with the caption of a page."""
    name = plain_name(path)
    return f"captions/{name if name in _GRID_PAGES else 'page'}.rst"
