"""`personas import-card`: a persona from a character card."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from personas.config.personas import FOLDER
from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.exports.cards.card import read_card
from personas.exports.cards.persona import OPTIONAL, import_card

USER = "the user"
"""Who `{{user}}` is unless somebody is named."""


def write_persona(card: Path, folder: Path, user: str = USER, left_out: tuple[str, ...] = ()) -> Iterator[str]:
    """Write the persona of a card into a folder; yield lines to print. UserError where another one has its name."""
    imported = import_card(read_card(card), user, left_out)
    path, content = folder / f"{imported.slug}.yaml", imported.content.encode()
    if path.exists() and path.read_bytes() != content:
        raise UserError(f"{path}: found another persona, expected none or the same; --into names another folder.")
    write_atomically(path, content)
    yield f"{path}: written."
    yield from imported.notes


def import_card_command(
    card: Annotated[Path, typer.Argument(help="Character card, V1 to V3, as JSON or PNG.")],
    into: Annotated[
        Path | None, typer.Option("--into", help=f"Folder of the persona; default: personas or {FOLDER}.")
    ] = None,
    user: Annotated[str, typer.Option("--user", help="Who {{user}} is in the card's texts.")] = USER,
    first_message: Annotated[
        bool, typer.Option("--first-message/--no-first-message", help="Keep the card's first message.")
    ] = True,
    examples: Annotated[bool, typer.Option("--examples/--no-examples", help="Keep its example dialogues.")] = True,
) -> None:
    """Write the persona of a character card, and say what of the card is not used."""
    folder = into or next((path for path in (Path("personas"), Path(FOLDER)) if path.is_dir()), None)
    if folder is None:
        raise UserError("import-card: found no folder of personas here, expected --into FOLDER.")
    keep = dict(zip(OPTIONAL, (first_message, examples), strict=True))
    for line in write_persona(card, folder, user, tuple(key for key in OPTIONAL if not keep[key])):
        print(line)
