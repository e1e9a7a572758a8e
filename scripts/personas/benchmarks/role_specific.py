"""Role-specific questions: each asked of one persona by name, with a reference answer in its voice."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from personas.benchmarks.base import Benchmark, Item
from personas.benchmarks.panel import wins
from personas.benchmarks.reading import Row, read_jsonl, unique
from personas.config.base import files_of, slug_of
from personas.core.errors import UserError

PREFIX = "role-specific-"


class RoleSpecific(Benchmark):
    """A folder with one `role-specific-<Role>.jsonl` a role (RoleBench's layout); a judge compares answers.

    Lines hold `question` (or `instruction`) and `answer` (or the first of the list `generated`);
    `scoring`: `reference`.
    """

    kind = "role-specific"
    judged = "win"
    pairwise = True
    panels = wins()
    persona_bound = True

    def load(self, path: Path) -> list[Item]:
        """Read every role's file in the folder, in order of name."""
        files = files_of(path.glob(f"{PREFIX}*"), ".jsonl") if path.is_dir() else []
        if not files:
            raise UserError(f"{path}: no file {PREFIX}<Role>.jsonl found, expected a folder with one a role")
        items = unique((item for file in files for item in _items(file)), path)
        # Two roles may share a slug; the baseline is asked the items of both.
        unique((replace(item, role=None) for item in items), path)
        return items

    def items_for(self, items: Sequence[Item], role: str | None) -> list[Item]:
        """Choose the items of `role`; the baseline gets those of all roles, without the role's name."""
        if role is not None:
            return super().items_for(items, role)
        return [replace(item, prompt=without_role(item.prompt, item.role)) for item in items]

    def placeholder(self, number: int, role: str | None, text: Callable[[str], str]) -> Item:
        """Return a question of one role, with a reference."""
        name = f"{slug_of(role or '')}-{number}"
        return Item(name, text(name), {"reference": text(f"reference {name}")}, role)


def without_role(question: str, role: str | None) -> str:
    """Remove exactly a leading "<role>, " and start with a capital; any other question stays as it is."""
    if role is None:
        return question
    names = {f"{unicodedata.normalize(form, role)}, " for form in ("NFC", "NFD")} | {f"{role}, "}
    name = next((name for name in names if question.startswith(name)), "")
    return question[len(name) :][:1].upper() + question[len(name) + 1 :] if name else question


def _items(file: Path) -> list[Item]:
    role = file.stem.removeprefix(PREFIX)
    slug = slug_of(role)
    if not slug:
        raise UserError(f"{file}: file name has the role {role!r}, expected one with letters or digits")
    return [_item(row, role, f"{slug}-{n}") for n, row in enumerate(read_jsonl(file), start=1)]


def _item(row: Row, role: str, item_id: str) -> Item:
    question = row.text("instruction" if "question" not in row.data and "instruction" in row.data else "question")
    listed = "answer" not in row.data and "generated" in row.data
    reference = row.texts("generated")[0] if listed else row.text("answer")
    return Item(id=item_id, prompt=question, scoring={"reference": reference}, role=role)
