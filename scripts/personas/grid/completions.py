"""Judgements of published answers that people labelled: beside the grid, one cell for each judge and labels."""

from typing import Any

from personas.config import Config
from personas.config.personas import BASELINE
from personas.config.root import COMPLETIONS, COMPLETIONS_RUBRIC
from personas.core.canonical import sha256
from personas.core.errors import UserError
from personas.grid.cells import Cell, Track
from personas.grid.study import Study


def rubric_of(config: Config, cell: Cell) -> str:
    """Return the rubric by which a judgement is made."""
    return COMPLETIONS_RUBRIC if cell.completions else config.rubric(cell.kind)


def rated_completions(study: Study, judge: str) -> list[str]:
    """Return the slugs of the labels whose published answers a judge rates.

    UserError where its rubric for refusals asks otherwise than such answers can be judged.
    """
    slugs = [slug for slug, labels in study.config.human.items() if judge in labels.judges]
    if slugs:
        rubric = study.judge_texts[judge].rubric(COMPLETIONS_RUBRIC)
        if rubric.needs_persona or rubric.scale != "yes-no":
            raise UserError(
                f"calibration.labels.{slugs[0]}.judges: found {judge}, whose rubric {COMPLETIONS_RUBRIC} has scale "
                f"{rubric.scale} and needs_persona {str(rubric.needs_persona).lower()}, expected yes-no and "
                "false: published answers are nobody's."
            )
    return slugs


def track_of(labels: str) -> Track:
    """Return what stands for a dialogue: nobody's, without a persona."""
    return Track(COMPLETIONS, BASELINE, labels, "fixed", 1)


def completions_identity(study: Study, labels: str) -> Any:
    """Return what identifies published answers: the pins of third-party files, or names, prompts and texts.

    Labels are not in it: a corrected label asks no judge again.
    """
    pins = study.pins.human.get(labels)
    if pins is not None:
        return [dict(pin) for pin in pins]
    return sha256([[c.unit, c.prompt, c.text] for c in study.completions[labels]])
