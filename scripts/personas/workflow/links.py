"""`results/current/`: links with plain names to the current files, which is what people open."""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from personas.plan.frozen import FrozenPlan


def refresh_links(frozen: FrozenPlan) -> None:
    """Make `current/` show exactly the existing files of the current grid; links to others are removed."""
    current = frozen.results / "current"
    links = {plain: path for plain, path in _names(frozen).items() if (frozen.results / path).exists()}
    existing = {link.relative_to(current).as_posix() for link in current.rglob("*") if link.is_symlink()}
    for plain in existing - set(links):
        (current / plain).unlink(missing_ok=True)
    for plain, path in links.items():
        _link(current / plain, Path(os.path.relpath(frozen.results / path, (current / plain).parent)))
    remove_empty_folders(current)


def linked_files(results: Path) -> dict[str, str]:
    """Return, by plain name, the file that each link in `current/` names, whether it exists or not.

    Both are paths below their folder: `current/`, and the results folder.
    """
    current = results / "current"
    links = [path for path in current.rglob("*") if path.is_symlink()]
    targets = [os.path.normpath(link.parent / link.readlink()) for link in links]
    return {
        link.relative_to(current).as_posix(): os.path.relpath(target, results)
        for link, target in zip(links, targets, strict=True)
    }


def drop_links(results: Path, paths: Collection[str]) -> None:
    """Remove the links in `current/` to any of `paths`, which are relative to the results folder."""
    current = results / "current"
    for plain, path in linked_files(results).items():
        if path in paths:
            (current / plain).unlink(missing_ok=True)
    remove_empty_folders(current)


def _names(frozen: FrozenPlan) -> dict[str, str]:
    """Plain name -> path of everything in the grid, relative to the results folder."""
    names = {cell.plain_path: cell.path for cell in frozen.grid.cells}
    for artefact in frozen.artefacts:
        names |= dict(zip(artefact.plain_outputs, artefact.outputs, strict=True))
    return names


def _link(link: Path, target: Path) -> None:
    with contextlib.suppress(OSError):
        if link.readlink() == target:
            return
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.symlink_to(target)
    temporary.replace(link)


def remove_empty_folders(top: Path) -> None:
    """Remove the folders below `top` that hold nothing, those that become empty by it included."""
    for folder in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            folder.rmdir()
