"""Downloads that go on where they broke off: pooch fetches, checks and moves; this is the transport below it."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch
import requests
import urllib3

from personas.core.errors import UserError

ATTEMPTS = 4
_BLOCK = 1 << 16
_BROKEN = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses of a server that may answer a moment later."""


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a connection, for the next bytes, and before the second attempt (doubled each time)."""

    connect: float = 15.0
    read: float = 60.0
    pause: float = 1.0


def download(url: str, folder: Path, sha256: str | None, patience: Patience | None = None) -> Path:
    """Download `url` into `folder` and return the path; what broke off is kept there and goes on next time.

    UserError says why the file did not come; a file with another checksum is thrown away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("WARNING")  # we say ourselves what came
    name = hashlib.sha256(url.encode()).hexdigest()[:24]
    part = folder / f"{name}.part"
    try:
        checksum = f"sha256:{sha256}" if sha256 else None
        fetch = _Resuming(part, patience or Patience())
        whole = pooch.retrieve(url, known_hash=checksum, fname=name, path=folder, downloader=fetch)
    except requests.RequestException as error:
        raise UserError(f"{url}: cannot be downloaded ({type(error).__name__}: {error}).") from None
    except ValueError:  # pooch's word for another checksum
        raise UserError(f"{url}: its content has another sha256 than {sha256}, which was expected.") from None
    finally:
        if not (folder / name).exists() and part.exists() and part.stat().st_size == 0:
            part.unlink()
    return Path(whole)


class _Resuming:
    """A downloader as pooch calls it: appends to a part file, asking for the rest of it, until all of it is there."""

    def __init__(self, part: Path, patience: Patience) -> None:
        self._part, self._patience = part, patience

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._go_on(url)
                break
            except _BROKEN as error:
                if attempt == ATTEMPTS:
                    raise UserError(f"{url}: {_why(error)} ({ATTEMPTS} attempts).") from None
            except _Passing as error:
                if attempt == ATTEMPTS:
                    raise UserError(f"{url}: {error} ({ATTEMPTS} attempts).") from None
            time.sleep(self._patience.pause * 2 ** (attempt - 1))
        self._part.replace(output_file)

    def _go_on(self, url: str) -> None:
        offset = self._part.stat().st_size if self._part.exists() else 0
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        headers["Accept-Encoding"] = "identity"  # a packed answer could not be gone on with
        with requests.get(
            url, headers=headers, stream=True, timeout=(self._patience.connect, self._patience.read)
        ) as reply:
            if reply.status_code == requests.codes.requested_range_not_satisfiable:
                self._part.unlink()  # longer than the file, or whole: begin again rather than guess
                raise _Short("the part that was here does not fit")
            _check_status(url, reply)
            mode = "ab" if reply.status_code == requests.codes.partial_content else "wb"
            with self._part.open(mode) as file:
                # Not iter_content, which throws away what it has of a block when the connection ends.
                while block := reply.raw.read1(_BLOCK):
                    file.write(block)
            _check_length(reply, self._part.stat().st_size - (offset if mode == "ab" else 0))


class _Short(requests.ConnectionError):
    """Fewer bytes came than were told."""


class _Passing(Exception):
    """The server said that it may answer later."""


def _check_status(url: str, reply: requests.Response) -> None:
    if reply.status_code in _PASSING:
        raise _Passing(f"the server answered {reply.status_code}")
    if reply.status_code >= 400:
        raise UserError(f"{url}: the server answered {reply.status_code} {reply.reason}, expected the file.")


def _check_length(reply: requests.Response, got: int) -> None:
    length = reply.headers.get("content-length")
    if length is not None and got != int(length):
        raise _Short(f"the connection broke off, with {got} of {length} bytes")


def _why(error: Exception) -> str:
    kinds: list[tuple[type[Exception], str]] = [
        (requests.ConnectTimeout, "no connection in time"),
        (requests.ReadTimeout, "the server fell silent"),
        (urllib3.exceptions.ReadTimeoutError, "the server fell silent"),
        (_Short, str(error)),
        (urllib3.exceptions.HTTPError, "the connection broke off"),
    ]
    return next((text for kind, text in kinds if isinstance(error, kind)), "no connection")
