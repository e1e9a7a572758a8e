"""Rule rate: score the responses of one model on one benchmark without a judge."""

from typing import TYPE_CHECKING

from personas.workflow.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "personas.scoring.job:rate")
