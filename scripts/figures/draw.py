"""Rule draw: scores by checkpoint, persona against baseline."""

from typing import TYPE_CHECKING

from scripts.figures.job import draw
from scripts.plan.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, draw)
