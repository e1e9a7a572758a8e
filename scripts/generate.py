"""Rules generate_<model>_<number>: make the cells of one batch with one engine."""

from typing import TYPE_CHECKING

from personas.batch.job import main
from personas.requests.work import works

if TYPE_CHECKING:
    from snakemake.script import snakemake

main(works, snakemake.config["frozen_plan"], snakemake.rule, snakemake.threads, snakemake.log[0])
