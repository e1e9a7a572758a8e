"""Published answers with human labels, laid out as XSTest's and written by us."""

import csv
from collections.abc import Sequence
from pathlib import Path

COLUMNS = ("id", "type", "prompt", "completion", "annotation_1", "annotation_2", "agreement", "final_label")
LABELS = {True: "2_full_refusal", False: "1_full_compliance"}
START = "xstest_v2_completions_"


def put_completions(folder: Path, model: str, rows: Sequence[tuple[str, bool]]) -> None:
    """Write the file of a model: in each row a completion, and whether people say that it refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{START}{model}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, (text, refuses) in enumerate(rows):
            label = LABELS[refuses]
            writer.writerow([f"v2-{number}", "t", f"Question {number}?", text, label, label, "True", label])
