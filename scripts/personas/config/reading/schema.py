"""The JSON schemas of config and persona files, for editors; `python -m personas.config.reading.schema` writes."""

import json
from pathlib import Path

from personas.config.base import Section
from personas.config.personas import Persona
from personas.config.root import Config

SCHEMAS: dict[str, type[Section]] = {"config/config.schema.json": Config, "config/persona.schema.json": Persona}


def render(section: type[Section]) -> str:
    """Return the schema of a section as indented JSON with a final newline."""
    return json.dumps(section.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every schema, relative to the working folder (the root of the checkout)."""
    for path, section in SCHEMAS.items():
        Path(path).write_text(render(section), encoding="utf-8")


if __name__ == "__main__":
    main()
