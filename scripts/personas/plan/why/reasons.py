"""Why a cell is missing, in words: its spec against the nearest earlier cell of the same name on disk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from personas.core.errors import UserError
from personas.core.lease import live_paths
from personas.grid.cells import Cell
from personas.plan.outcome import FINISHED, UNDER_WAY, Outcome
from personas.plan.plan import Plan
from personas.plan.why.forgotten import forgotten
from personas.plan.why.turns import Turns
from personas.plan.why.words import Change, describe_change
from personas.requests.projection import read_description

NEW = "new"
REMOVED = "removed"
FORGOTTEN = "forgotten"
BEING_MADE = "being made now"
DIALOGUE_AGAIN = "its dialogue is made again"
JUDGED_AGAIN = "what it judges is made again"

_BRINGS = {
    "seed": ("model.sampling.seed", "judge.sampling.seed"),
    "json": ("form", "judge.engine"),
    **{f"texts.{part}": ("form",) for part in ("form", "request", "reasoning_characters")},
}
"""Place in a spec -> places whose change brings its own."""


def reasons(plan: Plan, results: Path, on_disk: AbstractSet[str], outcomes: Iterable[Outcome] = ()) -> dict[str, str]:
    """Return the reason of every missing cell by its path.

    `new`: nothing of that name was ever made. `removed`: the file of this very cell is gone, although a link to
    it is left. `forgotten`: `personas forget` removed it. A file that is there may be of no use, with a reason of its
    own. Otherwise what changed since the nearest earlier cell, or that what it stands on has to be made again. Where
    the last batch that was to make it failed, that is told too.
    """
    teller = _Teller(plan, results, on_disk)
    last = {path: outcome.ended for outcome in outcomes for path in outcome.cells}
    alive = live_paths(results / "leases") if plan.missing else set()
    return {cell.path: _with_end(teller.why(cell), last.get(cell.path), cell.path in alive) for cell in plan.missing}


def _with_end(reason: str, ended: str | None, alive: bool) -> str:
    if alive:
        return BEING_MADE
    if ended in (None, FINISHED):
        return reason
    failed = f"failed last time: {'killed' if ended == UNDER_WAY else ended}"
    return failed if reason == NEW else f"{reason}; {failed}"


class _Teller:
    """Compares cells with their earlier versions; what was read or told once is kept."""

    def __init__(self, plan: Plan, results: Path, on_disk: AbstractSet[str]) -> None:
        self._results, self._on_disk, self._unusable = results, on_disk, plan.unusable
        self._earlier = _by_plain_path(on_disk)
        self._words_by_path: dict[str, tuple[str, ...]] = {}
        self._links = _links(results / "current")
        self._turns = Turns(plan.grid.study, results)
        self._forgotten = forgotten(results)

    def why(self, cell: Cell) -> str:
        if cell.path in self._unusable:
            return self._unusable[cell.path]
        if cell.path in self._on_disk:
            return JUDGED_AGAIN if cell.judge else DIALOGUE_AGAIN
        if self._links.get(cell.plain_path) == cell.path.rpartition("/")[2]:
            return REMOVED
        if cell.path in self._forgotten:
            return FORGOTTEN
        return "; ".join(self._changes_of(cell)) or NEW

    def _changes_of(self, cell: Cell) -> tuple[str, ...]:
        """Tell what changed since the nearest earlier version; nothing where there is none."""
        if cell.path not in self._words_by_path:
            specs = [(path, self._spec(path)) for path in self._earlier[cell.plain_path] if path != cell.path]
            candidates = [(path, spec, list(changes(spec, cell.spec))) for path, spec in specs if spec]
            path, spec, nearest = min(candidates, key=lambda one: len(one[2]), default=("", {}, []))
            if any(place == "user_turns" for place, _, _ in nearest):
                nearest = [*self._turns.real_changes(cell, path, spec, nearest)]
            self._words_by_path[cell.path] = self._words(cell, nearest)
        return self._words_by_path[cell.path]

    def _words(self, cell: Cell, nearest: Sequence[Change]) -> tuple[str, ...]:
        """Tell each change once: what is judged may have changed in the same way, or one change bring another."""
        words: dict[str, None] = {}
        places = {place for place, _, _ in nearest}
        for change in nearest:
            if change[0] == "judged" and cell.judged:
                words |= dict.fromkeys(self._changes_of(cell.judged) or [describe_change(cell, change)])
            elif change[0] == "scoring" and describe_change(cell, ("items", None, None)) in words:
                continue  # other items are other references too
            elif places.isdisjoint(_BRINGS.get(change[0], ())):
                words[describe_change(cell, change)] = None
        return tuple(words)

    def _spec(self, path: str) -> Mapping[str, Any] | None:
        try:
            spec: Mapping[str, Any] = read_description(self._results / path)["spec"]
        except (UserError, OSError, ValueError, KeyError):  # not ours, or damaged: nothing to compare with
            return None
        return spec


def _by_plain_path(on_disk: Iterable[str]) -> Mapping[str, list[str]]:
    """Group files by their name without the digest."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path in on_disk:
        stem, _, _ = path.removesuffix(".parquet").rpartition(".")
        groups[f"{stem}.parquet"].append(path)
    return groups


def _links(current: Path) -> dict[str, str]:
    """Return the name of the file that each link of the folder `current` names, whether it exists or not."""
    if not current.is_dir():
        return {}
    links = (path for path in current.rglob("*.parquet") if path.is_symlink())
    return {link.relative_to(current).as_posix(): link.readlink().name for link in links}


def changes(old: Any, new: Any, place: str = "") -> Iterator[Change]:
    """Yield (place, old value, new value) for every leaf that differs; places are joined with dots."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from changes(old.get(key), new.get(key), f"{place}.{key}" if place else key)
    elif old != new:
        yield place, old, new
