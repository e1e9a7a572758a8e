"""What the scripts of the CPU rules share: one artefact is made, in the warm process where there is one."""

import sys
from typing import TYPE_CHECKING

from personas.workflow import warm
from personas.workflow.making import Making, make

if TYPE_CHECKING:
    from snakemake.script import Snakemake


def artefact_job(snakemake: "Snakemake", maker: str) -> None:
    """Make the job's first output with `maker` (`module:function`), which gets the plan and the output's name."""
    making = Making(maker, snakemake.config["frozen_plan"], snakemake.output[0], snakemake.log[0])
    code = warm.made(making)
    if code is None:
        code = make(making)
    if code != 0:
        sys.exit(code)
