"""Our tables as released files: accuracies of IFBench, and mined patterns."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from personas.config.personas import BASELINE
from personas.config.release import Release
from personas.core.parquet import read_frame
from personas.exports.release.exporter.cells import csv_bytes
from personas.grid.release.cells import directory_of, has_dataset
from personas.grid.release.names import DATASETS, PatternsName, Spoken
from personas.grid.study import Study
from personas.plan.artefact import Artefact

METRIC = "loose"
"""Which of our accuracies is exported: IFBench's own page reports this one; the study does not say which it used."""


def ifbench_results(study: Study, results: Path, ratings: Sequence[Artefact]) -> bytes | None:
    """Return accuracies (0..1) by model and name of the response file; None where no table has any."""
    conversations = (study.config.release or Release()).conditions
    accuracies: dict[str, dict[str, float]] = {}
    for artefact in (a for a in ratings if a.spec["kind"] == "ifbench"):
        table = read_frame(results / artefact.outputs[0])
        table = table[(table["metric"] == METRIC) & (table["order"] == "fixed") & (table["replicate"] == 1)]
        model = directory_of(study.config.models[artefact.spec["model"]])
        for place, rows in table.groupby(["persona", "condition", "checkpoint"], sort=False):
            persona, condition, t = (str(part) for part in place)
            values = rows["value"].dropna()
            if condition in conversations and len(values):
                role = None if persona == BASELINE else study.personas[persona].role
                name = Spoken(model, conversations[condition], role, dataset=DATASETS["ifbench"], t=int(t))
                accuracies.setdefault(model, {})[name.stem] = float(values.mean())
    return json.dumps(accuracies, indent=1).encode() if accuracies else None


def pattern_files(study: Study, results: Path, artefacts: Sequence[Artefact]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of a file of patterns for each condition that was mined at the first or last checkpoint.

    The release has the first round of the interview only; an OR of several tokens has no form there and is left out.
    """
    conversations = (study.config.release or Release()).conditions
    last_checkpoint = study.config.checkpoints[-1]
    for artefact in artefacts:
        patterns, spec = read_frame(results / artefact.outputs[0]), artefact.spec
        last = spec["checkpoint"] == last_checkpoint
        if not last and spec["checkpoint"] != study.config.checkpoints[0]:
            continue
        for condition, conversation in conversations.items():
            if condition not in study.config.conditions or (conversation == "instructions" and not last):
                continue
            if not has_dataset(study, spec["benchmark"]):
                continue
            model = directory_of(study.config.models[spec["model"]])
            dataset = DATASETS[study.config.kind_of(spec["benchmark"])]
            name = PatternsName(model, conversation, dataset, study.personas[spec["persona"]].role, last)
            yield name.path, _patterns(patterns[patterns["condition"] == condition], spec["checkpoint"])


def _patterns(rows: pd.DataFrame, checkpoint: int) -> bytes:
    at = rows[rows["checkpoint"] == checkpoint]
    at = at[[all(len(clause) == 1 for clause in pattern) for pattern in at["pattern"]]] if len(at) else at
    return csv_bytes(
        {
            "pattern": [str([str(clause[0]) for clause in pattern]) for pattern in at["pattern"]],
            "group": [int(group == "persona") for group in at["pattern_group"]],
            "count_0": list(at["n_baseline"]),
            "count_1": list(at["n_persona"]),
        }
    )
