"""Rule typeset: one table as LaTeX."""

from typing import TYPE_CHECKING

from scripts.plan.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "scripts.analysis.printed:typeset")
