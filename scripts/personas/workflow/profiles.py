"""Put a profile of this project where `snakemake --profile NAME` finds it."""

from pathlib import Path

from snakemake.common import get_appdirs

from personas.core.errors import UserError
from personas.core.files import write_atomically

FOLDER = Path("profiles")
_FILE = "config.yaml"
_ALWAYS_LOADED = "default"


def install_profile(name: str, force: bool = False) -> Path:
    """Copy `profiles/<name>/config.yaml` into Snakemake's configuration folder, and return where it now lies.

    UserError for a profile that is not there, and, without `force`, for another one already installed by that name.
    """
    source = FOLDER / name / _FILE
    if name == _ALWAYS_LOADED or not source.is_file():
        names = sorted(path.parent.name for path in FOLDER.glob(f"*/{_FILE}"))
        choices = ", ".join(profile for profile in names if profile != _ALWAYS_LOADED) or "none in this folder"
        raise UserError(f"profile: found {name!r}, expected one of {choices}.")
    target = Path(get_appdirs().user_config_dir) / name / _FILE
    if target.exists() and target.read_bytes() != source.read_bytes() and not force:
        raise UserError(f"{target}: found another profile, expected none or the same; --force replaces it.")
    write_atomically(target, source.read_bytes())
    return target
