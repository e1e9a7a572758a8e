"""Serve the pages on this machine alone, until Ctrl-C."""

import secrets
import socket
import webbrowser
from collections.abc import Callable
from threading import Thread

import uvicorn

from personas.core.errors import UserError
from personas.viewer.app import build_app
from personas.viewer.data.corpus import Corpus
from personas.viewer.guard import PARAMETER

HOST = "127.0.0.1"


def serve(corpus: Corpus, port: int, browser: bool, tell: Callable[[str], None] = print) -> None:
    """Serve a study until the process is interrupted; port 0 means any that is free.

    `tell` is given the address with its key. UserError where the port is taken.
    """
    key = secrets.token_urlsafe(24)
    with _bound(port) as bound:
        address = f"http://{HOST}:{bound.getsockname()[1]}/?{PARAMETER}={key}"
        Thread(target=corpus.query, daemon=True).start()  # so that the first page need not
        tell(f"{address}\nOpen it in a browser on this machine; Ctrl-C ends.")
        if browser:
            webbrowser.open(address)
        server = uvicorn.Server(uvicorn.Config(build_app(corpus, key), log_level="warning", access_log=False))
        server.run(sockets=[bound])


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen()  # who opens the address before the first answer can be given waits
    except (OSError, OverflowError) as error:
        bound.close()
        why = error.strerror if isinstance(error, OSError) else "no such port"
        raise UserError(f"--port {port}: {why}, expected a free port; 0 takes any.") from None
    return bound
