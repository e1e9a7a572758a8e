"""Where the converted weights of a model lie."""

from pathlib import Path

import platformdirs

from personas.config.machine import Machine
from personas.engines.kinds.llama_cpp import CONVERSION_VERSION, Quantization
from personas.external.needed import weights_cache
from personas.external.weights_files import fingerprint


def converted_file(source: Path, to: Quantization, machine: Machine) -> Path:
    """Return the path of `source` converted to type `to`, there or not.

    It is below `machine.weights_cache`, or else in the cache of the user.
    """
    folder = (weights_cache(machine) or platformdirs.user_cache_path("personas")) / "converted"
    return folder / f"{fingerprint(source)[:32]}.{to}.v{CONVERSION_VERSION}.gguf"
