"""What files are called in Snakemake's report."""

from pathlib import Path

_TITLES = {
    "grid": "The grid",
    "statuses": "How every planned row ended",
    "provenance": "Where the results come from",
}


def plain_name(path: str) -> str:
    """Return the name of a file without folder, digest and suffix."""
    return Path(path).name.rsplit(".", 2)[0]


def page_title(path: str) -> str:
    """Return what a page is called."""
    return _TITLES.get(plain_name(path), plain_name(path))
