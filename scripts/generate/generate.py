"""Rules generate_<model>_<number>: make the cells of one batch with one engine."""

from typing import TYPE_CHECKING

from scripts.generate.job import main

if TYPE_CHECKING:
    from snakemake.script import snakemake

main(snakemake.config["frozen_plan"], snakemake.rule, snakemake.threads, snakemake.log[0])
