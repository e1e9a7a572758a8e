"""Rule typeset: one table as LaTeX."""

from typing import TYPE_CHECKING

from personas.workflow.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "personas.tables.printed:typeset")
