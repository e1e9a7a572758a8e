"""The whole config, with the checks that span sections."""

from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from personas.config.analysis.calibration import PUBLISHED_RATERS, Calibration, Labels
from personas.config.analysis.comparison import Comparison
from personas.config.analysis.figures import Figures
from personas.config.analysis.patterns import Patterns
from personas.config.analysis.statistics import Statistics
from personas.config.base import NonEmpty, Section, Slug
from personas.config.batches import Batches
from personas.config.benchmarks import BenchmarkSection
from personas.config.conditions import Condition
from personas.config.judges import METRICS, Judge
from personas.config.kinds import UTTERANCES, kinds, taken_names
from personas.config.machine import Machine
from personas.config.noise import Noise
from personas.config.personas import PersonasSection
from personas.config.release import Release
from personas.config.spanning import SPANNING
from personas.config.unions import Interventions, Model

COMPLETIONS = "completions"
"""Stands for a model where judges rate published answers, which no model of the config wrote."""
COMPLETIONS_RUBRIC = "xstest"
"""By which published answers are rated, without a persona: does the answer refuse?"""


class Config(Section):
    """A study: the grid model x persona x condition x benchmark, its checkpoints, and where results go."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"results", "batches", "machine", "sources"})
    # `sources` acts through the pins of the files that the config uses.

    models: dict[Slug, Model] = Field(min_length=1)
    personas: PersonasSection = PersonasSection()
    users: dict[Slug, Model] = Field(
        default_factory=dict, description="models that write user turns, which conditions name"
    )
    conditions: dict[Slug, Condition] = Field(min_length=1)
    interventions: Interventions = Field(
        default_factory=dict, description="what is done during a dialogue to keep the persona; each beside none"
    )
    checkpoints: tuple[int, ...] = Field(
        min_length=1, description="rounds that stand before the items; 0 is no dialogue"
    )
    benchmarks: dict[Slug, BenchmarkSection] = Field(min_length=1)
    judges: dict[Slug, Judge] = Field(default_factory=dict)
    release: Release | None = Field(default=None, description="where the files of models with engine released are")
    replicates: int = Field(
        default=1, gt=0, le=1000, description="independent repeats of everything, each with its seed"
    )
    noise: Noise | None = Field(
        default=None, description="more replicates of a part of the grid, which show how much values vary by chance"
    )
    patterns: Patterns = Patterns()
    calibration: Calibration | None = None
    figures: Figures = Figures()
    statistics: Statistics = Statistics()
    comparison: dict[Slug, Comparison] = Field(
        default_factory=dict, description="comparisons with published numbers, other runs, and of two models"
    )
    batches: Batches = Batches()
    machine: Machine = Machine()
    sources: NonEmpty = Field(
        default="data/sources.yaml", description="catalogue of the third-party data that `external:` names"
    )
    results: str = Field(
        default="results", pattern=r"^[^{}*?]{1,200}$", description="output folder; no braces, which are wildcards"
    )

    @field_validator("checkpoints")
    @classmethod
    def _ascending(cls, checkpoints: tuple[int, ...]) -> tuple[int, ...]:
        if any(t < 0 for t in checkpoints):
            raise ValueError(f"found {min(checkpoints)}, expected rounds of 0 or more")
        if list(checkpoints) != sorted(set(checkpoints)):
            raise ValueError(f"found {list(checkpoints)}, expected ascending rounds, each once")
        return checkpoints

    @model_validator(mode="after")
    def _checkpoints_inside_dialogues(self) -> "Config":
        for slug, condition in self.conditions.items():
            if self.checkpoints[-1] > condition.rounds:
                raise ValueError(
                    f"checkpoints: found {self.checkpoints[-1]}, expected at most {condition.rounds}, "
                    f"the rounds of condition {slug}"
                )
        return self

    @model_validator(mode="after")
    def _kinds_known(self) -> "Config":
        for slug, benchmark in self.benchmarks.items():
            if benchmark.kind is None and slug not in kinds():
                raise ValueError(
                    f"benchmarks.{slug}.kind: missing, expected one of {', '.join(kinds())} "
                    "because the slug is none of them"
                )
            if benchmark.kind is not None and benchmark.kind not in kinds():
                raise ValueError(
                    f"benchmarks.{slug}.kind: found {benchmark.kind!r}, expected one of {', '.join(kinds())}"
                )
            if benchmark.rubric is not None and not kinds()[self.kind_of(slug)].takes_rubric:
                raise ValueError(
                    f"benchmarks.{slug}.rubric: found {benchmark.rubric}, expected none for kind {self.kind_of(slug)}"
                )
        return self

    @model_validator(mode="after")
    def _judges_know_what_they_rate(self) -> "Config":
        for slug, judge in self.judges.items():
            if slug in self.models:
                raise ValueError(f"judges.{slug}: found the slug of a model, expected another: each has a journal")
            ratable = sorted(name for name in self.benchmarks if self._is_judged(name))
            for name in judge.benchmarks or ():
                if name not in ratable:
                    raise ValueError(
                        f"judges.{slug}.benchmarks: found {name}, expected some of {', '.join(ratable) or 'none'}, "
                        "the benchmarks here that a judge can rate"
                    )
            for name in judge.models or ():
                if name not in self.models:
                    raise ValueError(f"judges.{slug}.models: found {name}, expected some of {', '.join(self.models)}")
        return self

    @model_validator(mode="after")
    def _patterns_fit(self) -> "Config":
        patterns = self.patterns
        for name in patterns.benchmarks or ():
            if name not in self.benchmarks:
                raise ValueError(f"patterns.benchmarks: found {name}, expected some of {', '.join(self.benchmarks)}")
        if patterns.checkpoint is not None and patterns.checkpoint not in self.checkpoints:
            raise ValueError(
                f"patterns.checkpoint: found {patterns.checkpoint}, expected one of {list(self.checkpoints)}"
            )
        return self

    @model_validator(mode="after")
    def _samples_fit(self) -> "Config":
        for slug, sample in (self.calibration.samples if self.calibration else {}).items():
            rating = {name for name, kind in kinds().items() if kind.judged == sample.metric}
            fitting = [name for name in self.benchmarks if self.kind_of(name) in rating]
            if sample.benchmark is not None and sample.benchmark not in fitting:
                raise ValueError(
                    f"calibration.samples.{slug}.benchmark: found {sample.benchmark}, expected one of "
                    f"{', '.join(fitting) or 'none'}, the benchmarks here that are rated for {sample.metric}"
                )
        return self

    @model_validator(mode="after")
    def _judges_can_rate_published_answers(self) -> "Config":
        for slug, labels in self.human.items():
            for name in labels.judges:
                where = f"calibration.labels.{slug}.judges: found {name}"
                if name not in self.judges:
                    raise ValueError(f"{where}, expected some of {', '.join(self.judges) or 'none'}")
                if self.judges[name].model.is_imported:
                    raise ValueError(f"{where}, whose judgements are imported, expected a judge that can be asked")
                if name in ("human", "rules", *PUBLISHED_RATERS.values()):
                    raise ValueError(f"{where}, as another rater of these texts is called, expected another slug")
            if labels.judges and COMPLETIONS in self.models:
                raise ValueError(
                    f"models.{COMPLETIONS}: found this slug, expected another, because of "
                    f"calibration.labels.{slug}.judges: so are called the published answers that judges rate"
                )
        return self

    @model_validator(mode="after")
    def _sections_fit(self) -> "Config":
        for check in SPANNING:
            check(self)
        return self

    @model_validator(mode="after")
    def _benchmarks_are_no_metrics(self) -> "Config":
        metrics = {metric for judge in self.judges.values() for metric in judge.utterances}
        for slug in self.benchmarks:
            if slug in {*METRICS, *(metrics - taken_names()), "dialogues", UTTERANCES}:
                raise ValueError(f"benchmarks.{slug}: found the name of a metric or stage, expected another slug")
        return self

    @model_validator(mode="after")
    def _utterances_have_names_of_their_own(self) -> "Config":
        for slug, judge in self.judges.items():
            where, released = f"judges.{slug}.utterances", judge.model.is_imported
            if clashes := [metric for metric in judge.utterances if metric in taken_names()]:
                raise ValueError(f"{where}: found {clashes[0]}, which means something else, expected another name")
            if released and (strange := [metric for metric in judge.utterances if metric not in METRICS]):
                raise ValueError(f"{where}: found {strange[0]}, expected some of {', '.join(METRICS)} of a release")
        return self

    @property
    def human(self) -> dict[str, Labels]:
        """Files of labels that people gave, by slug."""
        return dict(self.calibration.labels) if self.calibration else {}

    @property
    def conversations(self) -> dict[str, str]:
        """What the study calls a condition -> the slug of ours that it is."""
        conditions = (self.release or Release()).conditions
        return {conversation: slug for slug, conversation in conditions.items() if slug in self.conditions}

    def longest_answer(self, model: str, benchmark: str | None) -> int:
        """Return the longest answer allowed, in tokens; `benchmark` is None for a round of a dialogue."""
        own = self.benchmarks[benchmark].max_tokens if benchmark else None
        return own or self.models[model].sampling.max_tokens

    def judged_benchmarks(self, judge: str) -> list[str]:
        """Return the benchmarks whose responses a judge rates, in the order of the config."""
        benchmarks = self.judges[judge].benchmarks
        return [
            name for name in self.benchmarks if self._is_judged(name) and (benchmarks is None or name in benchmarks)
        ]

    def _is_judged(self, benchmark: str) -> bool:
        rubric = self.benchmarks[benchmark].rubric
        return rubric is not None or kinds()[self.kind_of(benchmark)].judged is not None

    def rubric(self, kind: str) -> str:
        """Return the rubric by which judgements of a metric, or of the responses to a benchmark, are made."""
        return self.benchmarks[kind].rubric or self.kind_of(kind) if kind in self.benchmarks else kind

    def kind_of(self, benchmark: str) -> str:
        """Return the kind of a benchmark by its slug."""
        return self.benchmarks[benchmark].kind or benchmark
