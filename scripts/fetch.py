"""Rules fetch_<slug>: download the weights of one model or judge."""

from typing import TYPE_CHECKING

from personas.workflow.fetch_job import main

if TYPE_CHECKING:
    from snakemake.script import snakemake

main(snakemake.config["frozen_plan"], snakemake.rule, snakemake.log[0])
