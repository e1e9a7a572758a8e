"""Rule rate: score the responses of one model on one benchmark without a judge."""

from snakemake.script import snakemake

from scripts.plan.jobs import artefact_job
from scripts.ratings.job import rate

artefact_job(snakemake, rate)
