"""Templates of judges that nobody published: words of ours in the layouts of Selene's and Flow-Judge's files."""

from pathlib import Path
from typing import Any

from tests.external import SOURCE
from tests.helpers import Project, to_yaml

_ONE = "Turn:\n```\n{user_input}\n```\nReply:\n```\n{assistant_response}\n```\nAbout: {rubric_objective}\n"
ABSOLUTE = (
    f"Mark it.\n\n\n{_ONE}1 {{rubric_score_1_description}}, 2 {{rubric_score_2_description}}, "
    "3 {rubric_score_3_description}, 4 {rubric_score_4_description}, 5 {rubric_score_5_description}"
)
CLASSIFICATION = f"Settle it.\n{_ONE}Yes: {{rubric_yes_description}} No: {{rubric_no_description}}"
PAIRWISE = (
    "Choose.\nTurn:\n```\n{user_input}\n```\nA:\n```\n{assistant_response_a}\n```\n"
    "B:\n```\n{assistant_response_b}\n```\nAbout: {rubric_objective}"
)
STANDARD = (
    "Weigh it.\n<inputs>\n{{INPUTS}}\n</inputs>\n<output>\n{{OUTPUT}}\n</output>\n"
    "<criteria>\n{{EVALUATION_CRITERIA}}\n</criteria>\n{{RUBRIC}}\nEnd in <score>."
)


def selene_file(text: str) -> bytes:
    """Return a file of Selene's layout."""
    return to_yaml({"user_template": text}).encode()


def files() -> dict[str, bytes]:
    """Return the files by source and path."""
    return {
        "selene/there/absolute-scoring.yaml": selene_file(ABSOLUTE),
        "selene/there/classification.yaml": selene_file(CLASSIFICATION),
        "selene/there/pairwise.yaml": selene_file(PAIRWISE),
        "flow/prompts/standard.j2": f"{STANDARD}\n".encode(),
    }


def catalogue() -> dict[str, Any]:
    """Return a catalogue of these files, without checksums, and of one file that is no template."""
    sources: dict[str, Any] = {}
    for place in [*files(), "selene/other/table.csv"]:
        slug, _, path = place.partition("/")
        source = sources.setdefault(slug, {**SOURCE, "repository": f"made-up/{slug}", "files": {}})
        shape = "csv" if path.endswith(".csv") else f"{'flow-judge' if slug == 'flow' else slug}-template"
        source["files"][path] = {"shape": shape, "placeholder": {"characters": 200}}
    return sources


def put(folder: Path, **changed: bytes) -> None:
    """Write the files into a folder laid out as data/external; `changed`: other contents, by file name."""
    for place, content in files().items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(changed.get(Path(place).stem.replace("-", "_"), content))


SELENE = {"judges/j/template": "external:selene/there", "judges/j/form": "reasoning-result"}
FLOW = {
    "judges/j/template": "external:flow/prompts",
    "judges/j/form": "feedback-score",
    "judges/j/benchmarks": ["bfi", "xstest"],
}


def asked_by(project: Project, changes: dict[str, Any]) -> Project:
    """Let the judge `j` of a project be asked by a template of the made-up catalogue."""
    (project.folder / "sources.yaml").write_text(to_yaml(catalogue()), encoding="utf-8")
    return project.set({"sources": "sources.yaml", "machine/data_folder": "external", **changes})
