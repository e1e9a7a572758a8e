"""What follows beside series and contrasts: lengths, safety, rankings, coverage, and a card for each model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.benchmarks.base import Item
from scripts.config.personas import BASELINE
from scripts.engines.request import STATUSES
from scripts.grid.canonical import sha256
from scripts.grid.grid import Grid
from scripts.plan.artefact import Artefact, artefact
from scripts.plan.printed import printed
from scripts.plan.sections import sections
from scripts.plan.source import module_digest
from scripts.plan.statistics import measures

_TABLES = {
    "lengths": "analysis/lengths.py",
    "length-means": "analysis/lengths.py",
    "by-length": "analysis/lengths.py",
    "safety": "analysis/safety.py",
    "changed-items": "analysis/items.py",
    "changed-texts": "analysis/changed.py",
    "coverage": "analysis/coverage.py",
    "rankings": "analysis/rankings.py",
    "model-series": "analysis/model_series.py",
    "model-cards": "analysis/cards.py",
}
"""Kind of table -> the module that makes it."""

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
    cards = list(maker.cards([path for a in patterns for path in a.outputs[1:]]))
    known = {**tables, **by_name([*made, *cards])}
    pages = maker.pages(known, [a for a in cards if a.rule == "draw"])
    return [*made, *cards, *pages, *printed(known, maker.measures)]


def by_name(artefacts: Sequence[Artefact]) -> dict[str, Artefact]:
    """Return the tables among artefacts by their plain name: `tables/values.parquet` is `values`."""
    plain = ((a.plain_outputs[0], a) for a in artefacts)
    return {
        name.removeprefix("tables/").removesuffix(".parquet"): a
        for name, a in plain
        if name.startswith("tables/") and name.endswith(".parquet")
    }


class _Maker:
    def __init__(self, grid: Grid, ratings: Sequence[Artefact], values: Artefact) -> None:
        self._grid, self._study, self._config = grid, grid.study, grid.study.config
        self._rated = ratings
        self.ratings = [path for a in ratings for path in a.outputs]
        self.values = list(values.outputs[:1])
        self.measures = measures(self._config)
        self._ends = [self._config.checkpoints[0], self._config.checkpoints[-1]]

    def lengths(self) -> Iterator[Artefact]:
        """Tokens of every dialogue, their means, and ratings against them."""
        lengths = self.table("lengths", "lengths", [c.path for c in self._grid.cells if c.stage == "dialogues"])
        yield lengths
        yield self.table("length-means", "length-means", lengths.outputs[:1], drawn=True)
        yield self.table("by-length", "by-length", [*self.values, *lengths.outputs[:1]], drawn=True)

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

    def cards(self, counts: Sequence[str]) -> Iterator[Artefact]:
        """Every measure of every model over the dialogue, the cards' table, and a figure for each model."""
        given, checkpoints = [*self.values, *counts], list(self._config.checkpoints)
        series = self.table("model-series", "model-series", given, drawn=True, checkpoints=checkpoints)
        yield series
        parts = sections(self._config, self.measures, bool(counts))
        told = {"sections": parts, "models": list(self._config.models), "checkpoints": checkpoints}
        yield self.table("model-cards", "model-cards", given, drawn=True, **told)
        for model in self._config.models:
            yield self._figure(model, series, parts)

    def _figure(self, model: str, series: Artefact, parts: Sequence[Mapping[str, Any]]) -> Artefact:
        spec = {
            "kind": "card",
            "model": model,
            "measures": [m for part in parts for m in part["measures"] if m["headline"]],
            "note": self._config.figures.note,
            "source": module_digest("figures/card.py", "figures/job.py"),
        }
        return artefact("draw", [f"figures/card-{model}.pdf", f"figures/card-{model}.png"], series.outputs[:1], spec)

    def pages(self, known: Mapping[str, Artefact], figures: Sequence[Artefact]) -> Iterator[Artefact]:
        """A page per model with its figure, one that compares them, and the items that changed most."""
        cards, counted = known["model-cards"].outputs[0], known["coverage"].outputs[0]
        for figure in figures:
            model = figure.spec["model"]
            yield self._page(
                f"card-{model}", "card", [cards, counted, figure.outputs[1]], model=model, facts=self._facts(model)
            )
        yield self._page("models", "models", [cards])
        if "changed-texts" in known:
            yield self._page("changed-items", "changed-items", known["changed-texts"].outputs[:1])

    def _facts(self, slug: str) -> list[str]:
        """What a card says of its model and of the grid, in words."""
        model, config = self._config.models[slug], self._config
        asked = ", ".join(map(str, config.checkpoints))
        return [
            *([model.name] if model.name else []),
            f"{model.id} at {model.revision}",
            f"{model.engine}, temperature {model.sampling.temperature:g}",
            f"{len(self._study.personas)} personas",
            *(f"{slug}: {section.rounds} rounds" for slug, section in config.conditions.items()),
            f"items after {asked} rounds",
            *([f"{config.replicates} replicates"] if config.replicates > 1 else []),
        ]

    def _page(self, name: str, kind: str, inputs: Sequence[str], **shown: Any) -> Artefact:
        source = module_digest("report/cards.py", "report/changed_items.py", "report/pages.py", "report/written.py")
        spec = {"kind": kind, **shown, "note": self._config.figures.note, "source": source}
        return artefact("write_page", [f"report/{name}.html"], inputs, spec)

    def table(self, name: str, kind: str, inputs: Sequence[str], *, drawn: bool = False, **shown: Any) -> Artefact:
        """Return a table as an artefact; `drawn`: it has bootstrap intervals."""
        figures = self._config.figures
        bootstrap = {"resamples": figures.resamples, "seed": figures.seed} if drawn else {}
        source = module_digest(_TABLES[kind], "analysis/insights.py", "analysis/job.py")
        spec = {"kind": kind, **bootstrap, **shown, "source": source}
        return artefact("summarise", [f"tables/{name}.parquet", f"tables/{name}.csv"], inputs, spec)

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
