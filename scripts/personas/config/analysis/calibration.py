"""Section `calibration`: judges against people and each other, and samples for people to rate."""

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty, Section, Slug, each_once

RatedMetric = Literal["knowledge", "style", "in-character", "trait", "refusal", "win"]
RATED: tuple[RatedMetric, ...] = get_args(RatedMetric)
"""The metrics, as the ratings tables name them, that people can rate too."""

LabelFormat = Literal["csv", "study", "xstest-completions"]
COLUMNS = (
    "label",
    "annotator",
    "cluster",
    "unit",
    "judged_sha256",
    "a_sha256",
    "model",
    "persona",
    "reference_persona",
    "condition",
    "order",
    "replicate",
    "checkpoint",
    "round",
    "benchmark",
    "item_id",
    "reference",
)
"""The columns that are read of a CSV of one's own; all but `label` where it has them."""


PUBLISHED_RATERS = {"gpt4_label": "gpt4", "strmatch_label": "string-match"}
"""Column of automatic labels in published files -> what their rater is called."""


class Labels(Section):
    """A file of labels that people gave, or a folder of such files."""

    file: NonEmpty = Field(description="CSV file, or a folder of them; or external:...")
    format: LabelFormat = Field(default="csv", description="csv: one's own; or as the study or XSTest publish")
    metric: RatedMetric | None = Field(default=None, description="format csv: what was rated")
    columns: dict[str, NonEmpty] = Field(
        default_factory=dict, description="format csv: what the file calls a column that is read here"
    )

    judges: tuple[Slug, ...] = Field(
        default=(), description="format xstest-completions: judges that rate the published answers too"
    )

    _each_once = field_validator("judges")(each_once)

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        if strange := [name for name in columns if name not in COLUMNS]:
            raise ValueError(f"found {strange[0]!r}, expected some of {', '.join(COLUMNS)}")
        return columns

    @model_validator(mode="after")
    def _metric_where_it_belongs(self) -> "Labels":
        if self.format == "csv" and self.metric is None:
            raise ValueError(f"metric: missing, expected one of {', '.join(RATED)}")
        if self.format != "csv" and (self.metric or self.columns):
            raise ValueError(f"format {self.format}: found metric or columns, expected them with format csv only")
        if self.judges and self.format != "xstest-completions":
            raise ValueError(
                f"judges: found {list(self.judges)}, expected them with format xstest-completions only, whose texts "
                "are not of this grid"
            )
        return self


class Sample(Section):
    """Texts to be rated by people, drawn evenly over the grid."""

    metric: RatedMetric = Field(description="what is to be rated")
    benchmark: Slug | None = Field(default=None, description="benchmark whose responses are drawn")
    n: int = Field(default=100, gt=0, le=100_000, description="texts to draw")
    seed: int = Field(default=42, ge=0, description="seed of the draw")

    @model_validator(mode="after")
    def _benchmark_where_it_belongs(self) -> "Sample":
        of_items = self.metric in ("trait", "refusal", "win")
        if of_items != (self.benchmark is not None):
            raise ValueError(
                f"benchmark: found {self.benchmark}, expected {'a benchmark' if of_items else 'none'} "
                f"for metric {self.metric}"
            )
        return self


class Calibration(Section):
    """Judges against people and against each other. Without this section there is no such table."""

    labels: dict[Slug, Labels] = Field(default_factory=dict)
    samples: dict[Slug, Sample] = Field(default_factory=dict)

    @field_validator("labels")
    @classmethod
    def _not_judges(cls, labels: dict[str, Labels]) -> dict[str, Labels]:
        if "judges" in labels:
            raise ValueError("found the slug judges, expected another: so is called what judges rate together")
        return labels
