"""Rule rate: score the responses of one model on one benchmark without a judge."""

from typing import TYPE_CHECKING

from scripts.plan.jobs import artefact_job
from scripts.ratings.job import rate

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, rate)
