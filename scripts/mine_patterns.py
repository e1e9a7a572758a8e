"""Rule mine_patterns: mine the token patterns of one model, persona and benchmark, and count them."""

from typing import TYPE_CHECKING

from personas.workflow.jobs import artefact_job

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, "personas.scoring.patterns.job:mine_patterns")
