"""`personas forget`: remove cells, and their answers from the journal, so that the engine is asked again."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from personas.core.files import is_full
from personas.grid.cells import STAGES
from personas.plan.disk import existing_files
from personas.plan.why.forgotten import note_forgotten
from personas.requests.journal import JournalIndex
from personas.workflow.links import drop_links
from personas.workflow.upkeep.alone import alone, refuse_beside_others
from personas.workflow.upkeep.journals import take_out
from personas.workflow.upkeep.keys import all_request_keys, asked_slug, request_keys
from personas.workflow.upkeep.match import matching


@dataclass
class Answers:
    """What the journals of one model hold of the cells to forget, as keys of requests.

    `shared` are those on which other cells on disk stand as well.
    """

    own: set[bytes] = field(default_factory=set)
    shared: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class Forgetting:
    """What is to be forgotten. `damaged` are those of the paths whose keys nobody knows; answers are by slug."""

    paths: Sequence[str]
    damaged: Sequence[str]
    answers: Mapping[str, Answers]


def forget(results: Path, patterns: Sequence[str], keep_answers: bool = False, dry_run: bool = False) -> list[str]:
    """Forget the cells that the patterns mean; return what to tell.

    UserError where a pattern means none, or anybody works in the results folder.
    """
    refuse_beside_others(results)
    if dry_run:
        return [*_messages(what_to_forget(results, patterns, keep_answers), keep_answers), "Nothing was changed."]
    matching(results, patterns)  # a mistake leaves no trace, not even a folder for leases
    with alone(results, "forget"):
        forgetting = what_to_forget(results, patterns, keep_answers)
        kept_at = _carry_out(results, forgetting)
    return [*_messages(forgetting, keep_answers), *(f"Removed lines: {path}" for path in kept_at), _NEXT]


_NEXT = (
    "Next: `uv run personas plan` shows what is made again, also what stands on it; `uv run snakemake` makes it "
    "(both with the same config)."
)


def what_to_forget(results: Path, patterns: Sequence[str], keep_answers: bool = False) -> Forgetting:
    """Find cells and answers; changes nothing."""
    paths = matching(results, patterns)
    keys = {path: request_keys(results / path) for path in paths}
    damaged = [path for path in paths if keys[path] is None]
    by_slug: dict[str, set[bytes]] = defaultdict(set)
    for path in paths:
        by_slug[asked_slug(path)] |= keys[path] or set()
    answers = {} if keep_answers else {slug: _answers(results, slug, by_slug[slug], set(paths)) for slug in by_slug}
    return Forgetting(paths, damaged, answers)


def _answers(results: Path, slug: str, keys: set[bytes], leaving: set[str]) -> Answers:
    """Split the journaled among the wanted keys into those of nobody else, and those that other cells stand on.

    Were the latter asked again, two files would disagree about one request.
    """
    index = JournalIndex(results / "journal" / slug)
    there = {key for key in keys if key in index}
    staying = (path for path in existing_files(results) - leaving if asked_slug(path) == slug)
    shared = there & all_request_keys(results, staying)
    return Answers(there - shared, shared)


def _carry_out(results: Path, forgetting: Forgetting) -> list[Path]:
    """Forget, the journal first: if this ends in between, the cells are still there to be forgotten again."""
    is_noted = _note(results, forgetting.paths)
    journals = [take_out(results / "journal" / slug, answers.own) for slug, answers in forgetting.answers.items()]
    drop_links(results, set(forgetting.paths))
    for path in forgetting.paths:
        (results / path).unlink(missing_ok=True)
    if not is_noted:
        _note(results, forgetting.paths)
    return [path for path in journals if path is not None]


def _note(results: Path, paths: Sequence[str]) -> bool:
    """Note what is forgotten, as far as the disk has room for it: the note only tells people why."""
    try:
        note_forgotten(results, paths)
    except OSError as error:
        if not is_full(error):
            raise
        return False
    return True


def _messages(forgetting: Forgetting, keep_answers: bool) -> Iterator[str]:
    counts = Counter(path.split("/")[0] for path in forgetting.paths)
    stages = ", ".join(f"{counts[stage]} {stage}" for stage in STAGES if counts[stage])
    yield f"Cells to make again: {len(forgetting.paths)} ({stages})."
    if keep_answers:
        yield "Answers forgotten: none, as asked; the journal makes these cells again without the engine."
        return
    yield f"Answers forgotten: {sum(len(answers.own) for answers in forgetting.answers.values())}."
    shared = sum(len(answers.shared) for answers in forgetting.answers.values())
    if shared:
        yield f"Answers kept: {shared}, because other cells on disk stand on them too."
    for path in forgetting.damaged:
        yield f"Damaged: {path}; nobody knows its requests, so the journal keeps their answers."
