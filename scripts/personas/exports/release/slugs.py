"""What the release calls models, personas, conditions and benchmarks, and what the config calls them."""

from collections.abc import Sequence
from functools import cached_property

from personas.config.personas import BASELINE
from personas.grid.release.cells import has_dataset
from personas.grid.release.names import DATASETS, METRICS, Name, PatternsName, Spoken, VerdictsName
from personas.grid.study import Study


class Slugs:
    """Translates one way: from the release to the config. None stands for what the config does not have."""

    def __init__(self, study: Study) -> None:
        self._study, self._config = study, study.config

    @cached_property
    def models(self) -> dict[str, str]:
        """Folder of a model -> slug."""
        models = self._config.models.items()
        return {model.released_as: slug for slug, model in models if model.released_as}

    @cached_property
    def judges(self) -> dict[str, str]:
        """Folder of a judge -> slug."""
        by_slug = {slug: judge.model for slug, judge in self._config.judges.items()}
        return {model.released_as: slug for slug, model in by_slug.items() if model.released_as}

    @cached_property
    def conditions(self) -> dict[str, str]:
        """Conversation -> slug of the condition."""
        release = self._config.release
        pairs = release.conditions.items() if release else ()
        return {conversation: slug for slug, conversation in pairs if slug in self._config.conditions}

    @cached_property
    def benchmarks(self) -> dict[str, str]:
        """Dataset -> slug of the first benchmark of that kind."""
        slugs = [slug for slug in reversed(self._config.benchmarks) if has_dataset(self._study, slug)]
        return {DATASETS[self._config.kind_of(slug)]: slug for slug in slugs}

    def persona(self, role: str | None) -> str | None:
        """Return the slug of a role; None stands for nobody, so it is the baseline's."""
        if role is None:
            return BASELINE
        return next((slug for slug, persona in self._study.personas.items() if persona.role == role), None)

    def why_unused(self, name: Name) -> str:
        """Say why no cell of the grid is made of a file with a good name."""
        of = name.of if isinstance(name, VerdictsName) else name
        return next(iter(self._reasons(name, of)), "the grid has no such cell")

    def _reasons(self, name: Name, of: Spoken | PatternsName) -> Sequence[str]:
        config, reasons = self._config, []
        if of.model not in self.models:
            reasons.append(f"no model of the config has the folder {of.model}")
        if of.conversation not in self.conditions:
            reasons.append(f"no condition of the config is {of.conversation} there")
        if of.dataset is not None and of.dataset not in self.benchmarks:
            reasons.append(f"the config has no benchmark of kind {_kind(of.dataset)}")
        if isinstance(of, Spoken) and of.t is not None and of.t not in config.checkpoints:
            reasons.append(f"the config has no checkpoint {of.t}")
        if isinstance(of, Spoken) and of.shuffled:
            reasons.append("the config holds that condition in no shuffled order")
        if isinstance(name, VerdictsName):
            reasons += self._of_judge(name)
        return reasons

    def _of_judge(self, name: VerdictsName) -> list[str]:
        slug = self.judges.get(name.judge)
        if slug is None:
            return [f"no judge of the config has the folder {name.judge}"]
        judge = self._config.judges[slug]
        if name.of.dataset is None and name.metric not in {METRICS.get(metric) for metric in judge.utterances}:
            return [f"judge {slug} does not rate utterances for {name.metric}"]
        if name.of.dataset and self.benchmarks.get(name.of.dataset) not in self._config.judged_benchmarks(slug):
            return [f"judge {slug} does not rate {_kind(name.of.dataset)}"]
        if name.against and name.against not in judge.references:
            return [f"judge {slug} has no reference {name.against}"]
        return []


def _kind(dataset: str) -> str:
    return next(kind for kind, name in DATASETS.items() if name == dataset)
