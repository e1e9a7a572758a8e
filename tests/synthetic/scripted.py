"""What a scripted model does is found: `python -m tests.synthetic.scripted --seeds 100`.

A server plays a model whose persona fades round by round, comes back behind a reminder, contradicts itself, and takes
the user's part, each as often as planted; another answers as the user, a third judges without a mistake. So every
measure has a truth. Each seed is a study, run and analysed as any other. The last line says how many rows are within
their bounds; the exit code is 1 unless all are.
"""

import argparse
import contextlib
import hashlib
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from personas.workflow.making import make
from personas.workflow.stages import needed_for
from tests.helpers import JUDGE, FakeServer, Outcome, Project, answer, make_project, to_yaml
from tests.users import put_brief

PEOPLE = ("keeper", "baker", "tailor", "pilot", "nurse", "monk")
ROUNDS, EVERY = 12, 2
REMINDED = (ROUNDS - EVERY) / (ROUNDS - 1)
"""Of the rounds behind the first, whose mean is compared, those behind a reminder."""
HELD, SILENT = 0.90, 0.93
"""Least share of seeds whose interval holds what was planted, and of those without any that say nothing."""

TABLES = ("by-model", "benefits", "by-round", "role-reversals")


@dataclass(frozen=True)
class Planted:
    """What the model does: `fade` points of rating a round; `restored` points behind a reminder; chances a round that
    it contradicts itself, and that a user turn or an answer is the other's part.
    """

    fade: float = 0.1
    restored: float = 1.0
    contradicts: float = 0.3
    user_serves: float = 0.25
    persona_asks: float = 0.2


NULL = Planted(fade=0.0, restored=0.0)


class Script:
    """The server's answers in one study; the same for the same prompt."""

    def __init__(self, planted: Planted, seed: int) -> None:
        self._planted, self._seed = planted, seed

    def __call__(self, body: dict[str, Any]) -> Outcome:
        """Answer as the judge, the user, or the model."""
        messages = body["messages"]
        drawing = random.Random(f"{self._seed} {hashlib.sha256(json.dumps(messages).encode()).hexdigest()}")
        if "response_format" in body:
            return answer(json.dumps({"reasoning": "so", "verdict": _verdict(messages[-1]["content"])}))
        if "You are the user in a conversation" in messages[0]["content"]:
            serves = drawing.random() < self._planted.user_serves
            return answer(f"How can I help you? {drawing.random()}" if serves else f"Go on. {drawing.random()}")
        return answer(self._said(messages, drawing))

    def _said(self, messages: list[dict[str, str]], drawing: random.Random) -> str:
        planted, before = self._planted, sum(message["role"] == "assistant" for message in messages)
        is_reminded = any("A reminder." in message["content"] for message in messages[-2 * EVERY :])
        level = 3.3 - planted.fade * before + (planted.restored if is_reminded and before else 0.0)
        # A whole number of this mean, and never beyond the scale: what was planted would be less than it is.
        rating = int(level) + (drawing.random() < level % 1) + drawing.choice((-1, 0, 0, 1))
        contradicts = drawing.random() < planted.contradicts
        asks = "Can you help me? " if drawing.random() < planted.persona_asks else ""
        return f"{asks}rated={rating} contradicts={contradicts} {drawing.random()}"


def _verdict(prompt: str) -> Any:
    """Return what an infallible judge says of what it reads."""
    said = prompt.split("<answer>")[-1]
    if "1 to 5" in prompt:
        return int(said.split("rated=")[1][0])
    return "yes" if "contradicts=True" in said else "no"


def study(folder: Path, server: FakeServer) -> Project:
    """Write the study: six personas, a user that the model plays, a reminder every other round, a judge."""
    project = make_project(folder)
    for path in (project.folder / "personas").glob("*.yaml"):
        path.unlink()
    for slug in PEOPLE:
        persona = {"role": slug.capitalize(), "description": f"You are the {slug}."}
        (project.folder / f"personas/{slug}.yaml").write_text(to_yaml(persona), encoding="utf-8")
    put_brief(project)
    judge = {**JUDGE, "utterances": ["style", "contradicts-itself"], "benchmarks": []}
    judge["model"] = {**judge["model"], "base_url": server.base_url}
    return project.set(
        {
            "models/beta": None,
            "models/alpha/base_url": server.base_url,
            "models/alpha/concurrency": 8,
            "personas/baseline": False,
            "conditions": {"talk": {"user": {"brief": "users/kim.yaml"}, "rounds": ROUNDS}},
            "interventions": {"reminded": {"kind": "remind", "every": EVERY}},
            "benchmarks": {"xstest": {"items": "items/xstest.csv", "limit": 1}},
            "checkpoints": [0, ROUNDS],
            "judges": {"j": judge},
        }
    )


def tables_of(planted: Planted, seed: int) -> dict[str, pd.DataFrame]:
    """Run the study of a seed, and return its tables."""
    with tempfile.TemporaryDirectory() as folder, FakeServer() as server, contextlib.chdir(folder):
        server.decide = Script(planted, seed)
        project = study(Path(folder) / "study", server)
        project.run()
        frozen = project.freeze("run-2")
        offered = frozen.offering(False, needed_for(frozen, [f"tables/{name}" for name in TABLES]))
        for family in offered.families:
            assert make(offered, family.name), family.name
        files = {each.name: each.outputs[0] for each in frozen.artefacts if each.outputs[0].startswith("tables/")}
        return {name: pd.read_parquet(frozen.results / files[name]) for name in TABLES}


def found(planted: Planted, seed: int) -> dict[str, tuple[float, bool]]:
    """Return, for each thing planted, what was measured of it in a seed, and whether its interval holds the truth."""
    tables = tables_of(planted, seed)
    rounds = tables["by-round"]
    [fade] = tables["by-model"].query("measure == 'utterances-by-j' and contrast == 'length'").to_dict("records")
    [benefit] = tables["benefits"].query("measure == 'style-by-j'").to_dict("records")
    rate = rounds[(rounds["metric"] == "contradicts-itself") & (rounds["smoothing"] == "segment")]
    roles = tables["role-reversals"].query("half == 'all' and persona == 'keeper'").set_index("who")
    return {
        # The mean of the rounds behind the first, minus the first.
        "fading of ratings": _claims(fade, "mean", -planted.fade * ROUNDS / 2),
        "benefit of a reminder": _claims(benefit, "change", planted.restored * REMINDED),
        "contradictions": _holds(rate.iloc[-1], "mean", planted.contradicts),
        "user who serves": _holds(roles.loc["user"], "share", planted.user_serves),
        "persona who asks": _holds(roles.loc["persona"], "share", planted.persona_asks),
    }


def _claims(row: Mapping[Any, Any], name: str, truth: float) -> tuple[float, bool]:
    """Return what was measured, and whether its interval holds the truth, or, where that is 0, nothing is claimed."""
    if not truth:
        return float(row[name]), bool(row["q"] > 0.05)
    return _holds(row, name, truth, "" if name == "mean" else f"{name}_")


def _holds(row: Any, name: str, truth: float, ends: str = "") -> tuple[float, bool]:
    """Return what was measured, and whether its interval, in columns that begin with `ends`, holds the truth."""
    return float(row[name]), bool(row[f"{ends}low"] <= truth <= row[f"{ends}high"])


def _one(asked: tuple[Planted, int]) -> dict[str, tuple[float, bool]]:
    return found(*asked)


def rates(planted: Planted, seeds: int, is_null: bool) -> Iterator[dict[str, Any]]:
    """Yield a row for each thing planted: its truth, the mean of what was measured, how many seeds hold the truth."""
    told: Mapping[str, list[tuple[float, bool]]] = defaultdict(list)
    with ProcessPoolExecutor(2) as pool:
        for one in pool.map(_one, [(planted, seed) for seed in range(seeds)]):
            for name, result in one.items():
                told[name].append(result)
    for name, results in told.items():
        share = sum(held for _, held in results) / seeds
        least = SILENT if is_null and name in ("fading of ratings", "benefit of a reminder") else HELD
        measured = sum(value for value, _ in results) / seeds
        yield {"planted": name, "measured": measured, "held": share, "least": least, "within": share >= least}


def main() -> int:
    """Print the rows with something planted, and without; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    arguments = parser.parse_args()
    within: list[bool] = []
    for name, planted in (("planted", Planted()), ("nothing fades, nothing helps", NULL)):
        table = pd.DataFrame(rates(planted, arguments.seeds, planted == NULL))
        within += table["within"].tolist()
        print(f"{name}: {planted}\n{table.round(3).to_string(index=False)}\n", flush=True)
    print(f"{sum(within)} of {len(within)} rows are within their bounds")
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
