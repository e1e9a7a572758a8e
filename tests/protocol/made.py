"""Small files of the shape of the study's three and of RoleBench, written by us, and a catalogue that names them."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.external import ORIGINAL
from tests.helpers import DEMO, ROOT

ROLES = {
    "Gaston": "You hunt, you are vain about it, and you say so to everybody you meet in the village.",
    "Lestat de Lioncourt": "You have lived by night for two hundred years, and you are still curious about it.",
}
OTHERS = ("Michael Scott", "Blair Waldorf", "Queen Catherine", "HAL 9000", "Juno MacGuff", "Mary Sibley")
GENERAL = "rolebench-eng/instruction-generalization/general/test.jsonl"


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def made_files() -> dict[str, bytes]:
    """Return what stands in for the files that no machine of ours could reach, by source and path."""
    interview = {
        "prompt": "none",
        "introductory_remark": "Welcome, {role}. Shall we begin?",
        "questions": [f"What do you think of the number {n}?" for n in range(1, 101)],
        "concluding_remark": "That was all, {role}. Good night.",
    }
    roles = {**ROLES, **dict.fromkeys(OTHERS, "You are somebody else, of whom nothing is said here."), "empty": ""}
    questions = ["How do you begin a day?", "What is a good meal?", "Where would you travel?", "What do you fear?"]
    files = {
        "persistent-personas/data/roles.json": json.dumps(roles).encode(),
        "persistent-personas/data/interview.json": json.dumps(interview).encode(),
        "persistent-personas/data/instructions.json": json.dumps(
            {"questions": [f"Give me an idea for the day {n} of a trip." for n in range(1, 103)]}
        ).encode(),
        f"rolebench/{GENERAL}": _lines(
            [
                {"role": role, "question": question, "generated": [f"As {role} I would say: it depends.", "No."]}
                for role in ROLES
                for question in questions
            ]
        ),
    }
    for role in ROLES:
        rows = [{"instruction": f"{role}, {q[0].lower()}{q[1:]}", "answer": "You know me."} for q in questions]
        files[f"rolebench/instructions-eng/role-specific-{role}.jsonl"] = _lines(rows)
    return files


def substitutes() -> dict[str, bytes]:
    """Return files of our own in the place of the originals, for machines that have none of those."""
    return {
        "incharacter/data/questionnaires/BFI.json": (DEMO / "bfi.json").read_bytes(),
        "incharacter/data/characters_labels.json": json.dumps(_labels()).encode(),
        "xstest/xstest_prompts.csv": (DEMO / "xstest.csv").read_bytes(),
        "ifbench-294/data/IFBench_test.jsonl": (DEMO / "ifbench.jsonl").read_bytes(),
    }


def _labels() -> dict[str, Any]:
    said = json.loads((DEMO / "labels.json").read_text(encoding="utf-8"))
    return {name: {f"{role}-en": next(iter(of.values())) for role in ROLES} for name, of in said.items()}


def prepare(folder: Path) -> list[Path]:
    """Write the made files and the catalogue `sources.yaml` into `folder`; return the folders to fetch from.

    The catalogue is the project's own but for what is made up: that has another repository, so no result of it
    can be taken for one of the real thing.
    """
    sources = yaml.safe_load((ROOT / "data/sources.yaml").read_text(encoding="utf-8"))
    files = made_files() | ({} if ORIGINAL.is_dir() else substitutes())
    for place, content in files.items():
        slug, _, path = place.partition("/")
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(content)
        sources[slug]["repository"] = f"made-up/{slug}"
        entry = sources[slug]["files"][path] = dict(sources[slug]["files"][path])
        if path == GENERAL:
            entry["roles"] = list(ROLES)
        if place in substitutes():
            for known in ("rows", "size", "sha256"):
                entry.pop(known, None)
    (folder / "sources.yaml").write_text(yaml.safe_dump(sources, sort_keys=False), encoding="utf-8")
    return [*([ORIGINAL.resolve()] if ORIGINAL.is_dir() else []), folder]
