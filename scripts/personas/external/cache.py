"""The cache of the Hugging Face libraries: where weights lie, and whether all of them are there."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personas.config.models import ModelSection

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A revision that is pinned: branches and tags can move."""

_SETTINGS = (".json", ".jinja", ".txt", ".model", ".tiktoken", ".bpe", ".vocab")
_OTHER_FORMATS = ("original", "onnx", "openvino", "coreml", "metal", "gguf")
"""Folders in which repositories keep the same model once more, for other programs."""

_INDEX = "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer*", "tekken.json", "vocab*", "*.tiktoken")


def is_wanted(file: str, remote_code: bool) -> bool:
    """Tell whether vLLM needs a file of a repository: settings, tokenizer, chat template, safetensors.

    Code only where the config allows to run it. Never pickled weights (.bin, .pth): they can run code when read.
    """
    folder, _, name = file.rpartition("/")
    suffix = Path(name).suffix
    if suffix == ".safetensors":
        return folder == ""
    if suffix == ".py":
        return remote_code
    return suffix in _SETTINGS and folder.split("/")[0] not in _OTHER_FORMATS


def cache_folder(cache: Path | None) -> Path:
    """Return the cache: the one given, or the default of the Hugging Face libraries."""
    if cache is not None:
        return cache
    from huggingface_hub import constants  # loaded only where a model needs it: it takes a quarter of a second

    return Path(constants.HF_HUB_CACHE)


def repository_folder(model: ModelSection, cache: Path | None) -> Path:
    """Return the folder of a model's repository in the cache."""
    return cache_folder(cache) / f"models--{model.id.replace('/', '--')}"


def snapshot_folder(model: ModelSection, cache: Path | None) -> Path:
    """Return the folder of a model's pinned revision in the cache, there or not."""
    return repository_folder(model, cache) / "snapshots" / model.revision


def snapshot(model: ModelSection, cache: Path | None) -> Path | None:
    """Return the local folder of a model at its revision if all its files are there, else None. No network.

    A download notes what the repository holds at a commit (`trees/`), so each file is looked for, with its size.
    Older libraries leave no such note; then the settings, a tokenizer, and the weights that the index names count.
    """
    folder = snapshot_folder(model, cache)
    if not COMMIT.fullmatch(model.revision) or not (folder / "config.json").is_file():
        return None
    sizes = _noted_sizes(model, cache)
    if sizes:
        complete = all(_size(folder / file) == size for file, size in sizes.items())
    else:
        complete = _has_weights(folder) and any(file for name in _TOKENIZERS for file in folder.glob(name))
    return folder if complete else None


def _noted_sizes(model: ModelSection, cache: Path | None) -> Mapping[str, int]:
    """Return the sizes in bytes of all wanted files of the repository; empty where nothing is noted."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        files = get_cached_repo_tree(model.id, revision=model.revision, cache_dir=cache_folder(cache))
    except CachedRepoTreeNotFoundError:
        return {}
    return {file.path: file.size for file in files if is_wanted(file.path, model.allows_code)}


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:  # not there, or a link that leads nowhere
        return None


def _has_weights(folder: Path) -> bool:
    index = folder / _INDEX
    if not index.is_file():
        return any(file.is_file() for file in folder.glob("*.safetensors"))
    try:
        weight_map: Mapping[str, Any] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    except (OSError, ValueError, KeyError):
        return False
    return all((folder / str(file)).is_file() for file in set(weight_map.values()))
