"""`personas fetch`: what it knows to fetch, by the name of its option."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from personas.config import Config
from personas.core.errors import UserError
from personas.external.data import Origin
from personas.external.needed import hub_models, weights_cache
from personas.grid.fetch import fetch_data


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
    from personas.external.hub import Hub  # the hub's library is loaded only where a model needs it
    from personas.external.weights import fetch_weights, gigabytes

    for result in fetch_weights(models, Hub(cache=weights_cache(config.machine))):
        what = f"{gigabytes(result.downloaded)} downloaded" if result.downloaded else "all there"
        yield f"{result.hub_model.where}: {result.hub_model.model.id}, {what}, in {result.folder}"


PARTS: Mapping[str, Callable[[Config, Origin], Iterator[str]]] = {"data": _fetch_data, "models": fetch_models}
"""What can be fetched, in this order."""
