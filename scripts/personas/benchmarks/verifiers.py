"""The verifiers of IFBench and IFEval (package if-verifiable), loaded and run offline and repeatably."""

import contextlib
import copy
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import logging
import random
import sys
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from personas.benchmarks.base import UnscorableItem
from personas.prompts.thinking import strip_thinking

PACKAGE = "if_verifiable"
MODULES = ("ifbench", "ifeval")
_LONGEST = 300
"""Characters of what a verifier that crashed is quoted with; NLTK takes twenty lines."""

PUNKT, TAGGER, STOPWORDS = (
    "tokenizers/punkt_tab",
    "taggers/averaged_perceptron_tagger_eng",
    "corpora/stopwords",
)
NLTK_DATA = {
    "change_case:capital_word_frequency": (PUNKT,),
    "format:title_case": (PUNKT,),
    "length_constraints:number_sentences": (PUNKT,),
    "ratio:stop_words": (STOPWORDS,),
    "words:keywords_specific_position": (PUNKT,),
    "words:start_verb": (PUNKT, TAGGER),
    "words:words_position": (PUNKT,),
}
"""NLTK data a verifier reads. Asked for before scoring: some verifiers fail a short answer before they read
anything, so without the data short answers would count as failed and the others as unscorable."""


class ConstraintResult(NamedTuple):
    """Whether one constraint was followed, strictly and loosely."""

    strict: bool
    loose: bool


def known_ids() -> frozenset[str]:
    """Give the ids of all constraints that can be verified: 58 of IFBench, 25 of IFEval."""
    return frozenset(_library()[1])


def missing_data(ids: Sequence[str]) -> list[str]:
    """Name the NLTK data that these constraints need and that cannot be read, each once; and why, if it is here."""
    names = dict.fromkeys(name for i in ids for name in NLTK_DATA.get(i, ()))
    return [trouble for name in names if (trouble := _trouble(name)) is not None]


def build_problem(seed: str, instruction: str, kwargs: Mapping[str, Any]) -> str | None:
    """Build one verifier and say what is wrong with its parameters; None: nothing."""
    try:
        with _repeatable(seed):
            _library()[1][instruction](instruction).build_description(**copy.deepcopy(dict(kwargs)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def check(
    seed: str, prompt: str, ids: Sequence[str], kwargs: Sequence[Mapping[str, Any]], answer: str
) -> list[ConstraintResult]:
    """Check an answer against its constraints, in order.

    Verifiers draw parameters that are not given; `seed` makes them the same in every call. Not safe in
    threads: the draws come from Python's global generator, whose state is put back.
    Raises `UnscorableItem` if NLTK data is missing, a verifier crashes, or only reasoning is left to score.
    """
    if missing := missing_data(ids):
        raise UnscorableItem(
            f"item '{seed}' needs NLTK data: {', '.join(missing)}; expected in a folder that NLTK_DATA names"
        )
    evaluate, registry = _library()
    text, _ = strip_thinking(answer)
    try:
        with _repeatable(seed):
            results, _ = evaluate(text, list(ids), copy.deepcopy([dict(k) for k in kwargs]), prompt, registry)
    except Exception as error:  # whatever third-party code raises: a crash is no verdict on the answer
        text = " ".join(str(error).split())[:_LONGEST]
        raise UnscorableItem(f"item '{seed}': a verifier failed with {type(error).__name__}: {text}") from error
    if len(results) != len(ids):
        raise UnscorableItem(
            f"item '{seed}': {len(results)} of {len(ids)} constraints got a verdict; is the answer empty?"
        )
    return [ConstraintResult(r.strict_pass, r.loose_pass) for r in results]


def look_in(folder: str) -> None:
    """Look for NLTK data in `folder` first."""
    nltk = _nltk()
    if folder not in nltk.data.path:
        nltk.data.path.insert(0, folder)


@functools.cache
def version() -> str:
    """Name the verifiers: package version and a hash of their source, since scores move with both."""
    folder = Path(_location())
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes())
    return f"if-verifiable {importlib.metadata.version('if-verifiable')} {digest.hexdigest()[:16]}"


@functools.cache
def _library() -> tuple[Any, dict[str, Any]]:
    """Load the evaluation function and the merged registry, without network, caches or `datasets`."""
    with _bare_package(), _no_downloads():
        common: Any = importlib.import_module(f"{PACKAGE}.common")
        registries = [importlib.import_module(f"{PACKAGE}.{m}.instructions_registry") for m in MODULES]
    # IFEval reports through the root logger, which would print answers and install a handler for everyone.
    registries[MODULES.index("ifeval")].instructions.logging = _silent_logger()
    # It takes out the first block of thinking only, and cuts an answer that speaks of a marker; `check` has done it.
    common.strip_thinking = str.strip
    # langdetect draws at random too, from a generator of its own.
    importlib.import_module("langdetect").DetectorFactory.seed = 0
    return common.evaluate_instructions, {key: value for r in registries for key, value in r.INSTRUCTION_DICT.items()}


@functools.cache
def _nltk() -> Any:
    """Import NLTK, which most jobs do without, and keep it from pulling SciPy and scikit-learn.

    It goes on without them, and no verifier uses what they are for; loading them takes longer than all the rest,
    and planning loads the verifiers.
    """
    modules: dict[str, Any] = sys.modules
    absent = [name for name in ("scipy", "scipy.stats", "sklearn") if name not in modules]
    modules.update(dict.fromkeys(absent))  # None: "do not import this"
    try:
        return importlib.import_module("nltk")
    finally:
        for name in absent:
            del modules[name]


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger(PACKAGE)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


@contextlib.contextmanager
def _bare_package() -> Iterator[None]:
    """Let submodules be imported without the package's `__init__`, which pulls the hub client `datasets`.

    That client takes seconds to import and is only needed to download the items, which we do not.
    """
    if PACKAGE in sys.modules:
        yield
        return
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ModuleNotFoundError("if-verifiable is not installed", name=PACKAGE)
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[PACKAGE]  # whoever wants the whole package later gets it


@contextlib.contextmanager
def _no_downloads() -> Iterator[None]:
    """Keep the verifiers from downloading NLTK data at import: they try, without asking, every time."""
    nltk = _nltk()
    original = nltk.download
    nltk.download = lambda *args, **kwargs: False
    try:
        yield
    finally:
        nltk.download = original


@contextlib.contextmanager
def _repeatable(seed: str) -> Iterator[None]:
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _trouble(name: str) -> str | None:
    """Name data that NLTK does not read, with the reason if it is here; None: it does, also from a zip file."""
    data = _nltk().data
    try:
        with warnings.catch_warnings(action="ignore"):  # they say what is said here
            data.find(f"{name}/")
    except LookupError as error:
        open_to_others = getattr(error, "_nltk_refused_writable", ())
        if not open_to_others:
            return name
        return f"{name} (NLTK reads nothing that others may write to: chmod -R go-w {open_to_others[0]})"
    except (OSError, zipfile.BadZipFile) as error:
        places = [place for folder in data.path if (place := Path(folder) / f"{name}.zip").exists()]
        return f"{name} ({places[0] if places else 'its file'} is broken, fetch it again: {error})"
    return None


def _location() -> str:
    spec = importlib.util.find_spec(PACKAGE)
    return next(iter(spec.submodule_search_locations or ())) if spec else ""
