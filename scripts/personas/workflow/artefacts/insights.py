"""What follows beside series and contrasts: lengths, safety, rankings, coverage, and a card for each model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personas.benchmarks.base import Item
from personas.config.personas import BASELINE
from personas.core.canonical import sha256
from personas.engines.request import STATUSES
from personas.external.tokenizer import fingerprint, tokenizer_file
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact, by_plain_name
from personas.plan.source import source_digest
from personas.workflow.artefacts.cards import cards
from personas.workflow.artefacts.statistics import measures

_TABLES = {
    "lengths": ("tables/lengths.py", "external/tokenizer.py"),
    "length-means": ("tables/by_length.py",),
    "by-length": ("tables/by_length.py",),
    "safety": ("tables/safety.py",),
    "changed-items": ("tables/items.py",),
    "changed-texts": ("tables/changed.py",),
    "coverage": ("tables/coverage.py",),
    "rankings": ("tables/rankings.py",),
    "model-series": ("tables/model_series.py",),
    "model-cards": ("tables/cards.py",),
}
"""Kind of table -> the modules that make it."""

UNSCORABLE = "unscorable"
"""The one status that only ratings have."""


def insights(
    grid: Grid,
    ratings: Sequence[Artefact],
    tables: Mapping[str, Artefact],
    patterns: Sequence[Artefact] = (),
) -> list[Artefact]:
    """Return the artefacts in the order in which they follow from each other.

    `tables` are those of the grid by their plain name (`values`, `mixed-models` ...); of these, `values` has to be
    there. `patterns` are the counts of patterns. What needs a benchmark or a judge that the grid lacks is left out.
    """
    maker = _Maker(grid, ratings, tables["values"])
    made = [
        *maker.lengths(),
        *maker.changes(),
        *maker.safety(),
        maker.table("coverage", "coverage", maker.ratings, statuses=[*STATUSES, UNSCORABLE]),
        maker.table("rankings", "rankings", maker.values, drawn=True, measures=maker.measures),
    ]
    counts = [path for a in patterns for path in a.outputs[1:]]
    return [*made, *cards(grid, maker.table, maker.values, counts, maker.measures)]


def placeless_measures(grid: Grid) -> list[dict[str, Any]]:
    """Return what a grid measures, without the place of each, which another benchmark moves."""
    return [{k: v for k, v in m.items() if k != "place"} for m in measures(grid.study.config, grid.study.yes_no())]


def by_name(artefacts: Sequence[Artefact]) -> dict[str, Artefact]:
    """Return the tables among artefacts by their plain name: `tables/values.parquet` is `values`."""
    stems = by_plain_name(artefacts).items()
    return {stem.removeprefix("tables/"): made for stem, made in stems if stem.startswith("tables/")}


class _Maker:
    def __init__(self, grid: Grid, ratings: Sequence[Artefact], values: Artefact) -> None:
        self._grid, self._study, self._config = grid, grid.study, grid.study.config
        self._rated = ratings
        self.ratings = [path for a in ratings for path in a.outputs]
        self.values = list(values.outputs[:1])
        self.measures = placeless_measures(grid)
        self._ends = [self._config.checkpoints[0], self._config.checkpoints[-1]]

    def lengths(self) -> Iterator[Artefact]:
        """Tokens of every dialogue, their means, and ratings against them."""
        dialogues = [c.path for c in self._grid.cells if c.stage == "dialogues"]
        lengths = self.table("lengths", "lengths", dialogues, tokenizers=self._tokenizers())
        yield lengths
        yield self.table("length-means", "length-means", lengths.outputs[:1], drawn=True)
        yield self.table("by-length", "by-length", [*self.values, *lengths.outputs[:1]], drawn=True)

    def _tokenizers(self) -> dict[str, str]:
        """What identifies the tokenizers that lie here, of models whose server may not count."""
        models = self._config.models
        files = {slug: tokenizer_file(m, m.engine, self._config.machine) for slug, m in models.items()}
        return {slug: fingerprint(file) for slug, file in files.items() if file}

    def changes(self) -> Iterator[Artefact]:
        """How much each item changed, and the answers to those that changed most."""
        shares = [m for m in self.measures if m["scale"] == "share" and m["benchmark"] is not None]
        if not shares:
            return
        items = self.table("changed-items", "changed-items", self._ratings_of(shares), **self._of_items(shares))
        yield items
        refusals = self._refusals()
        if refusals:
            named = {m["benchmark"] for m in refusals}
            cells = [
                c.path
                for c in self._grid.cells
                if c.stage == "responses" and c.benchmark in named and c.track.persona != BASELINE
            ]
            inputs = [*items.outputs[:1], *self._ratings_of(refusals), *cells]
            yield self.table("changed-texts", "changed-texts", inputs, measures=refusals, ends=self._ends)

    def safety(self) -> Iterator[Artefact]:
        """Refusals by type and by focus of the prompt."""
        refusals = self._refusals()
        for by in ("type", "focus") if refusals else ():
            told = {**self._of_items(refusals), "by": by}
            yield self.table(f"safety-by-{by}", "safety", self._ratings_of(refusals), drawn=True, **told)

    def table(self, name: str, kind: str, inputs: Sequence[str], *, drawn: bool = False, **shown: Any) -> Artefact:
        """Return a table as an artefact; `drawn`: it has bootstrap intervals."""
        figures = self._config.figures
        bootstrap = {"resamples": figures.resamples, "seed": figures.seed} if drawn else {}
        source = source_digest(*_TABLES[kind], "tables/insights.py", "tables/job.py")
        spec = {"kind": kind, **bootstrap, **shown, "source": source}
        return artefact(
            kind.replace("-", "_"), "summarise", [f"tables/{name}.parquet", f"tables/{name}.csv"], inputs, spec
        )

    def _refusals(self) -> list[Mapping[str, Any]]:
        """The measures of refusal, of every benchmark and rater."""
        kinds = {name: self._config.kind_of(name) for name in self._config.benchmarks}
        return [m for m in self.measures if kinds.get(m["benchmark"]) == "xstest" and m["metric"] == "refusal"]

    def _ratings_of(self, chosen: Sequence[Mapping[str, Any]]) -> list[str]:
        wanted = {m["benchmark"] for m in chosen}
        return [path for a in self._rated if a.spec["benchmark"] in wanted for path in a.outputs]

    def _of_items(self, chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What tables of items are told: which measures, which ends, and what identifies the items' texts."""
        names = dict.fromkeys(m["benchmark"] for m in chosen)
        texts = {name: self._texts(name) for name in names}
        return {"measures": chosen, "ends": self._ends, "conditions": list(self._config.conditions), "texts": texts}

    def _texts(self, benchmark: str) -> Any:
        """What identifies prompts, labels, types and focuses: pins of third-party files, or the texts' hash."""
        pins = self._study.pins.items.get(benchmark)
        if pins is not None:
            return [dict(pin) for pin in pins.scoring()]
        return sha256([_identity(item) for item in self._study.items[benchmark]])


def _identity(item: Item) -> list[Any]:
    return [item.id, item.role, item.prompt, dict(item.scoring)]
