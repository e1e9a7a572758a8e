"""`personas run`: check, show the plan, ask before it costs much, and start Snakemake, which does the rest."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from personas.config import load_config
from personas.config.reading.profile import choose
from personas.core.errors import UserError
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.pages.numbers import money
from personas.workflow.planning import look
from personas.workflow.terminal.plan_document import work_of
from personas.workflow.terminal.plan_tables import console_width, print_plan_report
from personas.workflow.terminal.status import items_left_out, notes
from personas.workflow.terminal.summary import COMMAND_VARIABLE

SPEND = 1.0
"""What a run may cost without a question, in the currency of each price."""

_ONLY_LOOKS = frozenset({"-n", "--dry-run", "--dryrun"})


def run(
    configfile: Annotated[
        list[Path] | None,
        typer.Option("--configfile", "-c", help="Config file; several are merged, a later one wins."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", envvar="SNAKEMAKE_PROFILE", help="Snakemake profile of this machine.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, whatever it costs.")] = False,
    spend: Annotated[
        float, typer.Option("--spend", min=0, help="Ask before more than this is spent, by the plan.")
    ] = SPEND,
    options: Annotated[
        list[str] | None, typer.Argument(help="Targets and options of Snakemake, e.g. generate --cores 4.")
    ] = None,
) -> None:
    """Check the config, show the plan, and make everything; asks before it spends more than a sum.

    The work is Snakemake's: `snakemake` with the same profile, config and options gives the same results.
    """
    words = options or []
    files, overrides = choose(configfile, profile)
    study = resolve(load_config(files, overrides))
    plan_report = look(build_grid(study), Path(study.config.results))
    shown_below = {f"{line}." for line in items_left_out(study)}
    for note in notes(study):
        if note not in shown_below:
            print(f"Note: {note}")
    if "--config" in words:
        print("Note: this plan does not know of --config; `snakemake -n` with it does.")
    print_plan_report(plan_report, Console(width=console_width(sys.stdout)))
    if not yes and _ONLY_LOOKS.isdisjoint(words):
        _ask_about(work_of(plan_report, plan_report.plan.missing).money, spend)
    command = snakemake_command(words, configfile or [], profile)
    sys.stdout.flush()
    typed = shlex.join(["personas", *sys.argv[1:]])
    environment = {**os.environ, COMMAND_VARIABLE: typed}
    os.execve(sys.executable, [sys.executable, "-m", *command], environment)  # noqa: S606 (a list, not a shell)


def _ask_about(amounts: dict[str, float], spend: float) -> None:
    """Ask whether to go on where the plan costs more than `spend`; UserError where nobody can answer, or says no."""
    if all(amount <= spend for amount in amounts.values()):
        return
    sentence = f"This is estimated to cost {money(amounts)}, more than --spend {spend:g}."
    if not sys.stdin.isatty():
        raise UserError(f"{sentence} Nothing was started; add --yes, or a higher --spend.")
    if not typer.confirm(f"{sentence} Go on?"):
        raise UserError("Nothing was started.")


def snakemake_command(words: Sequence[str], files: Sequence[Path], profile: str | None) -> list[str]:
    """Return the module and the arguments that run the workflow.

    Config files stand last: Snakemake takes all that follows them up to an option for further ones. UserError where
    no Snakefile is found, here or where this library lies.
    """
    command = ["snakemake", *words]
    if not Path("Snakefile").exists():
        snakefile = Path(__file__).resolve().parents[3] / "Snakefile"
        if not snakefile.exists():
            raise UserError("Snakefile: no such file, expected to be started in the folder of the project.")
        command += ["--snakefile", str(snakefile)]
    command += ["--profile", profile] if profile else []
    return [*command, *(["--configfile", *map(str, files)] if files else [])]
