"""Why a cell is missing, in words: its spec against the nearest earlier cell of the same name on disk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from scripts.generate.projection import read_description
from scripts.grid.cells import Cell
from scripts.plan.plan import Plan

NEW = "new"
REMOVED = "removed"
Change = tuple[str, Any, Any]


def reasons(plan: Plan, results: Path, on_disk: AbstractSet[str]) -> dict[str, str]:
    """Return the reason of every missing cell by its path.

    `new`: nothing of that name was ever made. `removed`: the file of this very cell is gone, although a link to
    it is left. Otherwise what changed since the nearest earlier cell, or that its dialogue has to be made again.
    """
    earlier = _earlier(on_disk)
    return {cell.path: _reason(cell, plan, results, on_disk, earlier[cell.plain_path]) for cell in plan.missing}


def _earlier(on_disk: Iterable[str]) -> Mapping[str, list[str]]:
    """Group files by their name without the digest."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path in on_disk:
        stem, _, _ = path.removesuffix(".parquet").rpartition(".")
        groups[f"{stem}.parquet"].append(path)
    return groups


def _reason(cell: Cell, plan: Plan, results: Path, on_disk: AbstractSet[str], earlier: Sequence[str]) -> str:
    if cell.path in on_disk:
        return "its dialogue is made again"
    if _was_current(results, cell):
        return REMOVED
    specs = [read_description(results / path)["spec"] for path in earlier if path != cell.path]
    if not specs:
        return NEW
    nearest = min((list(changes(spec, cell.spec)) for spec in specs), key=len)
    return "; ".join(dict.fromkeys(_words(cell, change) for change in nearest)) or NEW


def _was_current(results: Path, cell: Cell) -> bool:
    link = results / "current" / cell.plain_path
    return link.is_symlink() and link.readlink().name == Path(cell.path).name


def changes(old: Any, new: Any, place: str = "") -> Iterator[Change]:
    """Yield (place, old value, new value) for every leaf that differs; places are joined with dots."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from changes(old.get(key), new.get(key), f"{place}.{key}" if place else key)
    elif old != new:
        yield place, old, new


_WITHOUT_VALUES = {
    "persona.description": "persona {persona}: description changed",
    "user_turns": "condition {condition}: user turns changed",
    "items": "benchmark {benchmark}: items changed",
    "model.weights": "model {model}: weights changed",
}
_WITH_VALUES = {
    "recipe": "prompt recipe v{old} -> v{new}",
    "checkpoints": "checkpoints {old} -> {new}",
    "seed": "seed {old} -> {new}",
    "max_tokens": "benchmark {benchmark}: max_tokens {old} -> {new}",
    "persona": "persona {persona}: {place} {old} -> {new}",
    "model": "model {model}: {place} {old} -> {new}",
}


def _words(cell: Cell, change: Change) -> str:
    place, old, new = change
    head, _, rest = place.partition(".")
    template = _WITHOUT_VALUES.get(place) or _WITH_VALUES.get(head, "{place} {old} -> {new}")
    return template.format(
        persona=cell.as_persona or cell.track.persona,
        condition=cell.track.condition,
        benchmark=cell.benchmark,
        model=cell.track.model,
        place=rest or place,
        old="unset" if old is None else old,
        new="unset" if new is None else new,
    )
