"""Rule draw: scores by checkpoint, persona against baseline."""

from snakemake.script import snakemake

from scripts.figures.job import draw_by_checkpoint
from scripts.plan.jobs import artefact_job

artefact_job(snakemake, draw_by_checkpoint)
