"""Third-party data that nobody wrote but we: files of the shape of the originals, and a catalogue that names them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import DEMO, ROOT, Project, to_yaml

ORIGINAL = Path(os.environ.get("PERSONAS_ORIGINAL_DATA") or ROOT / ".." / "shared" / "data" / "original")
"""The originals that lie beside some checkouts; nothing of them is in this repository."""
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason="no original benchmark files here (PERSONAS_ORIGINAL_DATA names their folder)"
)

REVISION = "0123456789abcdef0123456789abcdef01234567"
ROLES = {"Maren Holt": "You keep a lighthouse.", "Otto Brindle": "You bake croissants."}
QUESTIONS = [f"What is your view of thing {n}?" for n in range(6)]
REQUESTS = [f"Help me with task {n}." for n in range(8)]


def texts() -> dict[str, bytes]:
    """Return the files by source and path."""
    interview = {"introductory_remark": "Hello, {role}.", "questions": QUESTIONS, "concluding_remark": "Bye, {role}."}
    files = {
        "study/data/roles.json": json.dumps(ROLES | {"empty": ""}).encode(),
        "study/data/interview.json": json.dumps(interview).encode(),
        "study/data/instructions.json": json.dumps({"questions": REQUESTS}).encode(),
        "bfi/data/BFI.json": (DEMO / "bfi.json").read_bytes(),
        "bfi/data/labels.json": (DEMO / "labels.json").read_bytes(),
        "xstest/xstest.csv": (DEMO / "xstest.csv").read_bytes(),
        "ifbench/test.jsonl": (DEMO / "ifbench.jsonl").read_bytes(),
        "rolebench/general/test.jsonl": (DEMO / "general.jsonl").read_bytes(),
    }
    for role in ROLES:
        name = f"role-specific-{role}.jsonl"
        files[f"rolebench/instructions/{name}"] = (DEMO / "role-specific" / name).read_bytes()
    return files


def catalogue(url: str | None = None, known: bool = True) -> dict[str, Any]:
    """Return a catalogue of these files; `known`: with their checksums."""
    shapes: dict[str, dict[str, Any]] = {
        "study/data/roles.json": {"shape": "roles", "rows": 3, "roles": list(ROLES)},
        "study/data/interview.json": {
            "shape": "turns",
            "rows": 6,
            "remarks": ["introductory_remark", "concluding_remark"],
            "names_role": ["introductory_remark", "concluding_remark"],
        },
        "study/data/instructions.json": {"shape": "turns", "rows": 8},
        "bfi/data/BFI.json": {"shape": "json", "at": "questions", "rows": 10, "columns": ["rewritten_en"]},
        "bfi/data/labels.json": {"shape": "json", "at": "annotation", "rows": 2},
        "xstest/xstest.csv": {"shape": "csv", "rows": 12, "columns": ["id", "prompt"], "flat": "flat.csv"},
        "ifbench/test.jsonl": {"shape": "jsonl", "rows": 10, "columns": ["key", "prompt"]},
        "rolebench/general/test.jsonl": {"shape": "jsonl", "roles": list(ROLES), "placeholder": {"rows": 4}},
        **{
            f"rolebench/instructions/role-specific-{role}.jsonl": {"shape": "jsonl", "placeholder": {"rows": 4}}
            for role in ROLES
        },
    }
    sources: dict[str, dict[str, Any]] = {}
    for place, content in texts().items():
        slug, _, path = place.partition("/")
        source = sources.setdefault(slug, {**SOURCE, "repository": f"made-up/{slug}", "files": {}})
        if url:
            source["url"] = f"{url}/{slug}/{{path}}"
        sums = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} if known else {}
        source["files"][path] = shapes[place] | sums
    return sources


SOURCE = {
    "title": "Made up for the tests",
    "host": "github",
    "revision": REVISION,
    "licence": "CC0-1.0",
    "citation": "none",
    "homepage": "https://example.org",
}


def put(folder: Path, only: str = "") -> None:
    """Write the files into a folder laid out as data/external; `only` those whose place begins so."""
    for place, content in texts().items():
        if place.startswith(only):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)


def refer(project: Project, url: str | None = None, known: bool = True) -> Project:
    """Let the tiny study take all its texts from the third-party files, and none of its own."""
    (project.folder / "sources.yaml").write_text(to_yaml(catalogue(url, known)), encoding="utf-8")
    return project.set(
        {
            "sources": "sources.yaml",
            "machine/data_folder": "external",
            "personas": {"roles": "external:study/data/roles.json"},
            "conditions/interview/turns": "external:study/data/interview.json",
            "conditions/interview/rounds": 5,
            "conditions/requests/turns": "external:study/data/instructions.json",
            "benchmarks/bfi/items": "external:bfi/data/BFI.json",
            "benchmarks/bfi/labels": "external:bfi/data/labels.json",
            "benchmarks/xstest/items": "external:xstest/xstest.csv",
            "benchmarks/ifbench/items": "external:ifbench/test.jsonl",
            "benchmarks/role-specific/items": "external:rolebench/instructions",
            "benchmarks/general/items": "external:rolebench/general/test.jsonl",
        }
    )
