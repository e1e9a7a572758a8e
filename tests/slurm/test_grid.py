"""`snakemake --profile slurm`, exactly so: a tiny grid through a real SLURM, with a real model in every batch."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from personas.core.lease import STALE, Holder, conflicts
from personas.plan.outcome import FINISHED, Outcome
from tests.helpers import PATIENCE
from tests.slurm.cluster import Cluster
from tests.slurm.overhead import overheads
from tests.slurm.site import CELLS, Site
from tests.slurm.stories import Ran

pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.engine, pytest.mark.timeout(900)]


def _batches(site: Site) -> list[Outcome]:
    return sorted(site.outcomes(), key=lambda outcome: outcome.batch)


def test_the_grid_is_made_up_to_its_figures(grid: Ran) -> None:
    site, output = grid.site, grid.output
    assert grid.code == 0, f"{output}\n{site.logs()}"
    assert "Using profiles slurm" in output and "Missing" not in output
    figures = {p.name for p in site.results.glob("current/figures/*")}
    assert figures == {
        f"{name}.{suffix}" for name in ("by-checkpoint", "strength-greedy") for suffix in ("pdf", "png")
    }
    site.settled(2 * CELLS)


def test_jobs_went_through_slurm(grid: Ran) -> None:
    site, output = grid.site, grid.output
    name = output.partition("SLURM run ID: ")[2].split()[0]
    jobs = site.jobs()
    assert {job["Name"] for job in jobs} == {name} and name.startswith("personas_")
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    batches = [job for job in jobs if job["Partition"] == "gpu"]
    assert {job["JobId"] for job in batches} == {outcome.job for outcome in _batches(site)}
    assert len(jobs) > len(batches), "ratings are small jobs"
    assert all("gres/gpu" not in job["Tres"] for job in jobs if job not in batches)


def test_gpus_of_batches_side_by_side_are_disjoint(grid: Ran) -> None:
    first, second = _batches(grid.site)
    assert first.ended == second.ended == FINISHED
    assert max(first.began, second.began) < min(first.over, second.over), "they ran side by side"
    there = {str(number) for number in range(grid.site.cluster.gpus)}
    assert first.devices != second.devices and {first.devices, second.devices} < there


def test_a_run_that_ended_is_given_up(grid: Ran) -> None:
    """So no later start asks SLURM about it, and a late job of it refuses to begin."""
    (note,) = grid.site.results.glob("runs/*/jobs.json")
    assert '"given_up": true' in note.read_text()
    for name in ("orphaned-jobs", "leftovers"):  # the second is its name of before
        assert grid.site.personas(name).endswith("No jobs of an earlier run are left.\n")


def test_overhead_can_be_told(grid: Ran) -> None:
    told = overheads(grid.site)
    assert len(told) == 2 and all(one.job >= one.engine > 0 for one in told)
    print(*(f"{one.batch}: {one.seconds:.0f} s beside {one.engine:.0f} s of engine" for one in told), sep="\n")


def test_a_late_job_of_a_run_that_is_over_refuses_to_begin(grid: Ran) -> None:
    """Its Snakemake would first remove the files it was to make."""
    site = grid.site
    (plan,) = site.results.glob("runs/*/plan.json")
    cell = next(iter((site.results / "dialogues").rglob("*.parquet"))).relative_to(site.folder)
    before = (site.folder / cell).stat().st_mtime_ns
    job = site.start(str(cell), "--mode", "remote", "--cores", "1", "--force", "--config", f"frozen_plan={plan}")
    output, _ = job.communicate(timeout=PATIENCE)
    assert job.returncode == 1 and "is over, this job of it came too late" in output
    assert (site.folder / cell).stat().st_mtime_ns == before


def test_lease_of_a_job_elsewhere_lasts_as_long_as_the_job(cluster: Cluster, tmp_path: Path) -> None:
    """Where locks do not reach other machines and nothing is heard of the holder, SLURM is asked."""
    job = cluster.ask("sbatch", "--parsable", "--mem=50", "--wrap", "sleep 60").stdout.strip()
    holder = Holder("generate_x_01", "other", "elsewhere", 1, time.time(), job)
    lease = tmp_path / "other-generate_x_01.lease"
    lease.write_text(json.dumps({"holder": asdict(holder), "paths": ["a"]}))
    os.utime(lease, (time.time() - 2 * STALE,) * 2)
    assert conflicts(tmp_path, ["a"], "mine") == [holder]
    cluster.ask("scancel", job)
    deadline = time.monotonic() + PATIENCE
    while conflicts(tmp_path, ["a"], "mine"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
