"""Which models of a config take their weights from the hub, and which of those are not here yet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from personas.config import Config
from personas.config.machine import Machine
from personas.config.models import ModelSection
from personas.external.cache import snapshot


@dataclass(frozen=True)
class HubModel:
    """A model or judge with weights on the hub; `where` is its place in the config."""

    slug: str
    where: str
    model: ModelSection


@dataclass(frozen=True)
class Fetch:
    """Weights that a run has to download first: those of the model or judge `slug`."""

    slug: str
    where: str
    id: str
    revision: str

    @property
    def name(self) -> str:
        """The name of its rule."""
        return f"fetch_{self.slug}"


def hub_models(config: Config) -> dict[str, HubModel]:
    """Return the models, judges and users with weights on the hub by slug, in the order of the config."""
    return {model.slug: model for model in _hub_models(config)}


def _hub_models(config: Config) -> Iterator[HubModel]:
    sections: list[tuple[str, str, ModelSection]] = [
        (slug, f"models.{slug}", model) for slug, model in config.models.items()
    ]
    sections += [(slug, f"judges.{slug}.model", judge.model) for slug, judge in config.judges.items()]
    sections += [(slug, f"users.{slug}", model) for slug, model in config.users.items()]
    for slug, where, model in sections:
        if model.is_on_hub:
            yield HubModel(slug, where, model)


def weights_cache(machine: Machine) -> Path | None:
    """Return the folder of downloaded weights; None for that of the Hugging Face libraries."""
    return Path(machine.weights_cache).expanduser() if machine.weights_cache else None


def lacking(config: Config, slugs: Iterable[str]) -> list[Fetch]:
    """Return what to download for the models and judges that are asked, given by slug; looks at the disk only."""
    slug_set, cache = frozenset(slugs), weights_cache(config.machine)
    return [
        Fetch(model.slug, model.where, model.model.id, model.model.revision)
        for slug, model in hub_models(config).items()
        if slug in slug_set and snapshot(model.model, cache) is None
    ]
