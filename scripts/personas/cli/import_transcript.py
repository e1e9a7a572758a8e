"""`personas import-transcript`: a conversation that was held elsewhere, as a condition reads it."""

from pathlib import Path
from typing import Annotated

import typer

from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.exports.transcripts.transcript import lines_of, read_transcript


def import_transcript_command(
    file: Annotated[Path, typer.Argument(help="Conversation: messages, ShareGPT, a chat log, or lines of text.")],
    into: Annotated[Path | None, typer.Option("--into", help="File to write; default: its name with .jsonl.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="Who of a text's speakers is the user; default: the first.")
    ] = None,
    number: Annotated[int, typer.Option("--number", min=1, help="Which conversation of a file with several.")] = 1,
) -> None:
    """Write a conversation as JSON Lines of messages, and say what was left out or joined."""
    target, read = into or file.with_suffix(".jsonl"), read_transcript(file, user, number)
    content = lines_of(read)
    if target.exists() and target.read_bytes() != content:
        raise UserError(f"{target}: found another file, expected none or the same; --into names another one.")
    write_atomically(target, content)
    print(f"{target}: written, {len(read.rounds)} rounds; in the config: turns: transcript:{target}")
    for note in read.notes:
        print(note)
