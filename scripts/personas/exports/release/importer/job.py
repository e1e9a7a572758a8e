"""Rules import_<model>_<number>: make the cells of one batch from released files."""

import logging
import sys
from pathlib import Path

import pyarrow as pa

from personas.core import slurm
from personas.core.errors import UserError
from personas.core.lease import lease
from personas.exports.release.importer.answers import imported_dialogue, imported_responses
from personas.exports.release.importer.columns import Origin
from personas.exports.release.importer.judgements import imported_judgement
from personas.exports.release.importer.sources import Sources
from personas.grid.cells import Cell
from personas.grid.grid import Grid
from personas.plan.driver import Driver
from personas.plan.frozen import FrozenPlan, read
from personas.requests.projection import write_cell

logger = logging.getLogger(__name__)


def main(frozen_plan: str, batch_name: str, log: str) -> None:
    """Import a batch by its name; end the process with one sentence when it cannot be."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
    try:
        import_batch(read(frozen_plan), batch_name)
    except (UserError, OSError) as error:
        logger.error("%s", error)
        print(error, file=sys.stderr, flush=True)
        sys.exit(1)


def import_batch(frozen: FrozenPlan, batch_name: str) -> None:
    """Make the cells of a batch under a lease on them; a file that is of no use leaves its rows without answers."""
    frozen.study.require_texts()
    batch, driver = frozen.batch(batch_name), Driver(frozen.run, may_outlive=slurm.job_id() is not None)
    with lease(frozen.results / "leases", batch.name, frozen.run.id, batch.outputs):
        for path in batch.outputs:
            if driver.is_gone():
                raise UserError(f"{batch.name}: lost its Snakemake, so it stopped; run the same command again.")
            cell = frozen.grid.by_path[path]
            table, origin = import_cell(frozen.grid, cell, frozen.results)
            for file, fault in origin.faults.items():
                logger.warning("%s: %s", file, fault)
            for file in origin.missing:
                logger.warning("%s: not there, expected it", file)
            write_cell(frozen.results, cell, table, origin.to_json())
        logger.info("%d cells imported", len(batch.outputs))


def import_cell(grid: Grid, cell: Cell, results: Path) -> tuple[pa.Table, Origin]:
    """Return the content of an imported cell, and what it is made from; what it judges is read from `results`."""
    release, origin = grid.study.release, Origin()
    if release is None:
        raise ValueError(f"{cell.path}: no released files")
    sources = Sources(release, cell, origin)
    if cell.judge is not None:
        return imported_judgement(grid, cell, sources, results), origin
    if cell.benchmark is not None:
        return imported_responses(grid, cell, sources, origin), origin
    return imported_dialogue(grid, cell, sources, origin), origin
