"""The pages by their addresses."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import duckdb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from personas.core.errors import UserError
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.texts import whole
from personas.viewer.guard import Guard
from personas.viewer.pages.annotation import annotate, label, samples
from personas.viewer.pages.answers import answers
from personas.viewer.pages.behind import behind
from personas.viewer.pages.dialogue import compare, dialogue
from personas.viewer.pages.dialogues import dialogues
from personas.viewer.pages.figure import figure
from personas.viewer.pages.items import item, items
from personas.viewer.pages.overview import overview, progress
from personas.viewer.pages.progression import progression
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import FOLDER, View, address, write

Show = Callable[[Corpus, Parameters], View]

PAGES: Mapping[str, Show] = {
    "/": lambda corpus, asked: overview(corpus),
    "/progress": lambda corpus, asked: progress(corpus),
    "/dialogues": dialogues,
    "/dialogues/{name:path}": dialogue,
    "/behind/{checkpoint}/{name:path}": behind,
    "/compare": compare,
    "/answers": answers,
    "/items": items,
    "/item": item,
    "/progression": progression,
    "/figures/{name}": figure,
    "/annotate": samples,
    "/annotate/{sample}": annotate,
}
"""Address -> what shows it."""

_FILES = {"figures": ".png", "report": ".html"}
"""Folders of `current/` whose files are served as they are."""
_REPORT = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}
"""What a page of the report may do: it brings its style along, and has no scripts."""


def build_app(corpus: Corpus, key: str) -> ASGIApp:
    """Return the application: every page, for those who know the key."""
    routes: list[BaseRoute] = [
        *(Route(path, _endpoint(corpus, show)) for path, show in PAGES.items()),
        Route("/annotate/{sample}", _labelling(corpus), methods=["POST"]),
        Route("/text/{row:int}/{column}/{file:path}", lambda request: _text(corpus, request)),
        Route("/files/{folder}/{name}", lambda request: _file(corpus, request)),
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
    ]
    handlers = {UserError: _mistake, Missing: _missing, HTTPException: _missing, duckdb.Error: _unreadable}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), key)


def _endpoint(corpus: Corpus, show: Show) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        params = Parameters({**request.query_params, **request.path_params})
        return HTMLResponse(write(show(corpus, params)))

    return answer


def _labelling(corpus: Corpus) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        path, query = await run_in_threadpool(label, corpus, Parameters({**form, **request.path_params}))
        return RedirectResponse(address(path, **query), 303)

    return answer


def _text(corpus: Corpus, request: Request) -> Response:
    """Serve all of a text of a cell, as plain text."""
    file, row, column = (request.path_params[name] for name in ("file", "row", "column"))
    cell = corpus.by_plain_path.get(file)
    text = whole(corpus, cell, row, column) if cell and corpus.has(cell) else None
    if text is None:
        raise Missing("There is no such text.")
    return PlainTextResponse(text)


def _file(corpus: Corpus, request: Request) -> Response:
    """Serve a current figure, or page of the report, by its plain name."""
    folder, name = request.path_params["folder"], Path(request.path_params["name"])
    path = corpus.results / "current" / folder / name
    if _FILES.get(folder) != name.suffix or not path.is_file():
        raise Missing(f"{folder}/{name}: no such file, expected one of the last run.")
    return FileResponse(path, headers=_REPORT if folder == "report" else None)


def _mistake(request: Request, error: Exception) -> Response:
    return HTMLResponse(write(View("sentence", "Not understood", {"sentence": str(error)})), 400)


def _unreadable(request: Request, error: Exception) -> Response:
    """Say that a file is broken, or went while it was read."""
    sentence = f"A file cannot be read: {str(error).splitlines()[0]}"
    return HTMLResponse(write(View("sentence", "Not readable", {"sentence": sentence})), 500)


def _missing(request: Request, error: Exception) -> Response:
    sentence = str(error) if isinstance(error, Missing) else "There is no such page."
    return HTMLResponse(write(View("sentence", "Not here", {"sentence": sentence})), 404)
