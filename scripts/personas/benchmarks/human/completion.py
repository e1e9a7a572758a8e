"""One published answer that judges can be put to: it is of no model of the config, and stands in no dialogue."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Completion:
    """The answer `text` of a published `model` to the user turn `prompt`; `unit` is its name, as in its labels."""

    unit: str
    model: str
    prompt: str
    text: str
