"""Who is asked for a cell."""

from personas.config import Config
from personas.config.models import ModelSection


def asked_model(config: Config, model: str, judge: str | None) -> ModelSection:
    """Return the model that is asked for a cell: the judge's own, or the one that is measured."""
    return config.judges[judge].model if judge else config.models[model]
