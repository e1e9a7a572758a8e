"""Rules import_<model>_<number> and import_<judge>_<model>_<number>: cells from released files."""

from typing import TYPE_CHECKING

from personas.exports.release.importer.job import main

if TYPE_CHECKING:
    from snakemake.script import snakemake

main(snakemake.config["frozen_plan"], snakemake.rule, snakemake.log[0])
