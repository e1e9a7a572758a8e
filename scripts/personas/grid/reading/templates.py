"""Published templates of judges: which files of the catalogue make one up, and whether a judge can be asked by it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from personas.config import Config
from personas.config.kinds import kinds
from personas.config.root import COMPLETIONS_RUBRIC
from personas.core.errors import UserError
from personas.external.catalogue import ExternalFile
from personas.prompts.judge.formats import FORMATS
from personas.prompts.judge.published_template import Format, PublishedTemplate
from personas.prompts.judge.rubrics import Scale
from personas.prompts.judge.texts import JudgeTexts

_ASKS: Mapping[Scale, str] = {
    "likert": "grades an answer from 1 to 5",
    "yes-no": "answers yes or no",
    "pairwise": "compares two answers",
}


def match_format(files: Mapping[str, ExternalFile], text: str, where: str) -> tuple[Format, dict[Scale, str]]:
    """Return the format of a folder's files by their shape, and the path of the file of each scale it has one for.

    UserError names the config field `where` if the files are no templates, or of several formats.
    """
    shapes = {file.shape for file in files.values()}
    template_format = FORMATS.get(shapes.pop()) if len(shapes) == 1 else None
    by_name = {path.rpartition("/")[2]: path for path in files}
    paths = (
        {scale: by_name[name] for scale, name in template_format.files.items() if name in by_name}
        if template_format
        else {}
    )
    if template_format is None or not paths:
        raise UserError(f"{where}: found {text!r}, expected a folder with files of shape {' or '.join(FORMATS)}.")
    return template_format, paths


def with_template(config: Config, slug: str, texts: JudgeTexts, published: PublishedTemplate | None) -> JudgeTexts:
    """Return the texts of a judge with its published template, if there is one.

    UserError if the judge's form is not the one that the template asks for, or it has none for what the judge rates.
    """
    _check_rubrics(config, slug, texts)
    if published is None:
        return texts
    judge, form = config.judges[slug], published.format.form
    if judge.form != form:
        raise UserError(f"judges.{slug}.form: found {judge.form}, expected {form}, which {judge.template} asks for.")
    for where, name, rubric in _rating_fields(config, slug):
        scale = texts.scale(rubric)
        if scale not in published.texts:
            raise UserError(
                f"{where}: found {name}, which {_ASKS[scale]}, expected it left out, because {judge.template} has no "
                "template for that."
            )
    return replace(texts, published=published)


def _check_rubrics(config: Config, slug: str, texts: JudgeTexts) -> None:
    """Raise UserError for a metric or a rubric of a benchmark that there is not, or that rates no single answer."""
    fitting = sorted(
        metric
        for metric, rubric in texts.rubrics.items()
        if rubric.scale != "pairwise" and not getattr(rubric, "traits", None) and metric not in kinds()
    )
    metrics = [(f"judges.{slug}.utterances", metric) for metric in config.judges[slug].utterances]
    for name in config.judged_benchmarks(slug):
        if rubric := config.benchmarks[name].rubric:
            metrics.append((f"benchmarks.{name}.rubric", rubric))
    for where, metric in metrics:
        if metric not in fitting:
            raise UserError(
                f"{where}: found {metric}, expected some of {', '.join(fitting) or 'none'}, the "
                f"rubrics in {config.judges[slug].texts} that rate one answer."
            )


def _rating_fields(config: Config, slug: str) -> Iterator[tuple[str, str, str]]:
    """Yield for all that a judge rates the config field that says so, what it says, and the rubric."""
    for metric in config.judges[slug].utterances:
        yield f"judges.{slug}.utterances", metric, config.rubric(metric)
    for name in config.judged_benchmarks(slug):
        yield f"judges.{slug}.benchmarks", name, config.rubric(name)
    for labels, section in config.human.items():
        if slug in section.judges:
            yield f"calibration.labels.{labels}.judges", slug, COMPLETIONS_RUBRIC
