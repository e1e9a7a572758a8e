"""Tokenizers that lie on this machine, for models whose server does not count tokens."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from personas.config.machine import Machine
from personas.config.models import ModelSection
from personas.core.errors import UserError
from personas.external.cache import COMMIT, cache_folder
from personas.external.needed import weights_cache


def tokenizer_file(model: ModelSection, machine: Machine) -> Path | None:
    """Return the tokenizer of a model at its pinned revision in the cache of weights; None where it is not there.

    None also for engines that count by themselves: there, a download of weights must not rename any table.
    """
    if model.needs.counts_tokens or not COMMIT.fullmatch(model.revision):
        return None
    repository = cache_folder(weights_cache(machine)) / f"models--{model.id.replace('/', '--')}"
    file = repository / "snapshots" / model.revision / "tokenizer.json"
    return file if file.is_file() else None


def fingerprint(file: Path) -> str:
    """Return the SHA-256 of a tokenizer."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def counter(file: Path) -> Callable[[str], int]:
    """Return a function that counts the tokens of a text, without marks of beginning and end.

    UserError when the file is no tokenizer.
    """
    from tokenizers import Tokenizer  # loaded only where a server counted nothing

    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing more special
        raise UserError(f"{file}: cannot be read ({error}), expected the tokenizer of a model.") from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
