"""Section `judges`: the models that rate utterances and responses, and what they read."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from personas.config.base import NonEmpty, Section, Slug, each_once
from personas.config.conditions import Order
from personas.config.unions import Model

METRICS = ("knowledge", "style", "in-character")
"""What utterances (the answers of a dialogue) are rated for, where a judge is asked for nothing else."""

Form = Literal["json", "reasoning-result", "feedback-score"]
Reference = Literal["dataset", "zero", "previous"]
Pairs = Literal["parity", "both", "seeded"]


class Judge(Section):
    """A judge: a model of its own, the texts it reads, and what it is asked to rate."""

    # `texts`, `template`, `reasoning`, `cannot_tell` and `described` act through what the judge reads, `pairs` and
    # `pair_seed` in comparisons only, `mask` where it is set; the rest decides which cells exist.
    not_identity: ClassVar[frozenset[str]] = frozenset(
        {
            "name",
            "texts",
            "template",
            "reasoning",
            "cannot_tell",
            "utterances",
            "benchmarks",
            "references",
            "models",
            "orders",
            "pairs",
            "pair_seed",
            "retest",
            "described",
            "described_both_ways",
        }
    )

    model: Model
    form: Form = Field(default="json", description="how the judge gives its verdict")
    texts: NonEmpty = Field(default="config/judges/default", description="folder with template and rubrics")
    template: str | None = Field(
        default=None,
        pattern="^external:.",
        description="folder with templates that the judge's makers publish, `external:<source>/<folder>`; "
        "default: the template of `texts`",
    )
    reasoning: bool = Field(default=True, description="form json: whether the judge reasons before its verdict")
    cannot_tell: bool = Field(
        default=False, description="whether the judge may say that it cannot tell, which is a verdict without a value"
    )
    utterances: tuple[Slug, ...] = Field(
        default=METRICS, description="metrics that every round is rated for: names of rubrics in `texts`"
    )
    benchmarks: tuple[Slug, ...] | None = Field(
        default=None, description="benchmarks whose responses are rated; default: all that need a judge"
    )
    references: tuple[Reference, ...] = Field(
        default=("dataset",),
        min_length=1,
        description="what a response is compared with where two are compared: the reference of the data set, "
        "the model's own answer at the first checkpoint, or at the checkpoint before",
    )
    pairs: Pairs = Field(
        default="both",
        description="which of two answers stands first: each once (default), or one order: by parity of the item, as "
        "in the study and where judgements are imported, or by a seed",
    )
    pair_seed: int = Field(default=42, ge=0, description="pairs seeded: seed of the order")
    models: tuple[Slug, ...] | None = Field(default=None, min_length=1, description="models to rate; default: all")
    orders: tuple[Order, ...] = Field(
        default=("fixed", "shuffled"), min_length=1, description="orders whose dialogues and responses are rated"
    )
    cut_answers: int | None = Field(
        default=None,
        ge=100,
        description="characters read of an answer at most; default: all, and what does not fit is not judged",
    )
    mask: bool = Field(
        default=True,
        description="whether the name of who is addressed is masked in the user turns that the judge reads, so that "
        "it does not tell a persona from the baseline",
    )
    retest: float = Field(
        default=0.0, ge=0, le=1, description="share of the judgements that are made again, with another seed"
    )
    described: bool = Field(
        default=False,
        description="whether the judge of a response reads who the persona is where a rubric can do without (`bfi`, "
        "`xstest`, `facts`); by default not, so that persona and baseline are judged by one prompt",
    )
    described_both_ways: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of these judgements that are made the other way too, to see what the description does to "
        "the judge",
    )
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")

    _each_once = field_validator("utterances", "benchmarks", "references", "models", "orders")(each_once)

    @model_validator(mode="after")
    def _no_template_for_what_is_imported(self) -> "Judge":
        if self.template is not None and self.model.is_imported:
            raise ValueError(f"template: found {self.template!r}, expected none where judgements are imported")
        return self

    @model_validator(mode="after")
    def _only_our_texts_let_it_be_unsure(self) -> "Judge":
        if self.cannot_tell and (self.template is not None or self.model.is_imported):
            raise ValueError(
                "cannot_tell: found true, expected false with published templates or imported judgements"
            )
        return self

    @model_validator(mode="after")
    def _one_order_of_what_is_imported(self) -> "Judge":
        if self.model.is_imported:
            for name in ("retest", "described_both_ways"):
                if share := getattr(self, name):
                    raise ValueError(f"{name}: found {share:g}, expected 0 where judgements are imported")
            object.__setattr__(self, "mask", False)
            object.__setattr__(self, "described", True)
        if self.pairs != "parity" and self.model.is_imported:
            if "pairs" in self.model_fields_set:
                raise ValueError(f"pairs: found {self.pairs}, expected parity where judgements are imported")
            object.__setattr__(self, "pairs", "parity")  # the default is one of judges that are asked
        return self
