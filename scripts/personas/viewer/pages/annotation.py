"""Annotate: texts of a drawn sample one by one, blind, and a label for each."""

from personas.config.kinds import judged_as
from personas.prompts.judge.rubrics import Rubric
from personas.scoring.samples.annotation import read_sample
from personas.viewer.data.corpus import Corpus
from personas.viewer.data.labels import LabelFile, check_name, words
from personas.viewer.parameters import Missing, Parameters
from personas.viewer.view import View


def samples(corpus: Corpus, params: Parameters) -> View:
    """Return the samples there are, and how many of their texts each person has labelled."""
    section = corpus.study.config.calibration
    there = {name: len(read_sample(path)) for name, path in corpus.samples().items()}
    people = {name: _counts(LabelFile(corpus.labels, name)) for name in there}
    planned = list(section.samples) if section else []
    return View(
        "samples",
        "Annotate",
        {
            "there": there,
            "people": people,
            "planned": [name for name in planned if name not in there],
            "folder": corpus.labels,
        },
    )


def annotate(corpus: Corpus, params: Parameters) -> View:
    """Return the next text that a person has not labelled, and nothing that says whose it is."""
    name, annotator = params.text("sample") or "", check_name(params.text("annotator"))
    texts, file = sample_of(corpus, name), LabelFile(corpus.labels, name)
    labels = {row["unit"]: row["label"] for row in file.of(annotator)}
    text = next((each for each in texts if each["unit"] not in labels), None)
    return View(
        "annotate",
        f"Annotate {name}",
        {
            "sample": name,
            "annotator": annotator,
            "text": text,
            "done": len(labels),
            "count": len(texts),
            "words": words(texts[0]["metric"]),
            "rubric": _rubric(corpus, texts[0]["metric"]),
            "file": file.path,
        },
    )


def label(corpus: Corpus, params: Parameters) -> tuple[str, dict[str, str]]:
    """Give or take back a label, as a form asks; return the address to go on at."""
    name, annotator = params.text("sample") or "", check_name(params.text("annotator"))
    texts, file = sample_of(corpus, name), LabelFile(corpus.labels, name)
    if params.text("undo"):
        file.take_back(annotator)
    else:
        text = next((each for each in texts if each["unit"] == params.text("unit")), None)
        if text is None:
            raise Missing(f"sample {name}: no text {params.text('unit')!r}, expected one of the sample.")
        file.give(text, annotator, params.text("label") or "")
    return f"/annotate/{name}", {"annotator": annotator}


def sample_of(corpus: Corpus, name: str) -> list[dict[str, str]]:
    """Return the texts of a sample; Missing where it is not drawn."""
    path = corpus.samples().get(name)
    if path is None:
        raise Missing(f"sample {name!r}: not drawn, expected one of those that a run drew.")
    return read_sample(path)


def _counts(file: LabelFile) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in file.rows():
        counts[row["annotator"]] = counts.get(row["annotator"], 0) + 1
    return counts


def _rubric(corpus: Corpus, metric: str) -> str | None:
    """Return what a judge of the study reads of the metric, which people should read too."""
    rubrics: list[Rubric] = [
        rubric
        for texts in corpus.study.judge_texts.values()
        for kind, rubric in texts.rubrics.items()
        if judged_as(kind) == metric
    ]
    return rubrics[0].text() if rubrics else None
