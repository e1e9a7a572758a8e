"""General instructions: the same questions for every role, with a reference answer a role."""

from collections.abc import Callable, Sequence
from pathlib import Path

from personas.benchmarks.base import Benchmark, Item
from personas.benchmarks.panel import wins
from personas.benchmarks.reading import Row, read_jsonl, unique


class General(Benchmark):
    """JSON Lines with `role`, `question`, `generated` (RoleBench); a judge compares with the first reference.

    The id stands for the question (`q1`: the first distinct one of the file), so that persona and baseline
    align by id. `scoring`: `reference`; for the baseline `references`: role -> text.
    """

    kind = "general"
    judged = "win"
    pairwise = True
    panels = wins()
    persona_bound = True

    def load(self, path: Path) -> list[Item]:
        """Read the file; a role that has a question twice is an error."""
        ids: dict[str, str] = {}
        return unique((_item(row, ids) for row in read_jsonl(path)), path)

    def items_for(self, items: Sequence[Item], role: str | None) -> list[Item]:
        """Choose the items of `role`; the baseline gets every distinct question of `items` once."""
        if role is not None:
            return super().items_for(items, role)
        prompts, references = dict[str, str](), dict[str, dict[str, str]]()
        for item in items:
            prompts[item.id] = item.prompt
            of_item = references.setdefault(item.id, {})
            if item.role:
                of_item[item.role] = item.scoring["reference"]
        return [Item(id=i, prompt=p, scoring={"references": references[i]}) for i, p in prompts.items()]

    def placeholder(self, number: int, role: str | None, text: Callable[[str], str]) -> Item:
        """Return a question that every role has, with a reference of this role."""
        return Item(f"q{number}", text(f"q{number}"), {"reference": text(f"{role} q{number}")}, role)


def _item(row: Row, ids: dict[str, str]) -> Item:
    question = row.text("question")
    item_id = ids.setdefault(question, f"q{len(ids) + 1}")
    scoring = {"reference": row.texts("generated")[0]}
    return Item(id=item_id, prompt=question, scoring=scoring, role=row.text("role"))
