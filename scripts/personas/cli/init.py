"""`personas init`: a complete study of one's own, from a template."""

import json
import os
import shlex
import shutil
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template as Text
from typing import Annotated

import typer
import yaml

from personas.cli.import_card import write_persona
from personas.config.reading.loader import validate
from personas.config.root import Config
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml

STUDIES = Path(__file__).with_name("studies")
"""The templates: `templates.yaml` says what each is made of."""
_SHARED = STUDIES / "shared"
_FILLED = ("config.yaml", "README.md", "Snakefile")
_PROFILE = "# How Snakemake runs here: read by itself in this folder."
_UNKNOWN = "CHECKOUT"
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Template:
    """What stands in `templates.yaml` of one template: `models` and `card` are files, `profile` is in `profiles/`."""

    name: str
    summary: str
    models: str
    before: str
    address: str | None = None
    model: str | None = None
    profile: str | None = None
    card: str | None = None


def templates() -> dict[str, Template]:
    """Return every template by its name."""
    return {name: Template(name, **fields) for name, fields in read_yaml(STUDIES / "templates.yaml").items()}


def checkout() -> Path | None:
    """Return the checkout that this package is part of; None where it was installed without the workflow."""
    return _ROOT if (_ROOT / "Snakefile").is_file() else None


def write_study(template: Template, folder: Path, workflow: Path | None) -> None:
    """Write a study into a folder that is not there or empty; `workflow`: the checkout that will run it.

    UserError where the folder holds something, and where a value of the template makes no valid config.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: found something there, expected a new or an empty folder.")
    texts = _texts(template, folder, workflow)
    validate(Config, yaml.safe_load(texts["config.yaml"]), "--address, --model")
    shutil.copytree(_SHARED, folder, ignore=shutil.ignore_patterns(*_FILLED), dirs_exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if template.card:
        _take_card(STUDIES / "cards" / template.card, folder)


def _take_card(card: Path, folder: Path) -> None:
    """Put a card into a study, and its persona in the place of the first one."""
    (folder / "cards").mkdir()
    shutil.copy(card, folder / "cards")
    min((folder / "personas").iterdir()).unlink()
    list(write_persona(card, folder / "personas"))


def _texts(template: Template, folder: Path, workflow: Path | None) -> dict[str, str]:
    """Return the files that depend on the template and on where the study lies."""
    words = _words(template, folder, workflow)
    models = Text((STUDIES / "models" / template.models).read_text(encoding="utf-8")).substitute(words)
    profiles = (workflow or STUDIES) / "profiles"
    keys = [_keys(profiles / name / "config.yaml") for name in ("default", template.profile) if name]
    return {
        name: Text((_SHARED / name).read_text(encoding="utf-8")).substitute(words, models=models) for name in _FILLED
    } | {"profiles/default/config.yaml": "\n".join([_PROFILE, *keys])}


def _words(template: Template, folder: Path, workflow: Path | None) -> dict[str, str]:
    """Return what the placeholders of the shared files and of models stand for."""
    run, place, before = "", _UNKNOWN, template.before
    if workflow is None:
        before += f" Put the path of the workflow's checkout in the place of {_UNKNOWN} in this folder's files."
    elif folder.resolve().is_relative_to(workflow):
        run, place = "uv run ", os.path.relpath(workflow, folder.resolve())
    else:
        run, place = f"uv run --project {shlex.quote(str(workflow))} ", str(workflow)
    return {
        "template": template.name,
        "title": folder.resolve().name,
        "summary": template.summary[0].upper() + template.summary[1:],
        "before": textwrap.fill(before, 100, break_on_hyphens=False),
        "address": json.dumps(template.address),
        "model": json.dumps(template.model),
        "workflow": place,
        "folder": shlex.quote(str(folder)),
        "run": run,
    }


def _keys(profile: Path) -> str:
    """Return a profile from its first key on, less `config`, whose paths count from the checkout."""
    lines = profile.read_text(encoding="utf-8").splitlines()
    first = next(place for place, line in enumerate(lines) if line and not line.startswith("#"))
    body, is_kept = [], True
    for line in lines[first:]:
        if line and not line[0].isspace():
            is_kept = not line.startswith("config:")
        if is_kept:
            body.append(line)
    return "\n".join(body) + "\n"


def init(
    template: Annotated[str | None, typer.Argument(help="What to begin with; without one, all are listed.")] = None,
    folder: Annotated[Path | None, typer.Argument(help="Folder of the study: new, or empty.")] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", help="Address of the model, up to and with /v1 (hosted, server, character)."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="What the address calls it (hosted, server, character).")
    ] = None,
) -> None:
    """Write a complete study of your own from a template; without arguments, list the templates."""
    by_name = templates()
    if template is None:
        width = max(map(len, by_name))
        for each in by_name.values():
            print(f"{each.name:{width}}  {each.summary}")
        print("\nWrite one: personas init TEMPLATE FOLDER")
        return
    if template not in by_name:
        raise UserError(f"init: found {template!r}, expected one of {', '.join(by_name)}.")
    if folder is None:
        raise UserError(f"init: found no folder, expected one, such as: personas init {template} mystudy.")
    options = {key: value for key, value in (("address", address), ("model", model)) if value is not None}
    for key in options:
        if getattr(by_name[template], key) is None:
            raise UserError(
                f"--{key}: found with {template}, whose model has none, expected hosted, server or character."
            )
    write_study(replace(by_name[template], **options), folder, checkout())
    print(f"{folder}: written. Its README.md has the commands; the first: cd {shlex.quote(str(folder))}")
