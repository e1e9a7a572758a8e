"""Rules of tables, figures and pages: make what is missing of one family."""

from typing import TYPE_CHECKING

from personas.workflow.making import leave, main

if TYPE_CHECKING:
    from snakemake.script import snakemake

main(snakemake.config["frozen_plan"], snakemake.rule, snakemake.threads, snakemake.log[0])
leave()
