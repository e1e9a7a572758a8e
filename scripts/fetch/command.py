"""`personas fetch`: what it knows to fetch, by the name of its option."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from scripts.config import Config
from scripts.errors import UserError
from scripts.fetch.data import Origin, fetch_data
from scripts.fetch.needed import hub_models, weights_cache


def fetch(
    config: Config, parts: Collection[str] = (), folders: Sequence[Path] = (), mirror: str | None = None
) -> Iterator[str]:
    """Fetch some parts (names in `PARTS`), or everything where none is named; yield lines to print.

    `folders` and `mirror`: where data comes from instead.
    """
    if folders and mirror is not None:
        raise UserError("personas fetch: found both --from and --mirror, expected one of them.")
    origin = Origin.of(config, folders, mirror)
    for name, fetch_part in PARTS.items():
        if name in parts or not parts:
            yield from fetch_part(config, origin)


def _fetch_data(config: Config, origin: Origin) -> Iterator[str]:
    """Fetch the third-party files."""
    lines: list[str] = []
    fetch_data(config, origin=origin, say=lines.append)
    yield from lines


def fetch_models(config: Config, _origin: Origin) -> Iterator[str]:
    """Download the weights of the models and judges that take them from the hub."""
    models = hub_models(config).values()
    if not models:
        yield "Models: none takes its weights from the hub (engine: vllm without `weights`)."
        return
    from scripts.fetch.hub import Hub  # the hub's library is loaded only where a model needs it
    from scripts.fetch.weights import fetch_weights, gigabytes

    for done in fetch_weights(models, Hub(cache=weights_cache(config.machine))):
        what = f"{gigabytes(done.downloaded)} downloaded" if done.downloaded else "all there"
        yield f"{done.asked.where}: {done.asked.model.id}, {what}, in {done.folder}"


PARTS: Mapping[str, Callable[[Config, Origin], Iterator[str]]] = {"data": _fetch_data, "models": fetch_models}
"""What can be fetched, in this order."""
