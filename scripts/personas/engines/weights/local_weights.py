"""Where the weights of a model that vLLM serves lie on this machine."""

from pathlib import Path

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.engines.kinds.vllm import VllmModel
from personas.external.cache import snapshot
from personas.external.needed import weights_cache
from personas.external.weights_files import locate_folder


def local_weights(model: VllmModel, where: str, machine: Machine) -> Path:
    """Return the folder of a model's weights; UserError names the field `where` if they are not there.

    Nothing is downloaded here: the time of a GPU runs already.
    """
    if model.weights:
        return locate_folder(model.weights, f"{where}.weights")
    folder = snapshot(model, weights_cache(machine))
    if folder is None:
        raise UserError(
            f"{where}: the weights of {model.id} at {model.revision} are not on this machine, expected them there "
            "before an engine starts; `personas fetch --models` downloads them (docs/fetch.md)."
        )
    return folder
