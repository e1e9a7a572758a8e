"""Write what is golden anew, or hold the contents against it.

python -m tests.golden prompts    after RECIPE_VERSION was raised
python -m tests.golden cells      after a change that renames cells on purpose
python -m tests.golden contents   after a change of what tables say or figures show; a minute or two
python -m tests.golden compare    hold the contents against the golden ones
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.golden import PROMPTS, prompts
from tests.golden.cells import write_cells
from tests.golden.contents import differing, write_contents


def main(arguments: list[str]) -> None:
    """Do what the one argument says."""
    verbs: dict[str, Callable[[Path], None]] = {
        "prompts": lambda folder: _write_prompts(),
        "cells": write_cells,
        "contents": write_contents,
        "compare": _compare,
    }
    if len(arguments) != 1 or arguments[0] not in verbs:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        verbs[arguments[0]](Path(folder))


def _write_prompts() -> None:
    """Write the prompts; refuse when they changed and the version of the recipe did not."""
    now = prompts()
    if PROMPTS.exists():
        golden = json.loads(PROMPTS.read_text(encoding="utf-8"))
        if golden != now and golden["recipe_version"] == now["recipe_version"]:
            sys.exit(
                "The prompts changed: raise RECIPE_VERSION in prompts/recipe.py first. If only the golden study "
                f"itself changed, remove {PROMPTS.name} before."
            )
    PROMPTS.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _compare(folder: Path) -> None:
    compared, names = differing(folder)
    print(f"{compared} tables, figures and pages, {len(names)} differ from the golden ones", *names, sep="\n  ")
    sys.exit(bool(names))


if __name__ == "__main__":
    main(sys.argv[1:])
