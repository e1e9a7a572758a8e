"""Write the golden prompts anew: `uv run python -m tests.golden`, after raising RECIPE_VERSION."""

import json
import sys

from tests.golden import PROMPTS, prompts


def main() -> None:
    """Write the prompts; refuse when they changed and the version of the recipe did not."""
    now = prompts()
    if PROMPTS.exists():
        golden = json.loads(PROMPTS.read_text(encoding="utf-8"))
        if golden != now and golden["recipe_version"] == now["recipe_version"] and "--same-recipe" not in sys.argv:
            sys.exit(
                "The prompts changed: raise RECIPE_VERSION in scripts/grid/recipe.py first "
                "(--same-recipe if only the golden study itself changed)."
            )
    PROMPTS.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
