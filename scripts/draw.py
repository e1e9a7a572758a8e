"""Rule draw: one figure from its series."""

from typing import TYPE_CHECKING

from personas.workflow.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "personas.figures.job:draw")
