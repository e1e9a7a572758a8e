"""A checkout, with its environment, below a folder whose name a shell would take apart."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from personas.plan.disk import existing_files
from tests.faults.checkout import Snakemake, make_checkout
from tests.faults.program import FaultServer

pytestmark = pytest.mark.faults


def environment_in(folder: Path) -> Path:
    """Make an environment in a folder that has the packages of this one; return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    python = folder / ".venv" / "bin" / "python"
    [packages] = folder.glob(".venv/lib/*/site-packages")
    (packages / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.mark.parametrize("name", ["with blank", 'it\'s [one] of (many) & $HOME; "x"'])
def test_a_folder_with_a_name_that_a_shell_would_take_apart(
    name: str, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_checkout(tmp_path / name / "checkout", server.base_url)
    monkeypatch.setattr(sys, "executable", str(environment_in(project.folder)))
    run = Snakemake(project.folder, "none", "generate")
    assert run.finished(), run.told()
    assert existing_files(project.results)
