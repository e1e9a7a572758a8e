"""Rule summarise: means and intervals by checkpoint."""

from snakemake.script import snakemake

from scripts.analysis.job import summarise
from scripts.plan.jobs import artefact_job

artefact_job(snakemake, summarise)
