"""Download the repository of one model, as far as it is missing in the cache."""

import glob
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from huggingface_hub import hf_hub_download, snapshot_download

from personas.core.errors import UserError
from personas.external.cache import cache_folder, repository_folder, snapshot, snapshot_folder
from personas.external.download import finish, go_on, link, part_size
from personas.external.hub import Hub, RemoteFile
from personas.external.needed import HubModel
from personas.external.progress import Bytes

_AT_ONCE = 4
_LARGEST = 50 * 10**9
"""Bytes that the hub serves as one plain file at most; larger ones come by its own protocol, Xet, in pieces."""


@dataclass(frozen=True)
class FetchResult:
    """Where the weights of a model lie; `downloaded` bytes of them came now, 0 if they were there."""

    hub_model: HubModel
    folder: Path
    downloaded: int


def missing_bytes(hub_model: HubModel, files: Iterable[RemoteFile], hub: Hub) -> dict[Path, int]:
    """Return, by content, how many bytes are still to be downloaded."""
    missing = {_blob(hub_model, file, hub): file.size for file in files if not _is_here(hub_model, file, hub)}
    return {blob: max(0, size - part_size(blob)) for blob, size in missing.items() if not _is_whole(blob, size)}


def _is_here(hub_model: HubModel, file: RemoteFile, hub: Hub) -> bool:
    return _is_whole(snapshot_folder(hub_model.model, hub.cache) / file.name, file.size)


def _is_whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _drop_broken(hub_model: HubModel, files: Iterable[RemoteFile], hub: Hub) -> None:
    """Remove files of another size than listed, e.g. of a copy that was cut: the library takes them for whole."""
    for file in files:
        for path in (snapshot_folder(hub_model.model, hub.cache) / file.name, _blob(hub_model, file, hub)):
            if path.is_file() and not _is_whole(path, file.size):
                path.unlink()


def _blob(hub_model: HubModel, file: RemoteFile, hub: Hub) -> Path:
    return repository_folder(hub_model.model, hub.cache) / "blobs" / file.blob


def download(hub_model: HubModel, files: Sequence[RemoteFile], hub: Hub) -> FetchResult:
    """Download what is missing of one model: small files with the library, then large ones, a few side by side."""
    cache = cache_folder(hub.cache)
    locks = cache / ".locks" / repository_folder(hub_model.model, hub.cache).name
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / "personas.lock"):  # whoever waits here finds the work done
        missing = sum(missing_bytes(hub_model, files, hub).values())
        if missing or snapshot(hub_model.model, hub.cache) is None:
            _drop_broken(hub_model, files, hub)
            with Bytes(hub_model.slug, missing) as progress:
                _download_small(hub_model, [file for file in files if file.sha256 is None], hub)
                _download_large(hub_model, [file for file in files if file.sha256 is not None], hub, progress)
    folder = snapshot(hub_model.model, hub.cache)
    if folder is None:
        raise UserError(
            f"{hub_model.where}: {hub_model.model.id} is not complete in {cache} after its download, expected every "
            f"file that {hub.endpoint} lists; run the same command again."
        )
    return FetchResult(hub_model, folder, missing)


def _download_small(hub_model: HubModel, files: Sequence[RemoteFile], hub: Hub) -> None:
    """Download settings and the like. The library also notes in the cache what the repository holds."""
    hub.ask(
        hub_model,
        lambda: snapshot_download(
            hub_model.model.id,
            revision=hub_model.model.revision,
            cache_dir=hub.cache,
            endpoint=hub.endpoint,
            token=hub.token,
            allow_patterns=[glob.escape(file.name) for file in files],
            max_workers=_AT_ONCE,
        ),
    )


def _download_large(hub_model: HubModel, files: Sequence[RemoteFile], hub: Hub, progress: Bytes) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for future in [pool.submit(_download, hub_model, file, hub, progress) for file in files]:
                future.result()
        except BaseException:
            progress.stop.set()  # all of them stop at their next bytes
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _download(hub_model: HubModel, file: RemoteFile, hub: Hub, progress: Bytes) -> None:
    if _is_here(hub_model, file, hub):
        return
    if file.size > _LARGEST:
        _download_with_library(hub_model, file, hub)
        return
    blob = _blob(hub_model, file, hub)
    # A part that was left here may be wrong, e.g. where two wrote to it; one that begins now may not.
    if not (
        blob.exists() or _get(hub_model, file, blob, hub, progress) or _get(hub_model, file, blob, hub, progress)
    ):
        raise UserError(
            f"{hub_model.where}: {hub.endpoint} sends another content of {file.name} than it lists for "
            f"{hub_model.model.id}, expected one with the SHA-256 {file.sha256}; look at proxies and mirrors "
            "(HF_ENDPOINT)."
        )
    link(blob, snapshot_folder(hub_model.model, hub.cache) / file.name)


def _get(hub_model: HubModel, file: RemoteFile, blob: Path, hub: Hub, progress: Bytes) -> bool:
    """Download what is missing of a large file, however often it is cut off; tell whether its content is right."""
    blob.parent.mkdir(parents=True, exist_ok=True)
    before = part_size(blob)

    def has_progressed() -> bool:
        nonlocal before
        last, before = before, part_size(blob)
        return before > last

    address = hub.address(hub_model, file.name)
    hub.ask(hub_model, lambda: go_on(address, hub.token, blob, file.size, progress.advance), has_progressed)
    return finish(blob, file.sha256)


def _download_with_library(hub_model: HubModel, file: RemoteFile, hub: Hub) -> None:
    model = hub_model.model
    hub.ask(
        hub_model,
        lambda: hf_hub_download(
            model.id, file.name, revision=model.revision, cache_dir=hub.cache, endpoint=hub.endpoint, token=hub.token
        ),
    )
