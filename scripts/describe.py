"""Rule describe: what the grid consists of, how its rows ended, and where the results come from."""

from typing import TYPE_CHECKING

from personas.workflow.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "personas.pages.job:describe")
