"""The embedded engine as a process: llama.cpp's HTTP server through xllamacpp, on 127.0.0.1.

The key comes from the environment variable PERSONAS_ENGINE_KEY, never from the command line.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import get_args

import xllamacpp

from personas.core.errors import UserError
from personas.engines.kinds.llama_cpp import KEY_VARIABLE, Quantization


def parameters(arguments: argparse.Namespace, weights: Path, key: str) -> xllamacpp.CommonParams:
    """Return the server's settings. Each lane has a context of its own, so lanes never evict each other."""
    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights)
    settings.model_alias = {arguments.served_name}
    settings.hostnames = ["127.0.0.1"]
    settings.port = arguments.port
    settings.api_keys = [key]
    settings.n_parallel = arguments.lanes
    settings.n_ctx = arguments.lanes * arguments.context_length
    settings.cpuparams.n_threads = arguments.threads
    settings.cpuparams_batch.n_threads = arguments.threads
    settings.cpuparams.poll = 0  # waiting threads sleep: spinning ones steal from whatever shares the machine
    settings.cpuparams_batch.poll = 0
    settings.cache_ram_mib = 0  # finished prompts stay in their lane; a second copy only costs memory
    settings.ctx_shift = False  # a prompt that does not fit is an error with a name, never a silent cut
    settings.use_jinja = True
    settings.ui = False
    settings.endpoint_slots = False
    settings.verbosity = 2
    return settings


def _weights(arguments: argparse.Namespace) -> Path:
    """Return the file to load; the process ends with one sentence where it has to be converted and cannot be."""
    weights, converted = Path(arguments.weights), arguments.converted
    if converted is None:
        return weights
    from personas.engines.weights.conversion import convert  # not everybody who starts an engine needs it

    try:
        convert(weights, arguments.quantization, converted)
    except UserError as error:
        sys.exit(f"{arguments.where}.quantization: {error}")
    except OSError as error:
        sys.exit(
            f"{arguments.where}.quantization: {error}; expected to read {weights} and to write in {converted.parent} "
            "(machine.weights_cache)."
        )
    return Path(converted)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--served-name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lanes", type=int, required=True)
    parser.add_argument("--context-length", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quantization", choices=get_args(Quantization))
    parser.add_argument("--converted", type=Path)
    parser.add_argument("--where")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # no part of a converted file stays
    weights = _weights(arguments)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing to save: the journal is the client's
    server = xllamacpp.Server(parameters(arguments, weights, os.environ[KEY_VARIABLE]))
    print(f"serving on {server.listening_address}", flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
