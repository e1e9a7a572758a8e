"""The layout of the study's released files, in and out."""

from collections.abc import Iterator
from pathlib import Path

from personas.exports.formats.format import Format
from personas.exports.release.doubts import doubts
from personas.exports.release.exporter.export import export
from personas.exports.study_results import StudyResults


def write(results: StudyResults, folder: Path) -> Iterator[str]:
    """Write every cell on disk that the release has a name for."""
    yield from export(results.grid, results.artefacts, results.folder, folder).messages(folder)


RELEASE = Format("release", "the layout of the study's released files, which its notebooks read", write, doubts)
