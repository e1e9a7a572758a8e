"""The model hub: what a repository holds at a commit; calls that are repeated where that may help."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from httpx2 import HTTPError
from huggingface_hub import HfApi, constants, get_hf_file_metadata, get_token, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from huggingface_hub.hf_api import RepoSibling

from personas.core.cleaning import one_line
from personas.core.errors import UserError
from personas.external.cache import COMMIT, cache_folder, is_wanted
from personas.external.failures import sentence
from personas.external.needed import HubModel
from personas.external.reference import is_inside

T = TypeVar("T")

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try of what may succeed later: overload, server errors, broken connections."""

_SHA256 = re.compile("[0-9a-f]{64}")
_BLOB = re.compile("([0-9a-f]{40,64})?")
"""The id of a small file in git; old hubs list none."""

_TIMEOUT = 30.0
_LONGEST_PAUSE = 300.0
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class RemoteFile:
    """A wanted file of a repository: its size in bytes, and the name of its content in the cache.

    `sha256` is the hash of a large file; small ones have none.
    """

    name: str
    size: int
    blob: str
    sha256: str | None


class Hub:
    """A hub at its address (default: HF_ENDPOINT, or huggingface.co), with the user's token (HF_TOKEN) if any."""

    def __init__(self, endpoint: str | None = None, token: str | None = None, cache: Path | None = None) -> None:
        self.endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        self.token = token or get_token() or False
        self.cache = cache

    def files(self, hub_model: HubModel) -> list[RemoteFile]:
        """Return the wanted files of a model's repository at its pinned revision.

        Raises UserError, also where the revision is a branch or tag, the format is another, or access is refused.
        """
        model = hub_model.model
        api = HfApi(endpoint=self.endpoint, token=self.token)
        info = self.ask(
            hub_model,
            lambda: api.model_info(model.id, revision=model.revision, files_metadata=True, timeout=_TIMEOUT),
        )
        if not COMMIT.fullmatch(model.revision):
            raise UserError(
                f"{hub_model.where}.revision: found {model.revision!r}, which is {info.sha} now and may move, "
                "expected that commit."
            )
        if info.sha != model.revision:
            raise self._other_form(hub_model, f"the commit {info.sha!r}", f"{model.revision}, which was asked for")
        files = [
            self._check(hub_model, _remote_file(sibling))
            for sibling in info.siblings or ()
            if is_wanted(sibling.rfilename, model.allows_code)
        ]
        names = {file.name for file in files}
        if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
            raise UserError(
                f"{hub_model.where}.id: {model.id} has no config.json, or no weights as .safetensors files, at this "
                "revision, expected both."
            )
        self.ask(
            hub_model, lambda: get_hf_file_metadata(self.address(hub_model, "config.json"), self.token, _TIMEOUT)
        )
        return files

    def _check(self, hub_model: HubModel, file: RemoteFile) -> RemoteFile:
        """Return a file as listed; UserError where names or sizes are none: paths in the cache are made of them."""
        if not is_inside(file.name):
            raise self._other_form(hub_model, f"the file {file.name!r}", "a path inside the repository")
        if not (_SHA256 if file.sha256 is not None else _BLOB).fullmatch(file.blob):
            raise self._other_form(hub_model, f"the hash {file.blob!r} of {file.name}", "hexadecimal digits")
        if not isinstance(file.size, int) or file.size < 0:
            raise self._other_form(hub_model, f"the size {file.size!r} of {file.name}", "bytes")
        return file

    def _other_form(self, hub_model: HubModel, what: str, expected: str) -> UserError:
        return UserError(
            f"{hub_model.where}.id: {self.endpoint} lists {one_line(what, 200)} for {hub_model.model.id}, expected "
            f"{expected}; nothing was downloaded. Look at mirrors (HF_ENDPOINT)."
        )

    def address(self, hub_model: HubModel, file: str) -> str:
        """Return the address of a file of a model's repository."""
        return hf_hub_url(hub_model.model.id, file, revision=hub_model.model.revision, endpoint=self.endpoint)

    def ask(
        self, hub_model: HubModel, call: Callable[[], T], has_progressed: Callable[[], bool] = lambda: False
    ) -> T:
        """Call the hub, again after a pause where that may help; other failures are UserError.

        `has_progressed` tells whether a failed call got something done: then all further tries are granted anew.
        """
        pauses = iter(PAUSES)
        while True:
            try:
                return call()
            except (HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, ValueError) as error:
                cause = _cause(error)
                pauses = iter(PAUSES) if has_progressed() else pauses
                pause = next(pauses, None) if _may_pass(cause) else None
                if pause is None:
                    raise sentence(
                        hub_model, cause, self.endpoint, bool(self.token), cache_folder(self.cache)
                    ) from None
                time.sleep(max(pause, _requested_pause(cause)))


def _remote_file(sibling: RepoSibling) -> RemoteFile:
    lfs = sibling.lfs
    if lfs is not None:
        return RemoteFile(sibling.rfilename, lfs.size, lfs.sha256, lfs.sha256)
    return RemoteFile(sibling.rfilename, sibling.size or 0, sibling.blob_id or "", None)


def _cause(error: BaseException) -> BaseException:
    """Return what lies behind an error: the libraries wrap a failed request into `not in the cache`."""
    while isinstance(error, LocalEntryNotFoundError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _TRANSIENT
    return isinstance(error, HTTPError) and not isinstance(error, OfflineModeIsEnabled)


def _requested_pause(error: BaseException) -> float:
    """Return the seconds that the hub asks to wait, at most five minutes."""
    value = error.response.headers.get("retry-after", "") if isinstance(error, HfHubHTTPError) else ""
    return min(float(value), _LONGEST_PAUSE) if value.isdigit() else 0.0
