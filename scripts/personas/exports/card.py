"""The card of a data set: what is in it, what was left out, whose it is, how to cite it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from jinja2 import Environment, StrictUndefined

from personas.exports.third_party import uses
from personas.grid.study import Study
from personas.requests.projection import versions

_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE, _PACKAGE.parents[1])
"""Where `CITATION.cff` lies: in the wheel, and in a checkout."""

_TEMPLATE = """---
{{ front }}---

# {{ title }}

Dialogues in which a language model plays a persona, held turn by turn; answers to benchmark items
asked behind a copy of the dialogue at several checkpoints; what judges said of both, and the scores.
Made with persona-persistence {{ version }}, which follows the protocol of "Persistent Personas?"
(EACL 2026).

```python
from datasets import load_dataset

load_dataset("FOLDER OR NAME", "{{ tables[0] }}", split="train")
```

| configuration | one row |
|---|---|
{% for name in tables -%}
| `{{ name }}` | {{ rows[name] }} |
{% endfor %}
`model`, `persona`, `condition`, `order` and `replicate` say whose a row is, in every configuration;
`baseline` is the model without a persona.

## What was asked

| slug | model | revision | engine |
|---|---|---|---|
{% for slug, model in models.items() -%}
| `{{ slug }}` | `{{ model.id }}` | `{{ model.revision }}` | {{ model.engine }} |
{% endfor %}
## Licences

The answers were written by the models above; the terms of their makers apply to them. State the
licence under which you publish this data set in place of `other`.
{% if sources or imported %}
Third-party texts are not in it: `prompt` or `user` is null where the text belongs to somebody else,
and so is an `answer` that was imported (`served_by` names its file). `item_id`, `round` and the
revision say which text it was. An answer or a judge may quote some of it.
{% if sources %}
| source | what is named of it | revision | licence as its authors state it | to cite |
|---|---|---|---|---|
{% for use in sources -%}
| [{{ use.source.title }}]({{ use.source.homepage }}) | {{ use.fields_text }} | `{{ use.source.revision }}` {# -#}
| {{ use.source.licence }} | {{ use.source.citation }} |
{% endfor %}{% endif %}{% else %}
All items and user turns are files of this study's own, and are in it.
{% endif %}
## Citation
{% for each in works %}
- {{ each }}
{%- endfor %}
"""
_ROWS = {
    "dialogues": "a round of a dialogue: user turn, answer, its ratings",
    "responses": "an answer to an item, behind `checkpoint` rounds, with its scores",
    "judgements": "a judge's own words on an answer",
    "ratings": "a rating of an answer, by a rule or a judge",
    "values": "a measure at a position of a dialogue: the mean over its items",
}


def card(study: Study, schemas: Mapping[str, pa.Schema]) -> str:
    """Return the card as Markdown with YAML in front; `schemas` are those of the tables, by name."""
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)  # noqa: S701 - no HTML
    judges = {slug: judge.model for slug, judge in study.config.judges.items()}
    citation = read_citation()
    return environment.from_string(_TEMPLATE).render(
        front=yaml.safe_dump(_front(schemas), sort_keys=False, allow_unicode=True),
        title="How personas hold up over long conversations",
        version=versions().get("persona-persistence", citation["version"]),
        tables=list(schemas),
        rows=_ROWS,
        models={**study.config.models, **judges},
        sources=list(uses(study)),
        imported=study.release is not None,
        works=[_work(each) for each in (citation, *citation["references"])],
    )


def _front(schemas: Mapping[str, pa.Schema]) -> dict[str, Any]:
    return {
        "license": "other",
        "pretty_name": "How personas hold up over long conversations",
        "tags": ["persona", "dialogue", "evaluation"],
        "configs": [
            {"config_name": name, "data_files": [{"split": "train", "path": f"{name}.parquet"}]} for name in schemas
        ],
        "dataset_info": [
            {"config_name": name, "features": [_feature(field) for field in schema]}
            for name, schema in schemas.items()
        ],
    }


def _feature(field: pa.Field) -> dict[str, str]:
    dtypes = {"double": "float64", "large_string": "large_string"}
    return {"name": field.name, "dtype": dtypes.get(str(field.type), str(field.type))}


def citation_file() -> Path:
    """Return the project's `CITATION.cff`."""
    return next(folder / "CITATION.cff" for folder in _PLACES if (folder / "CITATION.cff").is_file())


def read_citation() -> dict[str, Any]:
    """Return what `CITATION.cff` says."""
    cited: dict[str, Any] = yaml.safe_load(citation_file().read_text(encoding="utf-8"))
    return cited


def _work(cited: Mapping[str, Any]) -> str:
    authors = _names(cited["authors"])
    details: Sequence[str] = [str(cited[key]) for key in ("year", "url") if key in cited]
    where = cited.get("conference", {}).get("name") or f"version {cited.get('version')}"
    return ". ".join([authors, cited["title"].rstrip("."), ", ".join([where, *details])]) + "."


def _names(authors: Iterable[Mapping[str, str]]) -> str:
    names = (each.get("name") or f"{each['given-names']} {each['family-names']}" for each in authors)
    return ", ".join(names)
