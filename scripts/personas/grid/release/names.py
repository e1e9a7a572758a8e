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
class Judged:
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
class Mined:
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


Name = Spoken | Judged | Mined


@dataclass(frozen=True)
class Known:
    """The names that a parser goes by: of roles, as they stand in prompts, and of models (for pattern files)."""

    roles: Collection[str]
    models: Collection[str] = field(default_factory=tuple)

    def role(self, written: str) -> str | None:
        """Return the role that is written with underscores; None: the baseline."""
        if written == EMPTY:
            return None
        for role in self.roles:
            if role.replace(" ", "_") == written:
                return role
        raise NameFault(f"found the persona {written!r}, expected {_listed(self.roles)} or {EMPTY}")


def parse(path: str, known: Known) -> Name:
    """Return what a path below `generations`, `metrics` or `results/premise` means; NameFault if nothing."""
    parts = path.split("/")
    if parts[0] == "generations" and len(parts) == 3:
        name: Name = _spoken(parts[1], _without(parts[2], ".json"), known)
    elif parts[0] == "metrics" and len(parts) == 5:
        name = _judged(parts[1], parts[2], parts[3], _without(parts[4], ".csv"), known)
    elif parts[:2] == ["results", "premise"] and len(parts) == 3:
        name = _mined(_without(parts[2], ".csv"), known)
    else:
        raise NameFault("found a file here, expected it deeper or less deep")
    if name.path != path:
        raise NameFault(f"found the name {parts[-1]!r}, expected {name.path.rpartition('/')[2]!r}")
    return name


def _without(name: str, ending: str) -> str:
    if not name.endswith(ending):
        raise NameFault(f"found the name {name!r}, expected one that ends in {ending}")
    return name.removesuffix(ending)


def _spoken(model: str, stem: str, known: Known) -> Spoken:
    for conversation in _PREFIX:
        if stem.startswith(f"{conversation}_"):
            return _dialogue(model, conversation, stem.removeprefix(f"{conversation}_"), known)
    start, _, t = stem.rpartition("_")
    if not re.fullmatch(r"\d+", t, re.ASCII):
        raise NameFault(f"found {t!r} at the end of {stem!r}, expected the number of rounds before the items")
    conversation, dataset, role = _asked(start, known)
    return Spoken(model, conversation, role, dataset=dataset, t=int(t))


def _dialogue(model: str, conversation: Conversation, who: str, known: Known) -> Spoken:
    written = [role.replace(" ", "_") for role in known.roles]
    shuffled = who.endswith("_shuffle") and who not in written
    return Spoken(model, conversation, known.role(who.removesuffix("_shuffle") if shuffled else who), shuffled)


def _asked(start: str, known: Known) -> tuple[Conversation, str, str | None]:
    """Part `[inst-]<dataset>_<who>`."""
    conversation: Conversation = "instructions" if start.startswith("inst-") else "interview"
    rest = start.removeprefix("inst-")
    datasets = [name for name in DATASETS.values() if rest.startswith(f"{name}_")]
    if not datasets:
        raise NameFault(f"found no known benchmark in {start!r}, expected {_listed(DATASETS.values())}")
    return conversation, datasets[0], known.role(rest.removeprefix(f"{datasets[0]}_"))


def _judged(metric: str, judge: str, model: str, stem: str, known: Known) -> Judged:
    if metric not in {*METRICS.values(), *DATASETS.values()}:
        raise NameFault(f"found the metric {metric!r}, expected {_listed([*METRICS.values(), *DATASETS.values()])}")
    start, dot, ending = stem.partition(".json")
    if not dot:
        raise NameFault(f"found the name {stem!r}, expected that of the judged file, which ends in .json")
    of = _spoken(model, start, known)
    if (of.dataset or metric) != metric or (of.dataset is None) == (metric in DATASETS.values()):
        raise NameFault(f"found {start!r} below {metric!r}, expected what that metric rates")
    for against in _AGAINST:
        if ending == f"_{against}_reference":
            return Judged(of, judge, metric, against=against)
    if not ending:
        return Judged(of, judge, metric)
    as_role = ending.removeprefix("-")
    if as_role not in known.roles:
        raise NameFault(f"found {ending!r} after .json, expected -<persona>, one of {_listed(known.roles)}")
    return Judged(of, judge, metric, as_role)


def _mined(stem: str, known: Known) -> Mined:
    rest = _prefixed(stem, "premise_")
    models = [model for model in known.models if rest.startswith(f"{model}_")]
    if not models:
        raise NameFault(f"found no known model in {stem!r}, expected {_listed(known.models)}")
    model = max(models, key=len)
    start = rest.removeprefix(f"{model}_")
    last = start.endswith("_last_round")
    conversation, dataset, role = _asked(start.removesuffix("_last_round"), known)
    if role is None:
        raise NameFault(f"found patterns of {EMPTY!r}, expected those of a persona")
    return Mined(model, conversation, dataset, role, last)


def _prefixed(stem: str, prefix: str) -> str:
    if not stem.startswith(prefix):
        raise NameFault(f"found the name {stem!r}, expected one that begins with {prefix}")
    return stem.removeprefix(prefix)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
