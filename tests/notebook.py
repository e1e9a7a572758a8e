"""Write docs/reading.ipynb: docs/reading.md as a notebook, its blocks run on the results of the demo.

uv run --with nbclient --with ipykernel python -m tests.notebook [FOLDER]

FOLDER is a checkout in which the demo ran, by default this one.
"""

import re
import sys
from pathlib import Path
from typing import Any

import nbformat

from tests.helpers import ROOT

V4: Any = nbformat.v4  # nbformat has no types
WRITES: Any = nbformat.writes
PAGE, NOTEBOOK = ROOT / "docs/reading.md", ROOT / "docs/reading.ipynb"
_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def cells(page: str) -> list[tuple[str, str]]:
    """Return the cells of a page in its order: `markdown` or `code`, and the text."""
    parts = _BLOCK.split(page)
    kinds = ("markdown", "code")
    return [(kinds[number % 2], part.strip()) for number, part in enumerate(parts) if part.strip()]


def notebook(page: str) -> Any:
    """Return a notebook that was not run."""
    made = V4.new_notebook()
    new = {"markdown": V4.new_markdown_cell, "code": V4.new_code_cell}
    for number, (kind, text) in enumerate(cells(page)):
        made.cells.append(new[kind](text, id=f"cell-{number}"))
    return made


def main(folder: Path) -> None:
    """Run the notebook in a folder, and write it with what was printed."""
    from nbclient import NotebookClient

    made = notebook(PAGE.read_text(encoding="utf-8"))
    NotebookClient(made, resources={"metadata": {"path": str(folder)}}).execute()
    made.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in made.cells:
        cell.metadata = {}
    NOTEBOOK.write_text(WRITES(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT)
