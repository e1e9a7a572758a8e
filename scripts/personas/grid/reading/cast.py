"""The personas of a study: from a folder with a file for each, or from one file of roles."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path

from personas.benchmarks.reading import read_json
from personas.config.base import LONGEST_SLUG, is_slug, slug_of, yaml_files
from personas.config.personas import BASELINE, Persona, PersonasSection
from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml
from personas.interventions import Intervention

NOBODY = "empty"
"""The role without a description in the study's file: its baseline."""


def of_file(path: Path) -> dict[str, Persona]:
    """Return the personas of a JSON object of role names and descriptions, by slug; the role `empty` is nobody."""
    return from_descriptions(read_json(path).data, str(path))


def from_descriptions(texts: Mapping[str, object], where: str) -> dict[str, Persona]:
    """Return personas by slug from descriptions by role; UserError if two roles have one slug."""
    personas: dict[str, Persona] = {}
    for role, text in texts.items():
        if role == NOBODY:
            continue
        slug = slug_of(role)
        if slug in personas or slug == BASELINE or not is_slug(slug):
            raise UserError(
                f"{where}: found the role {role!r}, expected names that differ and have letters or digits, "
                f"{LONGEST_SLUG} at most."
            )
        personas[slug] = validate(Persona, {"role": role, "description": text}, f"{where}, {role}")
    return personas


def choose_personas(personas: Mapping[str, Persona], section: PersonasSection) -> dict[str, Persona]:
    """Return the personas that take part, in the order of the config; UserError for one that there is not."""
    slugs = list(personas) if section.include is None else list(section.include)
    for slug in slugs:
        if slug not in personas:
            names = ", ".join(personas)
            raise UserError(
                f"personas.include: found {slug}, expected some of {names}, the roles of {section.roles}."
            )
    return {slug: personas[slug] for slug in slugs}


def require_fields(personas: Mapping[str, Persona], interventions: Mapping[str, Intervention]) -> None:
    """Raise UserError where the file of a persona lacks what an intervention reads of it."""
    for slug, intervention in interventions.items():
        for persona, field in product(personas, intervention.reads):
            if not getattr(personas[persona], field):
                raise UserError(
                    f"interventions.{slug}: the persona {persona} has no {field}, expected it in the persona's file."
                )


def of_folder(section: PersonasSection, root: Path) -> dict[str, Persona]:
    """Return the personas of a folder, by slug; UserError names what is missing or wrong."""
    folder = root / section.folder
    if not folder.is_dir():
        raise UserError(f"personas.folder: found {section.folder!r}, which is no folder, expected one.")
    files: dict[str, Path] = {}
    for path in yaml_files(folder.iterdir()):
        if path.name != path.name.encode(errors="replace").decode():
            raise UserError(f"personas.folder: found the file name {path.name!a}, expected one in UTF-8.")
        slug = path.stem if path.stem.isascii() else slug_of(path.stem)
        if slug in files:
            raise UserError(f"personas.folder: found {files[slug]} and {path}, both of {slug}, expected one file.")
        files[slug] = path
    slugs = list(files) if section.include is None else list(section.include)
    if not slugs:
        raise UserError(f"personas.folder: {section.folder} has no .yaml file, expected one per persona.")
    return {slug: _persona(slug, files, section.folder) for slug in slugs}


def _persona(slug: str, files: Mapping[str, Path], folder: str) -> Persona:
    if slug not in files:
        raise UserError(f"personas.include: found {slug}, expected a file {slug}.yaml in {folder}.")
    if not is_slug(slug) or slug == BASELINE:
        raise UserError(
            f"{files[slug]}: found the slug {slug!r}, expected letters, digits, dots and single dashes "
            f"({LONGEST_SLUG} at most), and not {BASELINE!r}."
        )
    return validate(Persona, read_yaml(files[slug]), str(files[slug]))
