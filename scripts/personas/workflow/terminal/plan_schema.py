"""What the JSON of a plan holds."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION: Literal[2] = 2
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Work(_Document):
    """What missing cells take. Everything after `journaled` is for `to_send`, the requests the journal lacks."""

    rows: Count = Field(description="planned rows: rounds, items at every checkpoint, answers to judge")
    requests: Count = Field(description="those of them that differ; equal requests are sent once")
    journaled: Count = Field(description="requests that the journal answers already")
    to_send: Count = Field(description="requests that the engine gets")
    prompt_tokens: Amount = Field(description="tokens of all prompts, as a hosted server bills them")
    computed_tokens: Amount = Field(description="those that no earlier request has in the same prefix")
    completion_tokens: Amount
    engine_minutes: Amount = Field(description="minutes of engine time, without the start of the engine")
    measured_share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        description="share of `to_send` with answer length and speed from earlier runs; null: none to send"
    )
    money: dict[str, Amount] = Field(description="currency -> amount, of models with a price")


class Counts(_Document):
    """Cells of one value of an axis."""

    cells: Count
    current: Count
    missing: Count


class Group(Counts):
    """The cells of one stage, model and judge."""

    stage: Literal["dialogues", "responses", "judgements"]
    model: str
    judge: str | None
    work: Work


class MissingCell(_Document):
    """One missing cell."""

    path: str = Field(description="below the results folder")
    stage: Literal["dialogues", "responses", "judgements"]
    model: str
    persona: str
    condition: str
    order: str
    intervention: str = Field(description="slug of the intervention; none: nothing is done")
    replicate: int
    benchmark: str | None
    metric: str | None
    as_persona: str | None = Field(description="persona whose items the baseline is asked, or as which it is judged")
    judge: str | None
    reference: str | None
    reason: str
    requests: Count
    journaled: Count


class PlannedBatch(_Document):
    """One batch: a rule of that name."""

    name: str
    stage: Literal["generate", "judge", "import"]
    model: str
    judge: str | None
    cells: Count
    rows: Count = Field(description="requests at most, journaled and equal ones included")
    minutes: Amount = Field(description="engine minutes for all its rows: what batches are cut by")


class WeightsToFetch(_Document):
    """Weights that a run downloads first."""

    slug: str = Field(description="the model, or judge")
    id: str
    revision: str


class PlanDocument(_Document):
    """A plan of the whole grid."""

    version: Literal[2] = Field(description="changes when a field changes its meaning")
    total: Counts
    work: Work
    groups: list[Group]
    axes: dict[str, dict[str, Counts]] = Field(
        description="axis -> value -> cells; judgements of published completions are on none"
    )
    reasons: dict[str, Count] = Field(description="reason -> missing cells")
    missing: list[MissingCell]
    absent: list[str] = Field(
        description="third-party files that are not here: the estimates stand on number and length of their texts "
        "as the catalogue has them"
    )
    batches: list[PlannedBatch]
    fetches: list[WeightsToFetch]
