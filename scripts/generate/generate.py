"""Rules generate_<model>_<number>: make the cells of one batch with one engine."""

from snakemake.script import snakemake

from scripts.generate.job import main

main(snakemake.config["frozen_plan"], snakemake.rule, snakemake.threads, snakemake.log[0])
