"""Checks of a config that span sections: models that write user turns, released models, comparisons."""

from typing import TYPE_CHECKING

from personas.config.kinds import is_pairwise
from personas.config.users import SAME

if TYPE_CHECKING:
    from personas.config.root import Config


def check_users(config: "Config") -> None:
    """Raise ValueError for a model of user turns that there is not or that cannot be asked, or a replay by nobody."""
    for slug, model in config.users.items():
        if slug in config.models or slug in config.judges or slug == SAME:
            raise ValueError(f"users.{slug}: found a slug that is taken, expected another: each has a journal")
        if model.is_imported:
            raise ValueError(f"users.{slug}: found engine {model.engine}, expected one that can be asked")
    for slug, condition in config.conditions.items():
        if condition.user and condition.user.model not in (SAME, *config.users):
            raise ValueError(
                f"conditions.{slug}.user.model: found {condition.user.model}, expected "
                f"{', '.join((SAME, *config.users))}"
            )
        if condition.user and condition.user.replay and not config.personas.baseline:
            raise ValueError(
                f"conditions.{slug}.user.replay: found persona, expected it with personas.baseline: true only: it is "
                "the baseline that answers again"
            )


def check_released_models(config: "Config") -> None:
    """Raise ValueError where a released model has no release, or its folder is named twice."""
    models = {f"models.{slug}": model for slug, model in config.models.items()}
    models |= {f"judges.{slug}.model": judge.model for slug, judge in config.judges.items()}
    directories: dict[tuple[bool, str], str] = {}
    for where, model in models.items():
        if model.released_as is None:
            continue
        if config.release is None:
            raise ValueError(f"release: missing, expected release.folder, because {where} has engine released")
        first = directories.setdefault((where.startswith("judges"), model.released_as), where)
        if first != where:
            raise ValueError(f"{where}.directory: found {model.released_as!r} as in {first}, expected each once")


def check_baseline_orders(config: "Config") -> None:
    """Raise ValueError for an order of a benchmark that has none."""
    orders = config.release.baseline_order if config.release else None
    bound = [slug for slug in config.benchmarks if is_pairwise(config.kind_of(slug))]
    if isinstance(orders, dict) and (strange := [slug for slug in orders if slug not in bound]):
        raise ValueError(
            f"release.baseline_order: found {strange[0]}, expected some of {', '.join(bound) or 'none'}, the "
            "benchmarks whose items belong to personas"
        )


def check_comparisons(config: "Config") -> None:
    """Raise ValueError for a comparison of what is not in the grid."""
    for slug, comparison in config.comparison.items():
        models = comparison.models or ()
        if strange := [model for model in models if model not in config.models]:
            raise ValueError(
                f"comparison.{slug}.models: found {strange[0]}, expected some of {', '.join(config.models)}"
            )
        if models and models[0] == models[1]:
            raise ValueError(f"comparison.{slug}.models: found {models[0]} twice, expected two models")
        if comparison.released and not any(m.is_imported for m in config.models.values()):
            raise ValueError(f"comparison.{slug}.released: found true, expected a model with engine released")


def check_noise(config: "Config") -> None:
    """Raise ValueError where the part that is repeated is not repeated more often than the rest."""
    if config.noise is not None and config.noise.replicates <= config.replicates:
        raise ValueError(
            f"noise.replicates: found {config.noise.replicates}, expected more than the {config.replicates} that all "
            "dialogues have"
        )


SPANNING = (check_noise, check_users, check_released_models, check_baseline_orders, check_comparisons)
