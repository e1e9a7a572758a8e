"""Find weights on disk and fingerprint them, so that identity follows the content and not its place."""

import hashlib
import importlib.metadata
from pathlib import Path

from personas.core.errors import UserError

_BLOCK = 1 << 16
_BLOCKS = 64
_SHAPING = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "*.py")
"""Weights, settings, tokenizer, chat template, and code of a model's own."""

_KNOWN = "fingerprint:"
"""Stands before the fingerprint of weights that are elsewhere: enough to plan, and nothing that can be served."""


def named_by_fingerprint(digest: str) -> str:
    """Return what names weights in the config of a study that is taken elsewhere."""
    return f"{_KNOWN}{digest}"


def known_fingerprint(weights: str) -> str | None:
    """Return the fingerprint that names weights; None for a path."""
    return weights.removeprefix(_KNOWN) if weights.startswith(_KNOWN) else None


def locate(weights: str, where: str) -> Path:
    """Return the path of `weights` (a path, or package:NAME/FILE); UserError names the config field `where`."""
    path = _in_package(weights, where) if weights.startswith("package:") else _at_home(weights)
    if not path.is_file():
        raise UserError(f"{where}: found {weights!r}, which is no file, expected a GGUF file.")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UserError(f"{where}: found {weights!r}, which is not a GGUF file, expected one.")
    return path


def _at_home(weights: str) -> Path:
    try:
        return Path(weights).expanduser()
    except RuntimeError:  # a home folder of nobody
        return Path(weights)


def fingerprint(path: Path) -> str:
    """Return a fingerprint of a weights file: SHA-256 over its size and 64 blocks spread evenly over it.

    Reading a 40 GB file whole at every plan would take minutes. Two different models or quantisations differ
    in (nearly) every tensor, and so in these 4 MiB too.
    """
    size = path.stat().st_size
    step = max(_BLOCK, (size - _BLOCK) // (_BLOCKS - 1))
    hashed = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for offset in range(0, size, step):
            file.seek(offset)
            hashed.update(file.read(_BLOCK))
    return hashed.hexdigest()


def locate_folder(folder: str, where: str) -> Path:
    """Return the path of a folder with a model; UserError names the config field `where`."""
    path = _at_home(folder)
    if not (path / "config.json").is_file() or not any(path.glob("*.safetensors")):
        raise UserError(
            f"{where}: found {folder!r}, expected a folder with config.json and the weights as .safetensors files."
        )
    return path


def fingerprint_folder(path: Path) -> str:
    """Return a fingerprint of a folder with a model: of the names and contents of its files that shape answers."""
    files = sorted(file for pattern in _SHAPING for file in path.glob(pattern))
    listing = "\n".join(f"{file.name} {fingerprint(file)}" for file in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def _in_package(weights: str, where: str) -> Path:
    package, _, name = weights.removeprefix("package:").partition("/")
    try:
        files = importlib.metadata.files(package) or []
    except (importlib.metadata.PackageNotFoundError, ValueError):  # ValueError: no name at all
        raise UserError(
            f"{where}: found {weights!r}, but the package {package} is not installed, expected an installed one."
        ) from None
    for file in files:
        if file.name == name:
            return Path(str(file.locate()))
    raise UserError(f"{where}: found {weights!r}, but {package} has no file {name}, expected a GGUF file of it.")
