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
from personas.external.repository import Fetched, download, missing_bytes


def fetch_weights(
    models: Iterable[HubModel],
    hub: Hub,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Iterator[Fetched]:
    """Download what is missing of the models' weights, and yield where each model lies once it is complete.

    All is looked up before anything is downloaded, so that what is refused, or does not fit on the disk (`free` tells
    the free bytes at an existing folder), is told at once. Raises UserError; what was downloaded stays.
    """
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of every try that we repeat
    disable_progress_bars()
    models = list(models)
    try:
        there = {asked.slug: snapshot(asked.model, hub.cache) for asked in models}
        listed = _listed([asked for asked in models if there[asked.slug] is None], hub)
        _refuse_full_disk(models, listed, hub, free)
        for asked in models:
            folder = there[asked.slug]
            yield Fetched(asked, folder, 0) if folder else download(asked, listed[asked.slug], hub)
    except KeyboardInterrupt:
        raise UserError("Interrupted; the same command goes on, what was downloaded stays.") from None
    except OSError as error:
        raise UserError(
            f"machine.weights_cache: {cache_folder(hub.cache)} cannot be written "
            f"({error.strerror or error}), expected a folder with enough space; what was downloaded stays."
        ) from None


def _listed(models: Sequence[HubModel], hub: Hub) -> Mapping[str, list[RemoteFile]]:
    """Return the wanted files by slug of the model; UserError has a sentence for every model that is refused."""
    found, wrong = dict[str, list[RemoteFile]](), list[str]()
    for asked in models:
        try:
            found[asked.slug] = hub.files(asked)
        except Unreachable:
            raise
        except UserError as error:
            wrong.append(str(error))
    if wrong:
        raise UserError("\n".join(wrong))
    return found


def _refuse_full_disk(
    models: Iterable[HubModel], listed: Mapping[str, list[RemoteFile]], hub: Hub, free: Callable[[Path], int]
) -> None:
    """Raise UserError where all that is to be downloaded is more than the disk of the cache has free."""
    missing: dict[Path, int] = {}
    for asked in models:
        missing |= missing_bytes(asked, listed.get(asked.slug, ()), hub)
    needed, cache = sum(missing.values()), cache_folder(hub.cache).absolute()
    room = free(next(folder for folder in (cache, *cache.parents) if folder.exists()))
    if needed > room:
        raise UserError(
            f"machine.weights_cache: the disk of {cache} has {gigabytes(room)} free, expected {gigabytes(needed)} "
            f"for the weights of {', '.join(listed)}; make room, or name a folder on another disk."
        )


def gigabytes(count: int) -> str:
    """Return a number of bytes in GB (10^9 bytes), three digits."""
    return f"{count / 1e9:,.0f} GB" if count >= 100e9 else f"{count / 1e9:.3g} GB"
