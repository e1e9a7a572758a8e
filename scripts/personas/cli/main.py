"""`personas`: check a config, look at a grid, and look after its results, without starting anything."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from personas.cli.configfiles import one_each
from personas.cli.export import export, export_released
from personas.cli.fetch import fetch
from personas.cli.import_card import import_card_command
from personas.cli.import_transcript import import_transcript_command
from personas.cli.init import init
from personas.cli.options import ConfigFiles, ProfileFolder
from personas.cli.pack import pack, unpack
from personas.cli.plan import plan
from personas.cli.refusals import refusals
from personas.cli.run import run
from personas.config import load_config
from personas.config.reading.profile import choose
from personas.core.errors import UserError
from personas.core.lease import place_leases
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.requests.projection import versions
from personas.workflow import orphaned_jobs
from personas.workflow.artefacts import downstream
from personas.workflow.planning import look
from personas.workflow.profiles import install_profile
from personas.workflow.terminal.plan_tables import console_width
from personas.workflow.terminal.rubbish import print_rubbish
from personas.workflow.terminal.status import notes, print_status
from personas.workflow.terminal.watch import watch
from personas.workflow.upkeep.forget import forget
from personas.workflow.upkeep.gc import gc

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


def _tell_version(value: bool) -> None:
    if value:
        print(f"persona-persistence {versions().get('persona-persistence', '(not installed)')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version, and end.")
    ] = False,
) -> None:
    """Take what stands before a command."""


app.command("init")(init)
app.command("import-card")(import_card_command)
app.command("import-transcript")(import_transcript_command)


@app.command()
def validate(configfile: ConfigFiles = None, profile: ProfileFolder = None) -> None:
    """Check a config and everything it refers to; one sentence per mistake, exit code 1."""
    files, overrides = choose(configfile, profile)
    grid = build_grid(resolve(load_config(files, overrides)))
    downstream(grid)  # tables and figures have mistakes of their own, such as names that no file system takes
    for note in notes(grid.study):
        print(f"Note: {note}")
    print(f"{', '.join(map(str, files))}: valid, {len(grid.cells)} cells.")


app.command("run", context_settings={"ignore_unknown_options": True})(run)


@app.command()
def status(
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    watching: Annotated[bool, typer.Option("--watch", help="Show how far runs are until all have ended.")] = False,
) -> None:
    """Show how many cells are current and missing, who is working, and what the last run took against its plan."""
    study = resolve(load_config(*choose(configfile, profile)))
    results, console = Path(study.config.results), Console(width=console_width(sys.stdout))
    if watching:
        watch(results, console)
    print_status(look(build_grid(study), results), results, console)


app.command("plan")(plan)


@app.command("forget")
def forget_command(
    patterns: Annotated[
        list[str], typer.Argument(help="Globs below the results folder, e.g. 'responses/*/gaston/*'; quote them.")
    ],
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    keep_answers: Annotated[
        bool, typer.Option("--keep-answers", help="Only the files: the journal makes them again without the engine.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would happen.")] = False,
) -> None:
    """Remove cells and their answers, so that the engine is asked again."""
    config = load_config(*choose(configfile, profile))
    results = Path(config.results)
    if results.is_dir() and not dry_run:
        place_leases(results, config.machine.locks)
    for line in forget(results, patterns, keep_answers, dry_run):
        print(line)


@app.command("gc")
def gc_command(
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    keep: Annotated[
        list[Path] | None,
        typer.Option("--keep", help="Config of another study in the same results folder; its files stay too."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove what is listed.")] = False,
) -> None:
    """List what no grid needs: results of earlier configs, remains of kills, torn journals; --yes removes it."""
    files, overrides = choose(configfile, profile)
    results, rubbish = gc(files, keep or [], yes, overrides)
    print_rubbish(results, rubbish, yes, Console(width=console_width(sys.stdout)))


@app.command("orphaned-jobs")
@app.command("leftovers", hidden=True, deprecated=True)  # its name until the next release
def orphaned_jobs_command(
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    end: Annotated[bool, typer.Option("--cancel", help="Cancel them.")] = False,
) -> None:
    """Show the cluster jobs that a killed run left behind; the next run waits for them unless they are cancelled."""
    results = Path(load_config(*choose(configfile, profile)).results)
    left = orphaned_jobs.cancel(results) if end else orphaned_jobs.find(results)
    print(orphaned_jobs.sentence(left) if left else "No jobs of an earlier run are left.")
    if end and left:
        print("Cancelled.")


profiles = typer.Typer(no_args_is_help=True, help="Put a profile where `snakemake --profile NAME` finds it.")
app.add_typer(profiles, name="profile")


@profiles.command("install")
def install_command(
    name: Annotated[str, typer.Argument(help="A folder in profiles/, e.g. slurm.")],
    force: Annotated[bool, typer.Option("--force", help="Replace one that differs.")] = False,
) -> None:
    """Copy a profile of this project into Snakemake's configuration folder; adapt the copy to your site."""
    print(f"{install_profile(name, force)}: look at the lines marked SITE, then `snakemake --profile {name}`.")


@app.command("fetch")
def fetch_command(
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    models: Annotated[bool, typer.Option("--models", help="Weights of models and judges with engine vllm.")] = False,
    data: Annotated[bool, typer.Option("--data", help="The third-party data that the config uses.")] = False,
    folders: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Copy data from this folder instead; several are looked at in turn."),
    ] = None,
    mirror: Annotated[
        str | None, typer.Option("--mirror", help="Download data from this address, laid out as data/external.")
    ] = None,
) -> None:
    """Download what runs need from the internet, before they need it; without --models or --data, both."""
    config = load_config(*choose(configfile, profile))
    parts = [part for part, is_chosen in {"models": models, "data": data}.items() if is_chosen]
    for line in fetch(config, parts, folders or (), mirror):
        print(line, flush=True)


app.command("refusals")(refusals)
app.command("export")(export)
app.command("pack")(pack)
app.command("unpack")(unpack)
app.command("export-released", hidden=True, deprecated=True)(export_released)  # until the next release


@app.command()
def view(
    configfile: ConfigFiles = None,
    profile: ProfileFolder = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes any free one.")
    ] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
    labels: Annotated[Path, typer.Option("--labels", help="Folder for labels that people give.")] = Path("labels"),
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="Only write the pages into this new folder.")
    ] = None,
    megabytes: Annotated[float, typer.Option("--megabytes", min=0, help="Of pages in the bundle, at most.")] = 50.0,
) -> None:
    """Show dialogues, answers and ratings in a browser: pages that this machine serves to who has the key."""
    from personas.viewer.bundle import bundle as write_bundle
    from personas.viewer.data.corpus import Corpus
    from personas.viewer.serve import serve
    from personas.workflow.artefacts import downstream

    corpus = Corpus(build_grid(resolve(load_config(*choose(configfile, profile)))), labels, downstream)
    if bundle is None:
        serve(corpus, port, browser)
        return
    for line in write_bundle(corpus, bundle, megabytes):
        print(line)


def main() -> None:
    """Run a command; a user's mistake ends in its sentence and exit code 1."""
    _exit_with_sentence(partial(app, one_each(sys.argv[1:])))


def _exit_with_sentence(command: Callable[[], Any]) -> None:
    try:
        command()
    except (UserError, OSError) as error:
        if isinstance(error, OSError) and error.filename is None:
            raise
        sentence = f"{error.filename}: {error.strerror}." if isinstance(error, OSError) else str(error)
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(sentence)
        raise SystemExit(1) from None
