"""What a batch costs beside its engine under SLURM: `uv run python -m tests.benchmarks.slurm_overhead` (as root).

Starts the cluster of the tests (one node, fake GPUs), runs the tiny grid of the tests through `snakemake --profile
slurm`, and prints for each batch the seconds of its SLURM job and those of its engine, from its start to its end. The
rest is two starts of Snakemake, the start of Python, and writing the cells. It asserts nothing: it is no test.
"""

import tempfile
import time
from pathlib import Path

from tests.slurm.cluster import Cluster
from tests.slurm.overhead import overheads
from tests.slurm.site import install_profile, make_site
from tests.slurm.stories import grid_config


def main() -> None:
    """Run the grid once and print what it took."""
    with tempfile.TemporaryDirectory(prefix="personas-slurm-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder) / "cluster")
        try:
            install_profile(Path(folder) / "home")
            site = make_site(Path(folder) / "site", cluster.up(), Path(folder) / "home")
            site.configure(grid_config())
            started = time.monotonic()
            site.finish()
            print(f"whole grid: {time.monotonic() - started:.0f} s, {len(site.jobs())} SLURM jobs")
            print("batch                   job  engine  beside it")
            for one in overheads(site):
                print(f"{one.batch:22s} {one.job:3.0f} s  {one.engine:4.0f} s       {one.seconds:3.0f} s")
        finally:
            cluster.down()


if __name__ == "__main__":
    main()
