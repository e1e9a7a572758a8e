"""Our cells in the layout of the release, so that the study's notebooks read them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from personas.core.files import write_atomically
from personas.exports.release.exporter.cells import csv_bytes, dialogue_text, response_texts, verdict_texts
from personas.exports.release.exporter.tables import ifbench_results, pattern_files
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.grid.release.cells import has_dataset, is_in_release, judgement_names, spoken
from personas.grid.release.names import DATASETS, METRICS, Name, Spoken
from personas.plan.artefact import Artefact


@dataclass
class Export:
    """What was written, and for each file that was not, why; paths are below the folder.

    `in_json` counts, by judge, files of judgements in a form that the study's own code does not read.
    """

    paths: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    in_json: Counter[str] = field(default_factory=Counter)

    def messages(self, folder: Path) -> Iterator[str]:
        """Yield what to tell about it."""
        yield f"{folder}: {len(self.paths):,} files written in the layout of the release."
        for reason in sorted(set(self.left_out.values())):
            paths = [path for path, why in self.left_out.items() if why == reason]
            yield f"Not written: {len(paths):,} files ({reason}), the first is {paths[0]}."
        for judge, files in self.in_json.items():
            yield (
                f"Judge {judge}: {files:,} files hold texts in form json, in which the study's notebooks find no "
                "verdict; they read those of form reasoning-result or feedback-score."
            )


def export(grid: Grid, artefacts: Sequence[Artefact], results: Path, folder: Path) -> Export:
    """Write every cell on disk that the release has a name for, and tables of `artefacts`, into an empty folder."""
    grid.study.require_texts()
    exporter = _Exporter(grid, results, folder, Export())
    exporter.cells()
    exporter.tables(artefacts)
    return exporter.outcome


@dataclass(frozen=True)
class _Exporter:
    grid: Grid
    results: Path
    folder: Path
    outcome: Export

    def cells(self) -> None:
        """Write dialogues, responses and judgements."""
        baselines: dict[tuple[str, str], list[Cell]] = defaultdict(list)
        for cell in self.grid.cells:
            if cell.completions:
                self.outcome.left_out[cell.plain_path] = "the release has no judgements of published answers"
            elif cell.second:
                self.outcome.left_out[cell.plain_path] = "the release has no second judgements"
            elif cell.has_intervention:
                self.outcome.left_out[cell.plain_path] = "the release has no interventions"
            elif not is_in_release(self.grid.study, cell.track):
                self.outcome.left_out[cell.plain_path] = "the release has no such condition or replicate"
            elif cell.benchmark and not has_dataset(self.grid.study, cell.benchmark):
                self.outcome.left_out[cell.plain_path] = "the release has no benchmark of that kind"
            elif cell.benchmark and cell.track.order != "fixed":
                self.outcome.left_out[cell.plain_path] = "the release asks items behind the fixed order only"
            elif cell.judge:
                self._judgement(cell)
            elif cell.benchmark is None:
                self._dialogue(cell)
            else:
                # The baseline's file has the items of all personas, which are cells of their own here.
                baselines[f"{cell.track}", cell.benchmark].append(cell)
        for together in baselines.values():
            self._responses(together)

    def _dialogue(self, cell: Cell) -> None:
        name = spoken(self.grid.study, cell)["dialogue"]
        if self._is_there(cell, [name]):
            self._write(name.path, dialogue_text(self.results / cell.path))

    def _responses(self, together: Sequence[Cell]) -> None:
        names: Mapping[str, Spoken] = spoken(self.grid.study, together[0])
        there = [self._is_there(cell, list(names.values())) for cell in together]
        if all(there):
            texts = response_texts(self.grid.study, together, self.results)
            for t, name in names.items():
                self._write(name.path, texts[int(t)])

    def _judgement(self, cell: Cell) -> None:
        if cell.metric and cell.metric not in METRICS:  # the release knows no such metric
            self.outcome.left_out[cell.path] = "the study rates no utterances for that"
            return
        names, study = judgement_names(self.grid.study, cell), self.grid.study
        if not self._is_there(cell, list(names.values())):
            return
        column = METRICS[cell.metric] if cell.metric else DATASETS[study.config.kind_of(cell.benchmark or "")]
        for key, texts in verdict_texts(study, cell, self.results).items():
            self._write(names[key].path, None if texts is None else csv_bytes({column: texts}))
            if texts is not None and study.config.judges[cell.judge or ""].form == "json":
                self.outcome.in_json[cell.judge or ""] += 1

    def tables(self, artefacts: Sequence[Artefact]) -> None:
        """Write IFBench accuracies and patterns, where their tables are made."""
        artefacts = [a for a in artefacts if all((self.results / path).exists() for path in a.outputs)]
        accuracies = ifbench_results(
            self.grid.study, self.results, [a for a in artefacts if a.declared_family == "ratings"]
        )
        if accuracies is not None:
            self._write("results/ifbench_results.json", accuracies)
        mined = [a for a in artefacts if a.stage == "patterns"]
        for path, content in pattern_files(self.grid.study, self.results, mined):
            self._write(path, content)

    def _is_there(self, cell: Cell, names: Sequence[Name]) -> bool:
        if (self.results / cell.path).exists():
            return True
        self.outcome.left_out |= {name.path: "its cell is missing; run the workflow first" for name in names}
        return False

    def _write(self, path: str, content: bytes | None) -> None:
        if content is None:
            self.outcome.left_out[path] = "its cell has no answers from the release, or verdicts in another order"
            return
        write_atomically(self.folder / path, content)
        self.outcome.paths.append(path)
