"""The filters that tables of dialogues and of answers share: whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personas.config.personas import BASELINE, NONE
from personas.grid.study import Study
from personas.viewer.parameters import Parameters

ROWS = 50
"""Rows on one page of a table."""


@dataclass(frozen=True)
class Where:
    """A condition in SQL and its parameters."""

    parts: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def plus(self, part: str, **parameters: Any) -> "Where":
        """Return this and one more condition."""
        return Where([*self.parts, part], {**self.parameters, **parameters})

    @property
    def sql(self) -> str:
        """The conditions together."""
        return " AND ".join(self.parts) or "true"


def choices(study: Study) -> dict[str, list[str]]:
    """Return the values of each column that says whose a dialogue is; a column of one value is left out."""
    config = study.config
    columns: dict[str, list[str]] = {
        "model": list(config.models),
        "persona": [*study.personas, *([BASELINE] if config.personas.baseline else [])],
        "condition": list(config.conditions),
        "order": sorted({order for section in config.conditions.values() for order in section.orders}),
        "intervention": [NONE, *config.interventions],
        "replicate": [str(number + 1) for number in range(config.replicates)],
    }
    return {name: values for name, values in columns.items() if len(values) > 1}


def where(params: Parameters, study: Study) -> Where:
    """Return the condition on the columns that say whose a dialogue is."""
    condition = Where()
    for name, values in choices(study).items():
        if value := params.choice(name, values):
            condition = condition.plus(f'"{name}" = ${name}', **{name: int(value) if name == "replicate" else value})
    return condition


def comparable(params: Parameters, study: Study) -> Parameters:
    """Return what is asked for; where no intervention is named, without any: a mean does not mix them."""
    return Parameters({"intervention": NONE, **params.without()}) if study.config.interventions else params
