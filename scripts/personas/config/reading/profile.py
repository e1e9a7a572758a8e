"""Read what a Snakemake profile says of the config, as Snakemake itself reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personas.config import default_files
from personas.config.reading.overrides import overrides
from personas.core.errors import UserError


@dataclass(frozen=True)
class Profile:
    """The config files that a profile names, and its overrides of top-level keys."""

    configfiles: Sequence[Path] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)


def read_profile(profile: str) -> Profile:
    """Read a profile, given as Snakemake's `--profile`: a folder, a file in it, or the name of one the user has."""
    # Loaded only here, since it takes a second. Undocumented, as is the pin snakemake<10; a test compares both.
    from configargparse import ConfigFileParserException
    from snakemake.cli import get_profile_dir, parse_config
    from snakemake.profiles import ProfileConfigFileParser

    location = get_profile_dir(profile)
    if location is None:
        raise UserError(f"--profile: found {profile!r}, expected a folder with config.yaml.")
    _, file = location
    try:
        with file.open(encoding="utf-8") as stream:
            raw = ProfileConfigFileParser().parse(stream)
        files = [Path(name) for key in ("configfile", "configfiles") for name in _as_list(raw.get(key))]
        return Profile(files, overrides(parse_config(_as_list(raw.get("config")))))
    except (OSError, ValueError, ConfigFileParserException) as error:
        raise UserError(
            f"{file}: {' '.join(str(error).split()).rstrip('.')}; expected a Snakemake profile."
        ) from None


def _as_list(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def choose(files: Sequence[Path] | None, profile: str | None) -> tuple[Sequence[Path], Mapping[str, Any]]:
    """Return what a command reads: the files it is given, else those of its profile, else the default; overrides."""
    chosen = read_profile(profile) if profile else Profile()
    return files or chosen.configfiles or default_files(), chosen.overrides
