"""Section `benchmarks`: the items put behind the dialogue."""

from typing import ClassVar, Literal

from pydantic import Field

from personas.config.base import NonEmpty, Section, Slug
from personas.config.kinds import list_kinds

OF_PERSONAS = "personas"
"""In the place of a file of items: the personas' own files hold them."""


class BenchmarkSection(Section):
    """One benchmark; its slug is the key, and its kind too unless `kind` says otherwise."""

    not_identity: ClassVar[frozenset[str]] = frozenset({"name", "rubric"})
    # `rubric` acts through what judges read.

    items: NonEmpty = Field(
        description="file (or folder, for role-specific) with the items; or external:...; kind facts: personas"
    )
    kind: str | None = Field(
        default=None, description="which loader and scorer; default: the slug", json_schema_extra=list_kinds
    )
    limit: int | None = Field(
        default=None, gt=0, description="ask only so many items per persona, drawn from all groups of items"
    )
    limit_seed: int = Field(default=0, description="draws other items within the limit")
    max_tokens: int | None = Field(default=None, gt=0, description="longest answer, instead of the model's")
    labels: NonEmpty | None = Field(
        default=None, description="kind bfi: file with trait labels of characters, in InCharacter's form"
    )
    label_set: Literal["annotation", "pdb"] = Field(
        default="annotation", description="kind bfi: which of its sets of labels answers are compared with"
    )
    weighting: Literal["traits", "items"] = Field(
        default="traits",
        description="kind bfi: whether the distance from the baseline counts traits alike, or by their items",
    )
    nltk: NonEmpty | None = Field(default=None, description="kind ifbench: folder of NLTK data for its verifiers")
    rubric: Slug | None = Field(
        default=None,
        description="kind open: the rubric by which judges rate the answers, one of those in their `texts`; "
        "default: no judge rates them",
    )
    name: str | None = Field(default=None, description="display name, which `plan` and `status` print")
