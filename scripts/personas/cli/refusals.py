"""`personas refusals`: how far the rules of refusal agree with people on XSTest's published answers."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from personas.workflow.terminal.plan_tables import console_width


def refusals(folder: Annotated[Path, typer.Argument(help="Folder with XSTest's completions, at any depth.")]) -> None:
    """Compare the rules of refusal with people on XSTest's published answers: Cohen's kappa, model by model."""
    from personas.cli.refusal_table import refusal_table  # pandas takes a second to load

    Console(width=console_width(sys.stdout)).print(refusal_table(folder))
