"""The names of released files: one builder and one parser, which undo each other.

Everything about a released file stands in its name, and names of personas, benchmarks and models hold `_`, `.` and
digits. So a name is read from its right end, with the known names of personas and benchmarks, and it counts only if
what was read builds the very same name again.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

Conversation = Literal["interview", "instructions"]
"""Where user turns come from, as the release calls it: persona-directed and goal-oriented."""
Against = Literal["zero", "previous"]
"""An own answer of earlier on that a response is compared with; None in a name: the data set's reference."""

EMPTY = "empty"
"""What the release calls the baseline, in the place of a role."""
DATASETS = {
    "bfi": "bfi",
    "xstest": "xstest",
    "ifbench": "ifbench",
    "role-specific": "instruction_role_specific",
    "general": "instruction_general",
}
"""Kind of benchmark -> its name in the release."""
PAIRED = frozenset({"instruction_role_specific", "instruction_general"})
METRICS = {"knowledge": "knowledge", "style": "style", "in-character": "in_character"}
"""Metric of utterances -> its name in the release."""

_PREFIX: dict[Conversation, str] = {"interview": "", "instructions": "inst-"}
_AGAINST: tuple[Against, ...] = ("zero", "previous")


class NameFault(Exception):
    """A name that is not of the grammar; the text says what is wrong and what is expected."""


@dataclass(frozen=True)
class Spoken:
    """A dialogue (no `dataset`, no `t`), or responses to a benchmark after `t` rounds; `role` None: baseline."""

    model: str
    conversation: Conversation
    role: str | None
    shuffled: bool = False
    dataset: str | None = None
    t: int | None = None

    @property
    def stem(self) -> str:
        """The name without its ending."""
        who = EMPTY if self.role is None else self.role.replace(" ", "_")
        if self.dataset is None:
            return f"{self.conversation}_{who}{'_shuffle' if self.shuffled else ''}"
        return f"{_PREFIX[self.conversation]}{self.dataset}_{who}_{self.t}"

    @property
    def path(self) -> str:
        """Where it lies in the release."""
        return f"generations/{self.model}/{self.stem}.json"


@dataclass(frozen=True)
class VerdictsName:
    """What a judge wrote on one file. `as_role`: the baseline judged as that role, or on its items."""

    of: Spoken
    judge: str
    metric: str
    as_role: str | None = None
    against: Against | None = None

    @property
    def path(self) -> str:
        """Where it lies in the release."""
        if self.against:
            ending = f"_{self.against}_reference"
        else:
            ending = f"-{self.as_role}" if self.as_role is not None else ""
        return f"metrics/{self.metric}/{self.judge}/{self.of.model}/{self.of.stem}.json{ending}.csv"


@dataclass(frozen=True)
class PatternsName:
    """The patterns mined of a persona's responses, at the first round or at the last."""

    model: str
    conversation: Conversation
    dataset: str
    role: str
    last_round: bool = False

    @property
    def path(self) -> str:
        """Where it lies in the release."""
        who = self.role.replace(" ", "_")
        last = "_last_round" if self.last_round else ""
        return f"results/premise/premise_{self.model}_{_PREFIX[self.conversation]}{self.dataset}_{who}{last}.csv"


Name = Spoken | VerdictsName | PatternsName


@dataclass(frozen=True)
class Vocabulary:
    """The names that a parser goes by: of roles, as they stand in prompts, and of models (for pattern files)."""

    roles: Collection[str]
    models: Collection[str] = field(default_factory=tuple)

    def role(self, name: str) -> str | None:
        """Return the role that is written with underscores; None: the baseline."""
        if name == EMPTY:
            return None
        for role in self.roles:
            if role.replace(" ", "_") == name:
                return role
        raise NameFault(f"found the persona {name!r}, expected {_join(self.roles)} or {EMPTY}")


def parse(path: str, vocabulary: Vocabulary) -> Name:
    """Return what a path below `generations`, `metrics` or `results/premise` means; NameFault if nothing."""
    parts = path.split("/")
    if parts[0] == "generations" and len(parts) == 3:
        name: Name = _spoken(parts[1], _without(parts[2], ".json"), vocabulary)
    elif parts[0] == "metrics" and len(parts) == 5:
        name = _verdicts(parts[1], parts[2], parts[3], _without(parts[4], ".csv"), vocabulary)
    elif parts[:2] == ["results", "premise"] and len(parts) == 3:
        name = _patterns(_without(parts[2], ".csv"), vocabulary)
    else:
        raise NameFault("found a file here, expected it deeper or less deep")
    if name.path != path:
        raise NameFault(f"found the name {parts[-1]!r}, expected {name.path.rpartition('/')[2]!r}")
    return name


def _without(name: str, ending: str) -> str:
    if not name.endswith(ending):
        raise NameFault(f"found the name {name!r}, expected one that ends in {ending}")
    return name.removesuffix(ending)


def _spoken(model: str, stem: str, vocabulary: Vocabulary) -> Spoken:
    for conversation in _PREFIX:
        if stem.startswith(f"{conversation}_"):
            return _dialogue(model, conversation, stem.removeprefix(f"{conversation}_"), vocabulary)
    start, _, t = stem.rpartition("_")
    if not re.fullmatch(r"\d+", t, re.ASCII):
        raise NameFault(f"found {t!r} at the end of {stem!r}, expected the number of rounds before the items")
    conversation, dataset, role = _split_items(start, vocabulary)
    return Spoken(model, conversation, role, dataset=dataset, t=int(t))


def _dialogue(model: str, conversation: Conversation, who: str, vocabulary: Vocabulary) -> Spoken:
    names = [role.replace(" ", "_") for role in vocabulary.roles]
    is_shuffled = who.endswith("_shuffle") and who not in names
    return Spoken(
        model, conversation, vocabulary.role(who.removesuffix("_shuffle") if is_shuffled else who), is_shuffled
    )


def _split_items(start: str, vocabulary: Vocabulary) -> tuple[Conversation, str, str | None]:
    """Part `[inst-]<dataset>_<who>`."""
    conversation: Conversation = "instructions" if start.startswith("inst-") else "interview"
    rest = start.removeprefix("inst-")
    datasets = [name for name in DATASETS.values() if rest.startswith(f"{name}_")]
    if not datasets:
        raise NameFault(f"found no known benchmark in {start!r}, expected {_join(DATASETS.values())}")
    return conversation, datasets[0], vocabulary.role(rest.removeprefix(f"{datasets[0]}_"))


def _verdicts(metric: str, judge: str, model: str, stem: str, vocabulary: Vocabulary) -> VerdictsName:
    if metric not in {*METRICS.values(), *DATASETS.values()}:
        raise NameFault(f"found the metric {metric!r}, expected {_join([*METRICS.values(), *DATASETS.values()])}")
    start, dot, ending = stem.partition(".json")
    if not dot:
        raise NameFault(f"found the name {stem!r}, expected that of the judged file, which ends in .json")
    of = _spoken(model, start, vocabulary)
    if (of.dataset or metric) != metric or (of.dataset is None) == (metric in DATASETS.values()):
        raise NameFault(f"found {start!r} below {metric!r}, expected what that metric rates")
    for against in _AGAINST:
        if ending == f"_{against}_reference":
            return VerdictsName(of, judge, metric, against=against)
    if not ending:
        return VerdictsName(of, judge, metric)
    as_role = ending.removeprefix("-")
    if as_role not in vocabulary.roles:
        raise NameFault(f"found {ending!r} after .json, expected -<persona>, one of {_join(vocabulary.roles)}")
    return VerdictsName(of, judge, metric, as_role)


def _patterns(stem: str, vocabulary: Vocabulary) -> PatternsName:
    rest = _without_prefix(stem, "premise_")
    models = [model for model in vocabulary.models if rest.startswith(f"{model}_")]
    if not models:
        raise NameFault(f"found no known model in {stem!r}, expected {_join(vocabulary.models)}")
    model = max(models, key=len)
    start = rest.removeprefix(f"{model}_")
    last = start.endswith("_last_round")
    conversation, dataset, role = _split_items(start.removesuffix("_last_round"), vocabulary)
    if role is None:
        raise NameFault(f"found patterns of {EMPTY!r}, expected those of a persona")
    return PatternsName(model, conversation, dataset, role, last)


def _without_prefix(stem: str, prefix: str) -> str:
    if not stem.startswith(prefix):
        raise NameFault(f"found the name {stem!r}, expected one that begins with {prefix}")
    return stem.removeprefix(prefix)


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)
