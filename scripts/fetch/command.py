"""`personas fetch`: what it knows to fetch, by the name of its option."""

from collections.abc import Callable, Collection, Iterator, Mapping

from scripts.config import Config
from scripts.fetch.needed import hub_models, weights_cache


def fetch(config: Config, parts: Collection[str] = ()) -> Iterator[str]:
    """Fetch some parts (names in `PARTS`), or everything where none is named; yield lines to print."""
    for name, fetch_part in PARTS.items():
        if name in parts or not parts:
            yield from fetch_part(config)


def fetch_models(config: Config) -> Iterator[str]:
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


PARTS: Mapping[str, Callable[[Config], Iterator[str]]] = {"models": fetch_models}
"""What can be fetched, in this order."""
