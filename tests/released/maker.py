"""Write a release in the grammar of the study's repository: every kind of file, by names spelled out here again."""

import csv
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.released.world import FLOW, SELENE, World

CONVERSATIONS = {"interview": "", "instructions": "inst-"}
PICKLE = b"cos\nsystem\n(S'touch PICKLE_WAS_LOADED'\ntR."
"""Whoever loads this runs a command."""


@dataclass
class Maker:
    """Writes a release into `folder`. What each answer says, it says in words that tests can look for."""

    world: World
    folder: Path
    pool: str = field(init=False)

    def __post_init__(self) -> None:
        draw = random.Random(42)
        words = ["tide", "lamp", "bread", "gull", "harbour", "flour", "oven", "ünï", "storm", "rope"]
        self.pool = " ".join(draw.choices(words, k=max(1, self.world.filler * 4)))

    def write(self) -> None:
        """Write everything."""
        for slug, (directory, _) in self.world.models.items():
            self._generations(directory)
            self._judgements(directory, flow=slug in self.world.flow_models)
            self._patterns(directory)
        self._summaries()
        self._other_files()

    def path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    # What is said

    def answer(self, model: str, who: str, question: str, where: str) -> str:
        """Return an answer that names its model, speaker, question and place, with filler of the size wanted."""
        told = f"{who} of {model} on «{question}» {where}"
        if self.world.filler:
            start = int.from_bytes(hashlib.blake2b(told.encode(), digest_size=3).digest(), "big") % (
                len(self.pool) - self.world.filler
            )
            told = f"{told} {self.pool[start : start + self.world.filler]}"
        return told

    def selene(self, seed: str, values: Sequence[str]) -> str:
        """Return a text of the main judge; its verdict follows from the seed."""
        return f"**Reasoning:**\nOf {seed}.{self._filler(seed)}\n\n**Result:** {_pick(seed, values)}"

    def flow(self, seed: str) -> str:
        """Return a text of the second judge."""
        score = _pick(seed, "12345")
        return f"<feedback>\nOf {seed}.{self._filler(seed)}\n</feedback>\n<score>\n{score}\n</score>"

    def _filler(self, seed: str) -> str:
        return f" {self.pool[: self.world.filler]}" if self.world.filler else ""

    # Generations

    def _generations(self, model: str) -> None:
        for role in [*self.world.roles, None]:
            for conversation in CONVERSATIONS:
                for shuffle in (False, True):
                    self._dialogue(model, role, conversation, shuffle)
                for t in self.world.checkpoints:
                    self._responses(model, role, conversation, t)

    def _dialogue(self, model: str, role: str | None, conversation: str, shuffle: bool) -> None:
        turns = self.turns(conversation, role or model, shuffle)
        messages = []
        for number, turn in enumerate(turns):
            said = self.answer(model, role or "nobody", turn, f"in round {number + 1} of {conversation}")
            messages += [{"role": "user", "content": turn}, {"role": "assistant", "content": said}]
        name = f"generations/{model}/{conversation}_{_written(role)}{'_shuffle' if shuffle else ''}.json"
        indent = 4 if shuffle else None  # both layouts occur
        self.path(name).write_text(json.dumps(messages, indent=indent), encoding="utf-8")

    def turns(self, conversation: str, addressed: str, shuffle: bool) -> list[str]:
        """Return the user turns as they were said; the shuffled order is the release's own."""
        turns = self.world.interview if conversation == "interview" else self.world.requests
        fixed = slice(1, -1) if conversation == "interview" else slice(None)
        if shuffle:
            middle = list(turns[fixed])
            random.Random(7).shuffle(middle)
            turns = [turns[0], *middle, turns[-1]] if conversation == "interview" else middle
        return [turn.replace("{role}", addressed) for turn in turns]

    def questions(self, dataset: str, role: str | None) -> Sequence[str]:
        """Return the questions of a file in its order."""
        if dataset == "instruction_general":
            return self.world.general[role] if role else self.world.all_general()
        if dataset == "instruction_role_specific":
            return self.world.specific[role] if role else self.world.all_specific()
        return {"bfi": self.world.bfi, "xstest": self.world.xstest, "ifbench": self.world.ifbench}[dataset]

    def _responses(self, model: str, role: str | None, conversation: str, t: int) -> None:
        datasets = ("bfi", "xstest", "ifbench", "instruction_role_specific", "instruction_general")
        for dataset in datasets:
            # At round 0 both conversations are the same; some of these files are twins to the byte.
            where = f"after {t} rounds of {conversation if t or model.startswith('gemini') else 'nothing'}"
            said = [self.answer(model, role or "nobody", q, where) for q in self.questions(dataset, role)]
            name = f"generations/{model}/{CONVERSATIONS[conversation]}{dataset}_{_written(role)}_{t}.json"
            self.path(name).write_text(json.dumps(said), encoding="utf-8")

    # Judgements

    def _judgements(self, model: str, flow: bool) -> None:
        for role in [*self.world.roles, None]:
            for conversation, prefix in CONVERSATIONS.items():
                for suffix in ("", "_shuffle"):
                    self._utterances(model, f"{conversation}_{_written(role)}{suffix}.json", role, SELENE)
                    if flow and conversation == "interview":
                        self._utterances(model, f"{conversation}_{_written(role)}{suffix}.json", role, FLOW)
                for t in self.world.checkpoints:
                    self._rated(model, f"{prefix}bfi_{_written(role)}_{t}.json", "bfi", self.world.bfi, "12345")
                    self._rated(
                        model, f"{prefix}xstest_{_written(role)}_{t}.json", "xstest", self.world.xstest, ("Yes", "No")
                    )
                    self._compared(model, prefix, role, t)
                    if flow and conversation == "interview" and role:
                        self._verdicts(
                            f"bfi/{FLOW}/{model}/bfi_{_written(role)}_{t}.json.csv", self.world.bfi, self.flow
                        )

    def _utterances(self, model: str, name: str, role: str | None, judge: str) -> None:
        speak: Callable[[str], str] = self.flow if judge == FLOW else lambda seed: self.selene(seed, "12345")
        for metric in ("knowledge", "style", "in_character"):
            for ending in [""] if role else [f"-{reference}" for reference in self.world.roles]:
                rounds = [str(n) for n in range(1, self.world.rounds + 1)]
                self._verdicts(f"{metric}/{judge}/{model}/{name}{ending}.csv", rounds, speak)

    def _rated(self, model: str, name: str, dataset: str, items: Sequence[str], values: Sequence[str]) -> None:
        self._verdicts(f"{dataset}/{SELENE}/{model}/{name}.csv", items, lambda seed: self.selene(seed, values))

    def _compared(self, model: str, prefix: str, role: str | None, t: int) -> None:
        for dataset in ("instruction_general", "instruction_role_specific"):
            stem = f"{dataset}/{SELENE}/{model}/{prefix}{dataset}_{_written(role)}_{t}.json"
            endings = [""] if role else [f"-{reference}" for reference in self.world.roles]
            if role and t != self.world.checkpoints[0]:
                endings += ["_zero_reference", "_previous_reference"]
            for ending in endings:
                items = self.questions(dataset, role or ending.removeprefix("-"))
                self._verdicts(f"{stem}{ending}.csv", items, lambda seed: self.selene(seed, "AB"))

    def _verdicts(self, name: str, items: Sequence[str], speak: Callable[[str], str]) -> None:
        write_csv(self.path(f"metrics/{name}"), name.split("/")[0], [speak(f"{name} {n}") for n in range(len(items))])

    # The rest

    def _patterns(self, model: str) -> None:
        for role in self.world.roles:
            for dataset in ("bfi", "xstest", "ifbench", "instruction_role_specific", "instruction_general"):
                for name in (f"{dataset}_{_written(role)}", f"{dataset}_{_written(role)}_last_round"):
                    self._pattern_file(model, name, role)
                self._pattern_file(model, f"inst-{dataset}_{_written(role)}_last_round", role)

    def _pattern_file(self, model: str, name: str, role: str) -> None:
        rows = [(str([role.split()[0]]), 1, 0, 5), (str(["nobody"]), 0, 4, 0), (str(["’s", "on"]), 1, 1, 4)]
        with self.path(f"results/premise/premise_{model}_{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("pattern", "group", "count_0", "count_1"), *rows])

    def _summaries(self) -> None:
        checkpoints = self.world.checkpoints
        ifbench = {
            directory: {
                f"{prefix}ifbench_{_written(role)}_{t}": len(_written(role)) % 4 / 4 + t / 1000
                for prefix in CONVERSATIONS.values()
                for role in [*self.world.roles, None]
                for t in checkpoints
            }
            for directory, _ in self.world.models.values()
        }
        self.path("results/ifbench_results.json").write_text(json.dumps(ifbench), encoding="utf-8")
        lengths = [
            (directory, role or "empty", pos, 100 * pos, 110 * pos)
            for directory, _ in self.world.models.values()
            for role in [*self.world.roles, None]
            for pos in range(self.world.rounds + 1)
        ]
        with self.path("results/round_lengths.csv").open("w", encoding="utf-8", newline="") as file:
            header = ("model", "role", "pos", "n_tokens_persona_directed", "n_tokens_goal_oriented")
            csv.writer(file).writerows([header, *lengths])
        with self.path("results/bfi_ratings.csv").open("w", encoding="utf-8", newline="") as file:
            rows = [
                (directory, f"{prefix}bfi_{_written(role)}_{t}.json.csv", n, 1 + (n + t) % 5)
                for directory, _ in self.world.models.values()
                for prefix in CONVERSATIONS.values()
                for role in [*self.world.roles, None]
                for t in checkpoints
                for n in range(len(self.world.bfi))
            ]
            csv.writer(file).writerows([("model", "role", "idx", "rating"), *rows])
        self.path("results/all_ratings.pkl").write_bytes(PICKLE)

    def _other_files(self) -> None:
        self.path("README.md").write_text("# A release\n", encoding="utf-8")
        self.path("notebooks/gen_graphics.ipynb").write_text("{}", encoding="utf-8")
        self.path(".git/HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")


def write_csv(path: Path, column: str, texts: Sequence[str]) -> None:
    """Write a judge's file: one column, one quoted cell of several lines for each text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[column], *([text] for text in texts)])


def _written(role: str | None) -> str:
    return "empty" if role is None else role.replace(" ", "_")


def _pick(seed: str, values: Sequence[str]) -> str:
    return values[hashlib.blake2b(seed.encode(), digest_size=2).digest()[0] % len(values)]
