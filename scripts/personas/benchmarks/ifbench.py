"""IFBench: does the answer follow constraints that a program can check?"""

import json
from collections.abc import Sequence
from pathlib import Path

from personas.benchmarks import verifiers
from personas.benchmarks.base import Benchmark, Item
from personas.benchmarks.panel import INSTRUCTIONS, RULES, Panel
from personas.benchmarks.reading import Row, read_jsonl, unique
from personas.core.errors import UserError
from personas.core.memo import remember

LOOSE = "loose accuracy (%)"
_VERIFYING = Path(__file__).read_bytes() + Path(verifiers.__file__).read_bytes()


class IfBench(Benchmark):
    """Prompts with verifiable constraints, scored by the verifiers of IFBench and IFEval.

    `strict` takes the answer as it is; `loose` accepts it if a variant without its first or last line, or
    without asterisks, follows. Both are 1.0 when all constraints are followed, else 0.0; `-instructions` are
    the shares of constraints. `scoring`: `instruction_id_list`, and `kwargs` without nulls.
    """

    kind = "ifbench"
    panels = (
        Panel(
            "loose",
            "Accuracy, loose",
            LOOSE,
            "loose",
            judge=RULES,
            better="higher",
            section=INSTRUCTIONS,
            main="loose",
        ),
        Panel("strict", "Accuracy, strict", "strict accuracy (%)", "strict", judge=RULES, better="higher"),
    )
    overview = (Panel("ifbench-accuracy", "IFBench accuracy", LOOSE, "loose", better="higher"),)
    metrics = ("strict", "loose", "strict-instructions", "loose-instructions")

    def load(self, path: Path) -> list[Item]:
        """Read the JSON Lines; every verifier is built once, so that bad parameters fail early."""
        rows = list(read_jsonl(path))
        items = unique(map(_item, rows), path)
        # Importing the verifiers takes a second, and every command plans.
        key = json.dumps([verifiers.version(), *([item.id, item.scoring] for item in items)]).encode()
        remember("ifbench", _VERIFYING + key, lambda: _verify(rows, items))
        return items

    def score(self, item: Item, answer: str) -> dict[str, float]:
        """Give all four metrics; `UnscorableItem` if NLTK data is missing or a verifier crashes."""
        passed = verifiers.check(
            item.id, item.prompt, item.scoring["instruction_id_list"], item.scoring["kwargs"], answer
        )
        strict, loose = [p.strict for p in passed], [p.loose for p in passed]
        values = (all(strict), all(loose), sum(strict) / len(strict), sum(loose) / len(loose))
        return dict(zip(self.metrics, map(float, values), strict=True))


def _item(row: Row) -> Item:
    ids = row.texts("instruction_id_list")
    kwargs = [{k: v for k, v in arguments.items() if v is not None} for arguments in row.objects("kwargs")]
    if len(kwargs) != len(ids):
        raise UserError(
            f"{row.where}: field 'kwargs' has {len(kwargs)} objects, expected {len(ids)}, one a constraint"
        )
    return Item(id=_key(row), prompt=row.text("prompt"), scoring={"instruction_id_list": ids, "kwargs": kwargs})


def _verify(rows: Sequence[Row], items: Sequence[Item]) -> None:
    """Build every verifier of the items that rows hold."""
    for row, item in zip(rows, items, strict=True):
        for instruction, arguments in zip(item.scoring["instruction_id_list"], item.scoring["kwargs"], strict=True):
            if instruction not in verifiers.known_ids():
                # The library skips unknown ids without a word, and they would drop out of the score.
                raise UserError(
                    f"{row.where}: field 'instruction_id_list' has '{instruction}', expected ids of IFBench or IFEval"
                )
            if problem := verifiers.build_problem(item.id, instruction, arguments):
                raise UserError(
                    f"{row.where}: field 'kwargs' is wrong for '{instruction}' ({problem}), expected its own"
                )


def _key(row: Row) -> str:
    # IFBench writes keys as texts, IFEval as whole numbers.
    key = row.data.get("key")
    return str(key) if isinstance(key, int) and not isinstance(key, bool) else row.text("key")
