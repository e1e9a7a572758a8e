"""Download pinned weights into the cache of the Hugging Face libraries, as far as they are not there."""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from huggingface_hub.utils import disable_progress_bars

from personas.core.errors import UserError
from personas.external.cache import cache_folder, snapshot
from personas.external.failures import Unreachable
from personas.external.hub import Hub, RemoteFile
from personas.external.needed import HubModel
from personas.external.repository import FetchResult, download, missing_bytes


def fetch_weights(
    models: Iterable[HubModel],
    hub: Hub,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Iterator[FetchResult]:
    """Download what is missing of the models' weights, and yield where each model lies once it is complete.

    All is looked up before anything is downloaded, so that what is refused, or does not fit on the disk (`free` tells
    the free bytes at an existing folder), is told at once. Raises UserError; what was downloaded stays.
    """
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of every try that we repeat
    disable_progress_bars()
    models = list(models)
    try:
        there = {model.slug: snapshot(model.model, hub.cache) for model in models}
        files = _files_by_slug([model for model in models if there[model.slug] is None], hub)
        _refuse_full_disk(models, files, hub, free)
        for model in models:
            folder = there[model.slug]
            yield FetchResult(model, folder, 0) if folder else download(model, files[model.slug], hub)
    except KeyboardInterrupt:
        raise UserError("Interrupted; the same command goes on, what was downloaded stays.") from None
    except OSError as error:
        raise UserError(
            f"machine.weights_cache: {cache_folder(hub.cache)} cannot be written "
            f"({error.strerror or error}), expected a folder with enough space; what was downloaded stays."
        ) from None


def _files_by_slug(models: Sequence[HubModel], hub: Hub) -> Mapping[str, list[RemoteFile]]:
    """Return the wanted files by slug of the model; UserError has a sentence for every model that is refused."""
    files, wrong = dict[str, list[RemoteFile]](), list[str]()
    for model in models:
        try:
            files[model.slug] = hub.files(model)
        except Unreachable:
            raise
        except UserError as error:
            wrong.append(str(error))
    if wrong:
        raise UserError("\n".join(wrong))
    return files


def _refuse_full_disk(
    models: Iterable[HubModel], files: Mapping[str, list[RemoteFile]], hub: Hub, free: Callable[[Path], int]
) -> None:
    """Raise UserError where all that is to be downloaded is more than the disk of the cache has free."""
    missing: dict[Path, int] = {}
    for model in models:
        missing |= missing_bytes(model, files.get(model.slug, ()), hub)
    size, cache = sum(missing.values()), cache_folder(hub.cache).absolute()
    room = free(next(folder for folder in (cache, *cache.parents) if folder.exists()))
    if size > room:
        raise UserError(
            f"machine.weights_cache: the disk of {cache} has {gigabytes(room)} free, expected {gigabytes(size)} "
            f"for the weights of {', '.join(files)}; make room, or name a folder on another disk."
        )


def gigabytes(count: int) -> str:
    """Return a number of bytes in GB (10^9 bytes), three digits."""
    return f"{count / 1e9:,.0f} GB" if count >= 100e9 else f"{count / 1e9:.3g} GB"
