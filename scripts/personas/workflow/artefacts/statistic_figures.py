"""The figures of the statistics as artefacts, each from one table, and the tables that only they read."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from personas.config.root import Config
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact, artefact
from personas.plan.source import source_digest
from personas.workflow.artefacts.shown import Family, Suite, families, suites

_TABLES = {
    "averages": "tables/averages.py",
    "token-averages": "tables/tokens.py",
    "pattern-units": "tables/pattern_units.py",
    "pattern-numbers": "tables/pattern_units.py",
}
_FAMILIES = {
    "tokens": "dialogue_lengths",
    "by-length": "ratings_by_length",
    "item-changes": "item_changes",
    "heat-map": "pattern_heat_map",
    "pattern-lines": "pattern_rates",
    "pattern-numbers": "number_of_patterns",
}
"""Kind of figure -> its family, where that is one for all of the kind."""
_FIGURES = {
    "contrast": "figures/contrasts.py",
    "bars": "figures/bars.py",
    "coefficients": "figures/coefficients.py",
    "grid": "figures/drawing/grids.py",
    "tokens": "figures/lengths.py",
    "by-length": "figures/by_length.py",
    "item-changes": "figures/item_changes.py",
    "heat-map": "figures/heat_maps.py",
    "pattern-lines": "figures/pattern_lines.py",
    "pattern-numbers": "figures/pattern_numbers.py",
}
"""Kind of table or figure -> the module that makes it."""

_CONTRASTS = {"progression": "progression", "baseline": "over_baseline"}

Tables = Mapping[str, Artefact]
"""Tables by the plain name of their first output, without suffix: `tables/values`."""


def statistic_figures(grid: Grid, tables: Tables) -> list[Artefact]:
    """Return the figures that the tables allow, each table of ours before them.

    Read, where they are among `tables`: `tables/values` (its spec names the measures), `contrasts`, `by-model`,
    `mixed-models`, `lengths`, `by-length`, `changed-items`, and the mined patterns. A table that the config switches
    off has no figures.
    """
    maker = _Maker(grid, tables)
    made = [maker.contrasts(), maker.bars(), maker.coefficients(), maker.grids(), maker.lengths(), maker.items()]
    return [one for part in [*made, maker.patterns()] for one in part]


class _Maker:
    def __init__(self, grid: Grid, tables: Tables) -> None:
        self._config, self._tables = grid.study.config, tables
        self._models, self._personas = list(self._config.models), list(grid.study.personas)
        values = tables.get("tables/values")
        measures = values.spec["measures"] if values else []
        self._families, self._suites = families(self._config, measures), suites(self._config, measures)

    def contrasts(self) -> Iterator[Artefact]:
        table = self._tables.get("tables/contrasts")
        for family in self._families if table else ():
            for prefix, contrast, pair in _contrasts(self._config, family):
                measures = _with_baseline(family.measures) if contrast == "baseline" else family.measures
                if table and measures:
                    shown = {"contrast": contrast, "pair": pair, "measures": measures}
                    yield self._figure(f"{prefix}-{family.name}", "contrast", table, **shown)

    def bars(self) -> Iterator[Artefact]:
        table = self._tables.get("tables/by-model")
        for suite in self._suites if table else ():
            for prefix, contrast, pair, measures in _bars(self._config, suite):
                if table and measures:
                    shown = {"contrast": contrast, "pair": pair, "measures": measures, "models": self._models}
                    yield self._figure(f"{prefix}-{suite.name}", "bars", table, **shown)

    def coefficients(self) -> Iterator[Artefact]:
        table = self._tables.get("tables/mixed-models")
        for suite in self._suites if table else ():
            for name, family, measures in (
                ("effect-of-length", "length", suite.measures if _long(self._config) else []),
                ("effect-of-a-persona", "personalization", _compared(self._config, suite)),
            ):
                if table and measures:
                    shown = {"family": family, "measures": measures, "models": self._models}
                    yield self._figure(f"{name}-{suite.name}", "coefficients", table, **shown)

    def grids(self) -> Iterator[Artefact]:
        values = self._tables.get("tables/values")
        if not values or not self._suites:
            return
        table = self._table("averages", "averages", values.outputs[:1])
        yield table
        for suite in self._suites:
            for by, rows in (("model", self._models), ("persona", self._personas)):
                shown = {"by": by, "rows": rows, "measures": suite.measures}
                yield self._figure(f"{by}s-{suite.name}", "grid", table, **shown)

    def lengths(self) -> Iterator[Artefact]:
        lengths, by_length = self._tables.get("tables/lengths"), self._tables.get("tables/by-length")
        if lengths:
            table = self._table("token-averages", "token-averages", lengths.outputs[:1])
            yield table
            for by, units in (("model", self._models), ("persona", self._personas)):
                yield self._figure(f"tokens-by-{by}", "tokens", table, by=by, units=units)
        for suite in self._suites if by_length else ():
            if by_length:
                yield self._figure(f"by-length-{suite.name}", "by-length", by_length, measures=suite.measures)

    def items(self) -> Iterator[Artefact]:
        """What the items of xstest do, as each judge sees it, or the rules where there is none."""
        table = self._tables.get("tables/changed-items")
        for family in self._families if table else ():
            if table and family.benchmark and self._config.kind_of(family.benchmark) == "xstest":
                shares = [m for m in family.measures if m["scale"] == "share"]
                judged = [m for m in shares if not m["measure"].endswith("-by-rules")] or shares
                pairs = {contrast.partition(":")[2]: words for _, contrast, words in _pairs(self._config)}
                shown = {"measures": judged, "pairs": pairs}
                yield self._figure(f"item-changes-{family.name}", "item-changes", table, **shown)

    def patterns(self) -> Iterator[Artefact]:
        mined = [made for made in self._tables.values() if made.maker == "mine_patterns"]
        if not mined:
            return
        at = min(made.spec["checkpoint"] for made in mined)  # those of the last checkpoint only are compared
        first = [made.outputs[1] for made in mined if made.spec["checkpoint"] == at]
        table = self._table("patterns-by-unit", "pattern-units", first)
        yield table
        yield self._figure("patterns-heat-map", "heat-map", table, models=self._models)
        benchmarks = [name for name in self._config.benchmarks if name in {a.spec["benchmark"] for a in mined}]
        units = {"model": self._models, "benchmark": benchmarks, "persona": self._personas}
        for by, rows in units.items():
            yield self._figure(f"patterns-by-{by}", "pattern-lines", table, by=by, rows=rows)
        if len(first) < len(mined):
            counts = [made.outputs[1] for made in mined]
            numbers = self._table("patterns-numbers", "pattern-numbers", counts)
            yield numbers
            for group in ("persona", "baseline"):
                shown = {"pattern_group": group, "models": self._models}
                yield self._figure(f"patterns-numbers-of-{group}", "pattern-numbers", numbers, **shown)

    def _table(self, name: str, kind: str, inputs: Sequence[str]) -> Artefact:
        figures = self._config.figures
        spec: dict[str, Any] = {"kind": kind, "resamples": figures.resamples, "seed": figures.seed}
        spec |= {"source": source_digest(_TABLES[kind], "tables/job.py")}
        return artefact(
            kind.replace("-", "_"), "summarise", [f"tables/{name}.parquet", f"tables/{name}.csv"], inputs, spec
        )

    def _figure(self, name: str, kind: str, table: Artefact, **shown: Any) -> Artefact:
        source = source_digest(_FIGURES[kind], "figures/job.py")
        spec = {"kind": kind, "note": self._config.figures.note, **shown, "source": source}
        return artefact(
            _family(kind, shown), "draw", [f"figures/{name}.pdf", f"figures/{name}.png"], table.outputs[:1], spec
        )


def _family(kind: str, shown: Mapping[str, Any]) -> str:
    """Return the family of a figure of the statistics: what it shows, not how."""
    if kind == "contrast":
        return _CONTRASTS.get(shown["contrast"], "differences")
    if kind == "bars":
        return {"length": "cost_of_length", "personalization": "cost_of_a_persona"}.get(
            shown["contrast"], "differences_by_model"
        )
    if kind == "coefficients":
        return {"length": "effect_of_length", "personalization": "effect_of_a_persona"}[shown["family"]]
    return f"panels_by_{shown['by']}" if kind == "grid" else _FAMILIES[kind]


def _pairs(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield prefix of a figure's name, contrast, and how it is written, of each two conditions."""
    for one, other in combinations(config.conditions, 2):
        yield f"{one}-minus-{other}", f"condition:{one}-{other}", f"{one} − {other}"


def _long(config: Config) -> bool:
    return len(config.checkpoints) > 1


def _contrasts(config: Config, family: Family) -> Iterator[tuple[str, str, str | None]]:
    for prefix, contrast, pair in _pairs(config):
        yield f"difference-{prefix}", contrast, pair
    if _long(config) or family.benchmark is None:
        yield "progression", "progression", None
    if config.personas.baseline:
        yield "over-baseline", "baseline", None


def _bars(config: Config, suite: Suite) -> Iterator[tuple[str, str, str | None, list[Any]]]:
    if _long(config):
        yield "cost-of-length", "length", None, suite.measures
    at_zero = config.checkpoints[0] == 0
    yield "cost-of-a-persona", "personalization", None, _compared(config, suite) if at_zero else []
    for prefix, contrast, pair in _pairs(config):
        yield f"models-difference-{prefix}", contrast, pair, suite.measures


def _compared(config: Config, suite: Suite) -> list[Any]:
    """Return the measures that persona and baseline have at checkpoints."""
    found = _with_baseline(suite.measures) if config.personas.baseline else []
    return [measure for measure in found if measure["axis"] == "checkpoint"]


def _with_baseline(measures: Sequence[Any]) -> list[Any]:
    """Leave out what the baseline does not have: the distance from itself, and wins against own answers."""
    own = ("-distance-from-baseline-by-", "-win-zero-by-", "-win-previous-by-")
    return [m for m in measures if not any(part in m["measure"] for part in own)]
