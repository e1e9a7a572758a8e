"""What the scripts of the CPU rules share: read the frozen plan, make one artefact, fail in one sentence."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.errors import UserError
from scripts.plan.frozen import FrozenPlan, read

if TYPE_CHECKING:
    from snakemake.script import Snakemake


def artefact_job(snakemake: "Snakemake", make: Callable[[FrozenPlan, str], None]) -> None:
    """Call `make` with the frozen plan and the job's first output, named below the results folder."""
    logging.basicConfig(
        filename=snakemake.log[0],
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph
    try:
        frozen = read(snakemake.config["frozen_plan"])
        make(frozen, Path(snakemake.output[0]).relative_to(frozen.results).as_posix())
    except UserError as error:
        logging.error("%s", error)
        print(error, file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception:
        logging.exception("failed")
        raise
