"""The pages as files that open without a server: for a paper's supplement.

The same pages are written as the server would answer, links followed from the start page on, until a number of bytes
is reached. What has no place then is linked to a page that says so.
"""

import hashlib
import re
import shutil
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.routing import compile_path

from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.viewer.app import PAGES
from personas.viewer.data.corpus import Corpus
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import FOLDER, View, address, write

START, LEFT_OUT = "index.html", "left-out.html"
_ROUTES = [
    (compile_path(path)[0], show)
    for path, show in PAGES.items()
    if path != "/progress" and not path.startswith("/annotate")
]
_HREF = re.compile(r'href="(p-[0-9a-f]{16}\.html)(#[^"]*)?"')


@dataclass
class _Links:
    """Names a file for each address that a page links to, and remembers those that are new."""

    names: dict[str, str] = field(default_factory=lambda: {"/": START})
    waiting: deque[str] = field(default_factory=lambda: deque(["/"]))

    def __call__(self, path: str, **query: object) -> str:
        whole = address(path, **query)
        if path.startswith("/static/"):
            return path.removeprefix("/")
        if whole not in self.names:
            self.names[whole] = f"p-{hashlib.sha256(whole.encode()).hexdigest()[:16]}.html"
            self.waiting.append(whole)
        return self.names[whole]


def bundle(corpus: Corpus, folder: Path, megabytes: float) -> Iterator[str]:
    """Write the pages into a new or empty folder; yield lines to print. UserError where there is something already.

    `megabytes`: of pages together, at most; the start page is written in any case.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: there is something already, expected a new or empty folder.")
    shutil.copytree(FOLDER / "static", folder / "static", ignore=shutil.ignore_patterns("*.js"))
    links, size = _Links(), 0
    pages: set[str] = set()
    while links.waiting:
        whole, names_before = links.waiting.popleft(), dict(links.names)
        text = _page(corpus, whole, links).encode()
        if pages and size + len(text) > megabytes * 1e6:
            links.names = names_before  # nobody sees what this one links to
            break
        write_atomically(folder / links.names[whole], text)
        size += len(text)
        pages.add(links.names[whole])
    yield f"{folder / START}: {len(pages):,} pages, {size / 1e6:.1f} MB."
    if left_out := len(links.names) - len(pages):
        sentence = f"{left_out:,} pages that others link to are left out: the folder holds at most {megabytes:g} MB."
        write_atomically(folder / LEFT_OUT, write(_sentence("Left out", sentence), links, served=False).encode())
        for name in pages | {LEFT_OUT}:
            _lead_elsewhere(folder / name, pages)
        yield sentence


def _page(corpus: Corpus, whole: str, links: _Links) -> str:
    """Return the page of an address, with links to files."""
    parts = urlsplit(whole)
    match, show = next((match, show) for route, show in _ROUTES if (match := route.match(unquote(parts.path))))
    try:
        view = show(corpus, Parameters({**dict(parse_qsl(parts.query)), **match.groupdict()}))
    except (Missing, UserError) as error:
        view = _sentence("Not here", str(error))
    return write(view, links, served=False)


def _sentence(title: str, sentence: str) -> View:
    return View("sentence", title, {"sentence": sentence})


def _lead_elsewhere(file: Path, pages: Collection[str]) -> None:
    """Let the links of a page to pages that were left out lead to the one that says so."""

    def lead(match: re.Match[str]) -> str:
        return match[0] if match[1] in pages else f'href="{LEFT_OUT}"'

    write_atomically(file, _HREF.sub(lead, file.read_text(encoding="utf-8")).encode())
