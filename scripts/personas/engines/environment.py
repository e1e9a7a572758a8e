"""What engines get of our environment: not our keys, since the code of a model's repository may run there."""

import os
import re
from collections.abc import Collection

_HARMLESS = re.compile(
    r"""
    # the user's session and the system's libraries
    PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|TMP|TEMP|TERM|COLUMNS|(?:LC|XDG)_\w+|MALLOC_\w+
    |(?:LD_|DYLD_)?LIBRARY_PATH|LD_PRELOAD|(?:OMP|GOMP|KMP|MKL|OPENBLAS|NUMEXPR|VECLIB)_\w+
    # compilers, which some engines call, and Python
    |CC|CXX|CPATH|C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|(?:C|CXX|LD)FLAGS|MAX_JOBS|VIRTUAL_ENV|CONDA_PREFIX|PYTHON\w+
    # what a scheduler gave, and GPUs
    |SLURM_(?:JOB_ID|JOB_GPUS|STEP_GPUS|CPUS_PER_TASK|CPUS_ON_NODE|MEM_PER_NODE)
    |(?:CUDA|CUBLAS|TORCH|FLASH)\w+|(?:NVIDIA|NCCL|CUDNN|PYTORCH|TRITON|ROCR|ROCM|HIP|HSA|GPU|UCX|GLOO)_\w+
    # weights, engines, and ours
    |(?:HF|TOKENIZERS|TRANSFORMERS|SAFETENSORS|VLLM|RAY|GGML|LLAMA|PERSONAS)_\w+
    """,
    re.VERBOSE,
)
_SECRET = re.compile(r"(?:^|_)(?:\w*KEYS?|\w*TOKENS?|SECRETS?|PASS(?:WORD|WD|PHRASE)|CREDENTIALS?|AUTH|JWT)(?:_|$)")
_WITH_PASSWORD = re.compile(r"://[^/\s]*@")


def passed_on(further: Collection[str] = ()) -> dict[str, str]:
    """Return the part of our environment that an engine gets: what machines are set up with, and names in `further`.

    What looks like a secret never goes along but by its name.
    """
    return {name: value for name, value in os.environ.items() if name in further or _is_harmless(name, value)}


def _is_harmless(name: str, value: str) -> bool:
    looks_secret = _SECRET.search(name.upper()) or _WITH_PASSWORD.search(value)
    return _HARMLESS.fullmatch(name) is not None and not looks_secret
