"""Rule write_page: one page of what was found."""

from typing import TYPE_CHECKING

from scripts.plan.jobs import artefact_job
from scripts.report.written import write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake

artefact_job(snakemake, write_page)
