"""The study of the exactness table: its config, and, written down a second time, which files it must have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from tests.workflow.conftest import fake_model

BOUND = "general"  # its items belong to roles, so the baseline has a file for each persona
RULED = "ifbench"  # scored by rules alone
MINED = ("xstest", "ifbench")


@dataclass(frozen=True)
class World:
    """What the grid consists of, by hand: nothing here is read from the project."""

    models: tuple[str, ...] = ("one", "two")
    personas: tuple[str, ...] = ("lighthouse-keeper", "pastry-chef")
    dialogues: tuple[str, ...] = ("goal-oriented-fixed", "persona-directed-fixed", "persona-directed-shuffled")
    benchmarks: tuple[str, ...] = ("general", "xstest")
    judges: tuple[str, ...] = ("jay",)
    metrics: tuple[str, ...] = ("knowledge", "style")
    replicates: int = 1
    interventions: tuple[str, ...] = ()
    """Those whose names begin with `last` have a baseline."""
    played: bool = False
    """Whether a model plays the user of a condition."""
    replayed: str = ""
    """The dialogue in which the baseline answers the turns of each persona's user."""

    def but(self, **changes: Any) -> "World":
        """Return the world with some parts replaced."""
        return replace(self, **changes)

    def cells(self) -> set[str]:
        """Return the plain path of every cell."""
        return {f"{path}.parquet" for path in self._paths()}

    def artefacts(self) -> set[str]:
        """Return the plain path of every table, figure, pattern file and page."""
        judged = [f"{b}-by-{judge}" for b in self.benchmarks if b != RULED for judge in self.judges]
        shown = [*judged, *(b for b in self.benchmarks if b == RULED)]
        tables = ["by-checkpoint", "answer-status", "status", "by-round", "patterns-by-checkpoint"]
        tables += ["values", "measures", "averages", "contrasts", "by-model", "mixed-models"]
        tables += [f"{name}-by-checkpoint" for name in shown]
        tables += [f"{b}-agreement-with-{judge}" for b in self.benchmarks if b == "xstest" for judge in self.judges]
        tables += ["lengths", "length-means", "by-length", "coverage", "rankings", "model-series", "model-cards"]
        printed = ["by-model", "mixed-models", "length-means", "coverage", "rankings", "model-cards"]
        printed += [f"{b}-agreement-with-{judge}" for b in self.benchmarks if b == "xstest" for judge in self.judges]
        pages = ["grid", "statuses", "provenance", "models", *(f"card-{model}" for model in self.models)]
        tables += ["power", "overall-series", *(["role-reversals"] if self.played else [])]
        printed += ["power"]
        tables += ["changed-items", "strength", "identification-words", "remaining-strength"]
        told = ("identification-{}--scores", "identification-{}--words", "style-{}--answers")
        if "xstest" in self.benchmarks:
            tables += ["safety-by-type", "safety-by-focus", "changed-texts"]
            printed += ["safety-by-type", "safety-by-focus"]
            pages += ["changed-items"]
        figures = [
            "overview",
            "by-checkpoint",
            "patterns",
            *(f"{name}-{model}" for model in self.models for name in ("card", "strength", "remaining")),
            *shown,
            *(f"utterances-by-{judge}" for judge in self.judges),
        ]
        tables += ["token-averages", "patterns-by-unit", *(f"item-variances-{b}" for b in self.benchmarks)]
        figures += self._statistic_figures([*(f"utterances-by-{judge}" for judge in self.judges), *shown])
        mined = product(self.models, self.personas, [b for b in self.benchmarks if b in MINED])
        return {
            *self._of_interventions(),
            *(
                f"tables/ratings-{m}--{name}.parquet"
                for m in self.models
                for name in (*self.benchmarks, "utterances")
            ),
            *(f"tables/{name.format(m)}.parquet" for m in self.models for name in told),
            *(f"tables/{name}.{suffix}" for name in tables for suffix in ("parquet", "csv")),
            *(f"figures/{name}.{suffix}" for name in figures for suffix in ("pdf", "png")),
            *(f"patterns/{m}/{p}/{b}-{kind}.parquet" for m, p, b in mined for kind in ("patterns", "counts")),
            *(f"tables/{name}.tex" for name in printed),
            *(f"report/{name}.html" for name in pages),
            "report/provenance.csv",
        }

    def _of_interventions(self) -> Iterator[str]:
        """Yield what there is of interventions beside the cells."""
        if not self.interventions:
            return
        tables = ["intervention-values", "intervention-contrasts", "turn-tokens", "benefits"]
        for slug in self.interventions:
            tables.append(f"coverage--with-{slug}")
            for model, name in product(self.models, (*self.benchmarks, "utterances")):
                yield f"tables/ratings-{model}--{name}--with-{slug}.parquet"
        yield from (f"tables/{name}.{suffix}" for name in tables for suffix in ("parquet", "csv"))
        yield "tables/benefits.tex"
        conditions = {name.rpartition("-")[0] for name in self.dialogues}
        for judge, condition, suffix in product(self.judges, conditions, ("pdf", "png")):
            yield f"figures/benefits-by-{judge}--{condition}.{suffix}"

    def _statistic_figures(self, families: list[str]) -> Iterator[str]:
        """Yield the names of figures of differences, models and personas, for families and judges."""
        both = len({name.rpartition("-")[0] for name in self.dialogues}) == 2
        pair = ["persona-directed-minus-goal-oriented"] if both else []
        for family in families:
            yield from (f"difference-{name}-{family}" for name in pair)
            yield from (f"{contrast}-{family}" for contrast in ("progression", "over-baseline"))
        for judge in self.judges:
            yield from (f"models-difference-{name}-by-{judge}" for name in pair)
            for name in ("cost-of-length", "cost-of-a-persona", "effect-of-length", "effect-of-a-persona"):
                yield f"{name}-by-{judge}"
            yield from (f"{name}-by-{judge}" for name in ("models", "personas", "by-length", "item-changes-xstest"))
        yield from (f"tokens-by-{name}" for name in ("model", "persona"))
        yield from ("patterns-heat-map", *(f"patterns-by-{name}" for name in ("model", "benchmark", "persona")))

    def _paths(self) -> Iterator[str]:
        repeats = ["", *(f"-r{number}" for number in range(2, self.replicates + 1))]
        done = ["", *(f"--with-{slug}" for slug in self.interventions)]
        copies = [f"{copy}{intervention}" for copy, intervention in product(repeats, done)]
        speakers = [*self.personas, "baseline"]
        for model, who, name, copy in product(self.models, speakers, self.dialogues, copies):
            if who == "baseline" and "--with-" in copy and "--with-last" not in copy:
                continue
            rated_as = [f"--as-{persona}" for persona in self.personas] if who == "baseline" else [""]
            is_replay = who == "baseline" and name == self.replayed
            yield from (
                f"dialogues/{model}/{who}/{name}{copy}{suffix}" for suffix in (rated_as if is_replay else [""])
            )
            for judge, metric, suffix in product(self.judges, self.metrics, rated_as):
                yield f"judgements/{judge}/{model}/{who}/{metric}/{name}{copy}{suffix}"
            for benchmark in self.benchmarks if name.endswith("-fixed") else ():
                suffixes = rated_as if benchmark == BOUND or is_replay else [""]
                for suffix in suffixes:
                    yield f"responses/{model}/{who}/{benchmark}/{name}{copy}{suffix}"
                    if benchmark == RULED:
                        continue
                    compared = "--vs-dataset" if benchmark == BOUND else ""
                    for judge in self.judges:
                        yield f"judgements/{judge}/{model}/{who}/{benchmark}/{name}{copy}{suffix}{compared}"


WORLD = World()


def config(base_url: str) -> dict[str, Any]:
    """Return the config of that world; one server answers for all."""
    model = fake_model(base_url)
    judge = {"model": model | {"id": "org/judge"}, "utterances": ["knowledge", "style"], "pairs": "parity"}
    return {
        "models": {"one": model, "two": model | {"revision": "r2"}},
        "personas": {"folder": "config/personas"},
        "conditions": {
            "persona-directed": {
                "turns": "data/demo/interview.json",
                "rounds": 5,
                "orders": ["fixed", "shuffled"],
            },
            "goal-oriented": {"turns": "data/demo/instructions.json", "rounds": 3},
        },
        "checkpoints": [0, 2],
        "benchmarks": {
            "xstest": {"items": "data/demo/xstest.csv", "limit": 1},
            "general": {"items": "data/demo/general.jsonl", "limit": 1},
        },
        "judges": {"jay": judge},
        "patterns": {"benchmarks": ["xstest"]},
        "figures": {"resamples": 10},
    }


_DIGEST = re.compile(r"\.[0-9a-f]{16}(?=\.\w+$)")


def plain(path: str) -> str:
    """Return a result's path without results folder and digest."""
    return _DIGEST.sub("", path.removeprefix("results/"))
