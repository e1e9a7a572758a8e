"""Cells of released models: the same points of the grid, identified by the released files that they are made from."""

from collections.abc import Mapping
from dataclasses import replace

from personas.config.models import ModelSection
from personas.config.personas import BASELINE
from personas.config.release import Release
from personas.core.canonical import sha256
from personas.grid.cells import Cell, Track
from personas.grid.question_sets import asked_identity, asked_items
from personas.grid.release.layout import baseline_order
from personas.grid.release.names import DATASETS, METRICS, Against, Conversation, Spoken, VerdictsName
from personas.grid.study import Study

IMPORT_VERSION = 1
"""Part of the identity of imported cells: raise it when the import reads the same files otherwise."""

_OURS = frozenset({"recipe", "judge_recipe", "max_tokens", "texts", "persona", "pairs", "pair_seed", "cut_answers"})
"""What shapes answers of our own and nothing that was released."""


def is_released(study: Study, model: str) -> bool:
    """Tell whether the answers of a model are imported."""
    return study.config.models[model].is_imported


def judge_is_released(study: Study, judge: str) -> bool:
    """Tell whether the judgements of a judge are imported."""
    return study.config.judges[judge].model.is_imported


def is_in_release(study: Study, track: Track) -> bool:
    """Tell whether the release has such a dialogue: it knows two conditions, each held once in each order."""
    return _conversation(study, track) is not None and track.replicate == 1


def has_dataset(study: Study, benchmark: str) -> bool:
    """Tell whether the release has answers to a benchmark of this kind."""
    return study.config.kind_of(benchmark) in DATASETS


def with_files(study: Study, cell: Cell) -> Cell:
    """Return a dialogue or response of a released model, identified by its files; files may be missing."""
    return _with_sources(study, cell, {key: name.path for key, name in spoken(study, cell).items()})


def judged_with_files(study: Study, cell: Cell) -> Cell | None:
    """Return a judgement of a released judge, identified by its files; None if the release has none of them."""
    if cell.judged is None or not is_released(study, cell.track.model):
        return None
    with_files = _with_sources(study, cell, {key: name.path for key, name in judgement_names(study, cell).items()})
    return with_files if with_files.sources else None


def _with_sources(study: Study, cell: Cell, paths: Mapping[str, str]) -> Cell:
    if study.release is None:
        raise ValueError("a released model without a release")
    sources = study.release.present(paths)
    spec = {key: value for key, value in cell.spec.items() if key not in _OURS}
    spec |= {"import": IMPORT_VERSION, "files": {key: study.release.files[path] for key, path in sources.items()}}
    if cell.benchmark and not cell.judge:
        spec.pop("user_turns")  # the files hold no user turns
    if cell.judge is None:  # whose answers they are is part of the spec of what is judged
        spec["persona"] = cell.spec["persona"]
    if cell.benchmark and cell.track.persona == BASELINE and not cell.judge:
        spec["layout"] = _layout_identity(study, cell.benchmark)
    return replace(cell, spec=spec, sources=sources, wanted=dict(paths), behind=None)


def _layout_identity(study: Study, benchmark: str) -> str | None:
    """Hash what every persona is asked: the baseline's file holds the questions of all of them."""
    if not study.persona_bound(benchmark):
        return None
    identities = [
        asked_identity(study, benchmark, persona, None, items)
        for persona in study.personas
        for _, items in asked_items(study, benchmark, persona)
    ]
    order = baseline_order(study, benchmark)
    return sha256(identities if order == "personas" else [order, *identities])


def spoken(study: Study, cell: Cell) -> dict[str, Spoken]:
    """Return the names of the released files of a dialogue (key `dialogue`) or of responses (by checkpoint)."""
    track, role = cell.track, _role(study, cell.track.persona)
    conversation = _conversation(study, track)
    if conversation is None:
        raise ValueError(f"{cell.plain_path}: a condition that the release does not know")
    directory = directory_of(study.config.models[track.model])
    if cell.benchmark is None:
        return {"dialogue": Spoken(directory, conversation, role, shuffled=track.order == "shuffled")}
    dataset = DATASETS[study.config.kind_of(cell.benchmark)]
    return {str(t): Spoken(directory, conversation, role, dataset=dataset, t=t) for t in study.config.checkpoints}


def judgement_names(study: Study, cell: Cell) -> dict[str, VerdictsName]:
    """Return the names of the released files of a judgement, by the same keys as those of what it judges."""
    if cell.judged is None or cell.judge is None:
        raise ValueError(f"{cell.plain_path}: not a judgement")
    names = spoken(study, cell.judged)
    metric = METRICS[cell.metric] if cell.metric else next(iter(names.values())).dataset or ""
    judge = directory_of(study.config.judges[cell.judge].model)
    as_role = _role(study, cell.as_persona) if cell.as_persona else None
    if cell.reference not in ("zero", "previous"):
        return {key: VerdictsName(name, judge, metric, as_role) for key, name in names.items()}
    against: Against = "zero" if cell.reference == "zero" else "previous"
    first = str(study.config.checkpoints[0])
    return {key: VerdictsName(name, judge, metric, against=against) for key, name in names.items() if key != first}


def directory_of(model: ModelSection) -> str:
    """Return the name of a model's folder in a release: as the config says, else the end of its id."""
    return model.released_as or model.id.rsplit("/", 1)[-1]


def _role(study: Study, persona: str) -> str | None:
    return None if persona == BASELINE else study.personas[persona].role


def _conversation(study: Study, track: Track) -> Conversation | None:
    release = study.config.release or Release()  # without one, an export goes by the usual names
    return release.conditions.get(track.condition)
