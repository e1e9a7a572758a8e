"""Tell a persona's answers from the baseline's, and personas from each other, by what the first answers taught."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from personas.core.parquet import write_frame
from personas.grid.grid import Grid
from personas.plan.artefact import Artefact
from personas.plan.declaration import Context, Instance, inputs_of
from personas.plan.frozen import FrozenPlan
from personas.scoring.declaration import ScoringDeclaration
from personas.scoring.strength.answers import PLACE, instances, read_answers
from personas.scoring.strength.classifier import Classifiers, Grams, Labels, Task, deal, fit

FROM_BASELINE, FROM_PERSONAS = "baseline", "personas"
"""What a persona is told from."""
SCORE_DTYPES = {
    "model": "str",
    **dict.fromkeys(PLACE, "str"),
    "replicate": "int64",
    "checkpoint": "int64",
    "score": "float64",
    "is_shared": "bool",
    "named": "str",
}
WORD_DTYPES = {
    "model": "str",
    "told_from": "str",
    "persona": "str",
    "sign": "str",
    "kind": "str",
    "rank": "int64",
    "text": "str",
    "weight": "float64",
}
_RANKS = 20
"""N-grams of each kind and sign that a table of words holds."""


def identify(
    answers: pd.DataFrame, personas: Sequence[str], first: int, model: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a score for each answer of a model, and the n-grams that tell personas.

    `answers` are those of `read_answers`. One classifier of each persona is trained on its first answers against the
    baseline's to the same items, and one on its first answers to the items that all personas have against the
    others' to them; conditions, orders and replicates together, equal texts once. Items are dealt out to folds, and
    an answer is scored by weights that saw no answer to its item.

    The scores have a row for each answer of a persona, and one for each answer of the baseline and persona that it is
    compared with: `score`, the log odds that the persona said it and not the baseline; `is_shared`, whether all
    personas have the item; `named`, which of them has the largest log odds against the others (of answers of
    personas to shared items). Null without a text, and where one side has no text to learn from. Columns and types:
    `SCORE_DTYPES`, `WORD_DTYPES`.
    """
    rows = answers.assign(
        item=answers["benchmark"].str.cat(answers["item_id"], sep="\x1f"), text=answers["text"].fillna("")
    )
    rows["is_shared"] = rows["item"].isin(_shared_items(rows, personas))
    early = rows[(rows["checkpoint"] == first) & (rows["text"] != "")]
    early = early.drop_duplicates(["group", "persona", "item", "text"]).reset_index(drop=True)
    grams = Grams(early["text"].tolist())
    counts, labels = grams.count(early["text"].tolist()), _labels(early, personas)
    folds = deal(rows["item"].unique().tolist())
    fold_of = early["item"].map(folds).to_numpy()
    classifiers = [
        fit(counts[fold_of != fold], {task: classes[fold_of != fold] for task, classes in labels.items()})
        for fold in sorted(set(folds.values()))
    ]
    scores = _score(rows, rows["item"].map(folds).to_numpy(), grams, classifiers, personas)
    return (
        pd.concat(_long(scores, personas)).assign(model=model)[list(SCORE_DTYPES)].astype(SCORE_DTYPES),
        _words(grams.names(), fit(counts, labels), model),
    )


def _shared_items(answers: pd.DataFrame, personas: Sequence[str]) -> set[str]:
    """Return the items that every persona is asked; with one persona there is nobody to take it for."""
    n_personas = answers[answers["group"] == "persona"].groupby("item")["persona"].nunique()
    return set(n_personas.index[n_personas == len(personas)]) if len(personas) > 1 else set()


def _labels(early: pd.DataFrame, personas: Sequence[str]) -> Labels:
    """Return the sides of the first answers in each task."""
    speaks, is_shared = (early["group"] == "persona").to_numpy(), early["is_shared"].to_numpy()
    persona, items = early["persona"].fillna("").to_numpy(str), early["item"].to_numpy(str)
    labels: dict[Task, np.ndarray] = {}
    for name in personas:
        is_own = persona == name
        beside = (is_own | (persona == "")) & np.isin(items, items[is_own & speaks])
        labels[FROM_BASELINE, name] = np.where(beside, speaks.astype(int), -1)
        labels[FROM_PERSONAS, name] = np.where(speaks & is_shared, is_own.astype(int), -1)
    return labels


def _score(
    answers: pd.DataFrame,
    folds: np.ndarray,
    grams: Grams,
    classifiers: Sequence[Classifiers],
    personas: Sequence[str],
) -> pd.DataFrame:
    """Return the answers with a column for each persona, its log odds against the baseline, and `named`."""
    odds = np.full((len(answers), len(personas)), np.nan)
    guesses = np.full(len(answers), None, dtype=object)
    with_text = answers["text"].to_numpy(str) != ""
    for _, part in answers.assign(place=np.arange(len(answers))).groupby("checkpoint"):  # one at a time in memory
        for fold, weights in enumerate(classifiers):
            places = part["place"].to_numpy()
            places = places[with_text[places] & (folds[places] == fold)]
            if len(places) and weights.tasks:
                scores = weights.score(grams.count(answers["text"].iloc[places].tolist()))
                odds[places], guesses[places] = _read(scores, weights.tasks, personas)
    by_persona = pd.DataFrame(odds, answers.index, list(personas))
    is_asked = (answers["group"] == "persona") & answers["is_shared"]
    return pd.concat([answers, by_persona], axis=1).assign(named=pd.Series(guesses, answers.index).where(is_asked))


def _read(scores: np.ndarray, tasks: Sequence[Task], personas: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the log odds of each persona against the baseline, and who is named among all of them."""
    odds = np.full((len(scores), len(personas)), np.nan)
    for place, (told_from, persona) in enumerate(tasks):
        if told_from == FROM_BASELINE:
            odds[:, personas.index(persona)] = scores[:, place]
    among = [place for place, (told_from, _) in enumerate(tasks) if told_from == FROM_PERSONAS]
    names = np.array([tasks[place][1] for place in among], dtype=object)
    guesses = names[scores[:, among].argmax(axis=1)] if among else np.full(len(scores), None, dtype=object)
    return odds, guesses


def _long(scored: pd.DataFrame, personas: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield for each persona its answers, and the baseline's to the same items."""
    for persona in personas:
        own = scored[(scored["group"] == "persona") & (scored["persona"] == persona)]
        other = scored[(scored["group"] == "baseline") & scored["persona"].fillna(persona).eq(persona)]
        other = other[other["item"].isin(set(own["item"]))]
        both = pd.concat([own, other])
        yield both.assign(score=both[persona], persona=persona)


def _words(names: Sequence[tuple[str, str]], classifiers: Classifiers, model: str) -> pd.DataFrame:
    """Return the n-grams with the largest weights, by what is told from what, sign and kind."""
    kinds = np.array([kind for kind, _ in names], dtype=object)[classifiers.columns]
    texts = np.array([text for _, text in names], dtype=object)[classifiers.columns]
    rows = []
    for place, (told_from, persona) in enumerate(classifiers.tasks):
        task_columns = {"told_from": told_from, "persona": persona}
        weights = classifiers.weights[:, place]
        for kind in ("words", "letters"):
            of_kind = np.flatnonzero(kinds == kind)
            for sign, key in (("for", -weights[of_kind]), ("against", weights[of_kind])):
                best = of_kind[np.lexsort((texts[of_kind], key))[:_RANKS]]
                rows += [
                    {**task_columns, "sign": sign, "kind": kind, "rank": rank, "text": texts[n], "weight": weights[n]}
                    for rank, n in enumerate(best, start=1)
                    if (weights[n] > 0) == (sign == "for") and weights[n]
                ]
    return pd.DataFrame(rows, columns=list(WORD_DTYPES)).assign(model=model).astype(WORD_DTYPES)


def write_identification(frozen: FrozenPlan, artefact: Artefact) -> None:
    """Write the scores of the answers of a model, and the n-grams."""
    spec = artefact.spec
    answers = read_answers([frozen.results / path for path in inputs_of(artefact)["cells"]])
    tables = identify(answers, spec["personas"], spec["first"], spec["model"])
    for path, table in zip(artefact.outputs, tables, strict=True):
        write_frame(frozen.results / path, table)


def _instances(grid: Grid, context: Context) -> Iterator[Instance]:
    """Yield those of a grid in which there is somebody to tell a persona from."""
    if grid.study.config.personas.baseline or len(grid.study.personas) > 1:
        yield from instances(grid, "identification")


IDENTIFICATION = ScoringDeclaration(
    family="identification_scores",
    instances=_instances,
    module=__name__,
    stage="strength",
    write=write_identification,
    paths=("tables/{}--scores.parquet", "tables/{}--words.parquet"),
)
