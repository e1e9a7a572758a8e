"""Rule draw_sample: texts for people to rate."""

from typing import TYPE_CHECKING

from personas.workflow.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "personas.scoring.samples.job:write_sample")
