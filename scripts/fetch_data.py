"""Rule fetch_data: fetch one third-party file, and check it."""

import logging
import sys
from typing import TYPE_CHECKING

from personas.core.errors import UserError
from personas.external.data import Origin, fetch_files
from personas.plan.frozen import read

if TYPE_CHECKING:
    from snakemake.script import snakemake

logging.basicConfig(filename=snakemake.log[0], level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
try:
    study = read(snakemake.config["frozen_plan"]).study
    fetch_files(
        study.store, [(snakemake.params.source, snakemake.params.path)], Origin.of(study.config), logging.info
    )
except UserError as error:
    logging.error("%s", error)
    print(error, file=sys.stderr, flush=True)
    sys.exit(1)
