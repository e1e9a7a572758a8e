"""What a config names, beside the config: the same study, wherever it is unpacked."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from personas.config.conditions import TRANSCRIPT
from personas.config.models import ModelSection
from personas.external.reference import reference
from personas.external.store import references
from personas.external.weights_files import named_by_fingerprint
from personas.grid.comparisons import VALUES
from personas.grid.study import Study, judge_weights_key, user_weights_key

INPUTS = "inputs"
RELEASE = f"{INPUTS}/release.json"
Place = tuple[str, ...]


def portable(study: Study) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return the config with every path replaced, and the files to put at these places (path -> file).

    Third-party files keep their references. Weights are named by their fingerprints and a release by its hashes,
    which is enough to plan; what only this machine has is left out.
    """
    raw = study.config.model_dump(mode="json", exclude_unset=True)
    raw.pop("machine", None)
    raw["results"] = "results"
    files: dict[str, Path] = {}
    config = study.config
    for place, name in _paths(study, raw):
        source = study.root / Path(name).expanduser()
        inside = f"{INPUTS}/{'-'.join(place)}"
        if source.is_dir():
            list_files = _values_only if place[0] == "comparison" and place[-1] == "results" else _all_files
            files |= {f"{inside}/{path.relative_to(source).as_posix()}": path for path in list_files(source)}
        else:
            inside = f"{inside}{source.suffix}"
            files[inside] = source
        is_transcript = place[0] == "conditions" and config.conditions[place[1]].transcript == name
        _set(raw, place, f"{TRANSCRIPT if is_transcript else ''}{inside}")
    _without_machine(study, raw)
    return raw, files


def _paths(study: Study, raw: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yield the fields of a config that name files or folders of this machine, with what they name."""
    config = study.config
    fields: dict[Place, Any] = {
        ("personas", "roles" if config.personas.roles else "folder"): config.personas.roles or config.personas.folder
    }
    for slug, condition in config.conditions.items():
        fields["conditions", slug, "turns"] = condition.transcript or condition.turns
        fields["conditions", slug, "user", "brief"] = condition.user.brief if condition.user else None
        fields |= {
            ("conditions", slug, "segments", str(n), "turns"): p.turns for n, p in enumerate(condition.segments)
        }
    for slug, section in config.benchmarks.items():
        fields |= {("benchmarks", slug, key): getattr(section, key) for key in ("items", "labels", "nltk")}
    fields |= {("judges", slug, "texts"): judge.texts for slug, judge in config.judges.items()}
    fields |= {("calibration", "labels", slug, "file"): labels.file for slug, labels in config.human.items()}
    for slug, comparison in config.comparison.items():
        fields |= {("comparison", slug, key): getattr(comparison, key) for key in ("published", "results")}
    if references(config):
        fields["sources",] = config.sources
    for place, name in fields.items():
        if isinstance(name, str) and reference(name) is None:
            yield place, name


def _all_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _values_only(folder: Path) -> list[Path]:
    return [folder / VALUES]


def _without_machine(study: Study, raw: dict[str, Any]) -> None:
    """Name weights by their fingerprints, and a release by its hashes."""
    models: dict[str, tuple[Place, ModelSection]] = {
        slug: (("models", slug), model) for slug, model in study.config.models.items()
    }
    judges = study.config.judges.items()
    models |= {judge_weights_key(slug): (("judges", slug, "model"), judge.model) for slug, judge in judges}
    models |= {user_weights_key(slug): (("users", slug), model) for slug, model in study.config.users.items()}
    for key, (place, model) in models.items():
        weights = getattr(model, "weights", None)
        if weights and not weights.startswith("package:"):
            _set(raw, (*place, "weights"), named_by_fingerprint(study.weights[key]))
    if study.release is not None:
        _set(raw, ("release", "folder"), RELEASE)


def _set(raw: dict[str, Any], place: Place, value: Any) -> None:
    inner: Any = raw
    for name in place[:-1]:
        inner = inner[int(name)] if isinstance(inner, list) else inner.setdefault(name, {})
    inner[place[-1]] = value
