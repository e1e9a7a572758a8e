"""Released answers of the baseline that may stand beside the wrong questions: said in the last lines of a run."""

from collections import defaultdict

from personas.exports.release.importer.fit import LOOK_AT
from personas.plan.frozen import FrozenPlan
from personas.requests.projection import read_description


def doubts(frozen: FrozenPlan) -> list[str]:
    """Return a line for each benchmark with doubtful files, as its cells say; none without a release."""
    if frozen.study.release is None:
        return []
    by_benchmark: dict[str, dict[str, str]] = defaultdict(dict)
    for path in frozen.targets:
        if path.startswith("responses/") and "--as-" in path and (frozen.results / path).exists():
            description = read_description(frozen.results / path)
            notes = description.get("origin", {}).get("notes", {})
            by_benchmark[description["benchmark"]] |= {file: note for file, note in notes.items() if LOOK_AT in note}
    return [
        f"Doubtful: {len(files)} released files of the baseline's answers to {benchmark}; {file}: {note}."
        for benchmark, files in by_benchmark.items()
        for file, note in sorted(files.items())[:1]
    ]
