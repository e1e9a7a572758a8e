"""Rules judge_<judge>_<model>_<number>: make the judgement cells of one batch with one engine."""

from typing import TYPE_CHECKING

from scripts.batch.job import main
from scripts.judge.prefix import by_prefix
from scripts.judge.work import works

if TYPE_CHECKING:
    from snakemake.script import snakemake

main(
    lambda frozen, batch: by_prefix(works(frozen, batch)),
    snakemake.config["frozen_plan"],
    snakemake.rule,
    snakemake.threads,
    snakemake.log[0],
)
