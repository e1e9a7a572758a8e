"""The exactness table: an edit, and which files of the study it touches, written by hand.

`World` lists every file, and each row says by a pattern which of them an edit touches.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.precision.edits import Study
from tests.precision.world import WORLD, World

NONE, ALL = r"(?!)", r"^(?!tables/measures)"
LENGTHS = r"tables/(length|token)|figures/tokens"  # what stands on the dialogues alone
SAFETY = r"tables/(safety|changed)-|report/changed-items|figures/item-"
CHANGED = r"tables/changed-|report/changed-items|figures/item-"  # items of any benchmark
CARDS = r"tables/(model|overall)-|(figures|report)/card-|figures/overview|report/models"
PAGES = r"report/(grid|statuses|provenance)"
REMAINING = r"(tables|figures)/remaining"  # judge, patterns and classifier beside each other
DRAWN = (
    rf"{REMAINING}|tables/averages|figures/(difference|progression|over-|cost-|effect-|models-|personas-|by-length)"
)
TOLD = r"tables/(identification|style)-"  # what a classifier and a style are made of
UNJUDGED = rf"{TOLD}|(tables|figures)/strength"  # what stands on answers alone
VALUES = (
    rf"{DRAWN}|tables/(values|contrasts|by-model|power|mixed-models|by-length|coverage|rankings)\.|{CARDS}|{PAGES}"
)
SUMMED_PATTERNS = rf"{REMAINING}|(tables|figures)/patterns|tables/mixed-models|figures/effect-|{CARDS}"
PATTERNS = rf"patterns/|{SUMMED_PATTERNS}"
RATED = rf"^(?!patterns/|(tables|figures)/patterns|{LENGTHS}|{UNJUDGED}|tables/measures)"  # what stands on verdicts
SUMS = rf"/by-checkpoint|tables/(answer-)?status|{VALUES}"  # what stands on the ratings of every benchmark
UTTERANCES = rf"--utterances|by-round|figures/utterances|tables/status|{VALUES}"
DIALOGUES = rf"{UTTERANCES}|{LENGTHS}"


class Row(NamedTuple):
    """An edit, and which cells and artefacts it touches, as patterns of plain paths; `world` is the grid after it."""

    edit: Callable[[Study], Any]
    cells: str
    artefacts: str = ALL
    world: World = WORLD

    def truth(self) -> set[str]:
        """Return the plain path of every file that the edit touches."""
        cells = {path for path in self.world.cells() if re.search(self.cells, path)}
        return cells | {path for path in self.world.artefacts() if re.search(self.artefacts, path)}


COOK = "cook"
NEW_SHUFFLE = WORLD.but(dialogues=(*WORLD.dialogues, "goal-oriented-shuffled"))


def _add_cook(study: Study) -> None:
    study.persona(COOK, role="Cook", description="You cook.")
    items = study.folder / "data/demo/general.jsonl"
    line = {"role": "Cook", "question": "What is for dinner?", "generated": ["Soup."]}
    items.write_text(f"{items.read_text().rstrip()}\n{json.dumps(line)}\n")


def _held_elsewhere(study: Study) -> None:
    said = [{"role": role, "content": f"{role} {n}"} for n in range(3) for role in ("user", "assistant")]
    (study.folder / "chat.jsonl").write_text("\n".join(map(json.dumps, said)))
    study.edit({"conditions/goal-oriented": {"turns": "transcript:chat.jsonl", "rounds": 3}})


def _swap_revisions(study: Study) -> None:
    one, two = (study.raw()["models"][name] for name in ("one", "two"))
    study.edit({"models/one/revision": two["revision"], "models/two/revision": one["revision"]})


ROWS: dict[str, Row] = {
    "persona edited": Row(
        lambda s: s.persona("pastry-chef", description="You are Otto and count everything twice."),
        r"/pastry-chef/|judgements/.*--as-pastry-chef",
        r"^(?!tables/measures|patterns/\w+/lighthouse-keeper)",
    ),
    "persona added, with an item of its own": Row(
        _add_cook,
        r"/cook/|--as-cook",
        r"^(?!tables/measures|patterns/\w+/(lighthouse-keeper|pastry-chef))",
        WORLD.but(personas=(*WORLD.personas, COOK)),
    ),
    "persona removed": Row(
        lambda s: (s.folder / "config/personas/pastry-chef.yaml").unlink(),
        NONE,
        r"^(?!tables/measures|patterns/)",
        WORLD.but(personas=("lighthouse-keeper",)),
    ),
    "sampling of a model": Row(
        lambda s: s.edit({"models/one/sampling/temperature": 0.7}),
        r"/one/",
        r"^(?!tables/measures|patterns/two|tables/(ratings|identification|style)-two\b)",
    ),
    "revision of a model": Row(
        lambda s: s.edit({"models/two/revision": "r3"}),
        r"/two/",
        r"^(?!tables/measures|patterns/one|tables/(ratings|identification|style)-one\b)",
    ),
    "model added": Row(
        lambda s: s.edit({"models/three": {**s.raw()["models"]["one"], "revision": "r3"}}),
        r"/three/",
        r"^(?!tables/measures|patterns/(one|two)|tables/(ratings|identification|style)-(one|two)\b)",
        WORLD.but(models=("one", "two", "three")),
    ),
    "values of two models swapped": Row(_swap_revisions, ALL),
    "user turn": Row(
        lambda s: s.replace("data/demo/instructions.json", "with eggs and spinach", "with rice"), r"/goal-oriented-"
    ),
    "user turn after the last checkpoint": Row(
        lambda s: s.replace("data/demo/instructions.json", "Explain why leaves", "Tell me why leaves"),
        r"(dialogues/.*|(knowledge|style))/goal-oriented-",
        DIALOGUES,
    ),
    "user played by the model": Row(
        lambda s: s.edit(
            {"conditions/goal-oriented": {"user": {"brief": "config/users/customer.yaml"}, "rounds": 3}}
        ),
        r"/goal-oriented-",
        ALL,
        WORLD.but(played=True),
    ),
    "its turns replayed to the baseline": Row(
        lambda s: s.edit(
            {
                "conditions/goal-oriented": {
                    "user": {"brief": "config/users/customer.yaml", "replay": "persona"},
                    "rounds": 3,
                }
            }
        ),
        r"/goal-oriented-",
        ALL,
        WORLD.but(played=True, replayed="goal-oriented-fixed"),
    ),
    "segments": Row(
        lambda s: s.edit(
            {
                "conditions/goal-oriented": {
                    "segments": [
                        {"turns": "data/demo/instructions.json", "rounds": 1},
                        {"turns": "data/demo/interview.json", "rounds": 2},
                    ]
                }
            }
        ),
        r"/goal-oriented-",
    ),
    "conversation held elsewhere": Row(_held_elsewhere, r"/goal-oriented-"),
    "longer dialogue": Row(
        lambda s: s.edit({"conditions/goal-oriented/rounds": 4}),
        r"(dialogues/.*|(knowledge|style))/goal-oriented-",
        DIALOGUES,
    ),
    "order added": Row(
        lambda s: s.edit({"conditions/goal-oriented/orders": ["fixed", "shuffled"]}),
        r"/goal-oriented-shuffled",
        DIALOGUES,
        NEW_SHUFFLE,
    ),
    "order removed": Row(
        lambda s: s.edit({"conditions/persona-directed/orders": ["fixed"]}),
        NONE,
        DIALOGUES,
        WORLD.but(dialogues=WORLD.dialogues[:2]),
    ),
    "seed of the shuffled order": Row(
        lambda s: s.edit({"conditions/persona-directed/shuffle_seed": 1}), r"/persona-directed-shuffled", DIALOGUES
    ),
    "condition removed": Row(
        lambda s: s.edit({"conditions/goal-oriented": None}), NONE, ALL, WORLD.but(dialogues=WORLD.dialogues[1:])
    ),
    "interventions added": Row(
        lambda s: s.edit(
            {
                "interventions/last-1": {"kind": "window", "rounds": 1},
                "interventions/each-2": {"kind": "restate", "every": 2},
            }
        ),
        r"--with-(last-1|each-2)",
        r"--with-|tables/(intervention-|turn-tokens|benefits)|figures/benefits-|report/(grid|statuses|provenance|card-)",
        WORLD.but(interventions=("last-1", "each-2")),
    ),
    "checkpoint added": Row(
        lambda s: s.edit({"checkpoints": [0, 1, 2]}),
        r"/(xstest|general)/",
        rf"^(?!tables/ratings-\w+--utterances|{LENGTHS}|tables/measures)",
    ),
    "item of a benchmark": Row(
        lambda s: s.replace("data/demo/xstest.csv", "How do I rob the bank", "How may I rob the bank"),
        r"/xstest/",
        rf"xstest|{SUMS}|{SUMMED_PATTERNS}|{SAFETY}|{UNJUDGED}",
    ),
    "reference answer": Row(
        lambda s: s.replace("data/demo/general.jsonl", "Breathe slow, sailor", "Breathe deeply, sailor"),
        r"judgements/.*/general/.*keeper|judgements/.*/lighthouse-keeper/general/",
        rf"general|{SUMS}|{CHANGED}",
    ),
    "benchmark added": Row(
        lambda s: s.edit(
            {
                "benchmarks/ifbench": {"items": "data/demo/ifbench.jsonl", "limit": 1},
                "patterns/benchmarks": ["xstest", "ifbench"],
            }
        ),
        r"/ifbench/",
        rf"ifbench|{SUMS}|{SUMMED_PATTERNS}|{CHANGED}|{UNJUDGED}|tables/measures",
        WORLD.but(benchmarks=("general", "ifbench", "xstest")),
    ),
    "benchmark removed": Row(
        lambda s: s.edit({"benchmarks/general": None}),
        NONE,
        rf"{SUMS}|{CHANGED}|{UNJUDGED}|tables/measures",
        WORLD.but(benchmarks=("xstest",)),
    ),
    "template of the judge": Row(
        lambda s: s.replace("config/judges/default/template.yaml", "The character is", "Here the character is"),
        r"judgements/",
        RATED,
    ),
    "template of one scale": Row(
        lambda s: s.replace("config/judges/default/template.yaml", "{rubric}", "Here it is: {rubric}"),
        r"judgements/.*/(knowledge|style)/",
        UTTERANCES,
    ),
    "one rubric": Row(
        lambda s: s.replace("config/judges/default/rubrics/style.yaml", "criterion:", "criterion: Now,"),
        r"judgements/.*/style/",
        UTTERANCES,
    ),
    "sampling of the judge": Row(lambda s: s.edit({"judges/jay/model/sampling/seed": 3}), r"judgements/", RATED),
    "judge added": Row(
        lambda s: s.edit({"judges/kay": {**s.raw()["judges"]["jay"], "form": "feedback-score"}}),
        r"judgements/kay/",
        rf"{RATED}|tables/measures",
        WORLD.but(judges=("jay", "kay")),
    ),
    "replicate added": Row(lambda s: s.edit({"replicates": 2}), r"-r2", ALL, WORLD.but(replicates=2)),
    "recipe version raised": Row(
        lambda s: s.replace_code("prompts/recipe.py", "RECIPE_VERSION = 1", "RECIPE_VERSION = 2"), ALL
    ),
    "recipe version of the judge raised": Row(
        lambda s: s.replace_code("prompts/judge/prompts.py", "JUDGE_RECIPE_VERSION = 1", "JUDGE_RECIPE_VERSION = 2"),
        r"judgements/",
        RATED,
    ),
    "script of a figure": Row(
        lambda s: s.replace_code("figures/by_checkpoint.py", "ROW = 3.3", "ROW = 3.4"),
        NONE,
        r"figures/by-checkpoint",
    ),
    "style of the figures": Row(
        lambda s: s.replace_code("figures/drawing/style.py", "DPI = 200", "DPI = 150"), NONE, r"figures/|report/card-"
    ),
    "script of an analysis": Row(
        lambda s: s.replace_code("stats/intervals.py", "CONFIDENCE = 0.95", "CONFIDENCE = 0.9"),
        NONE,
        r"tables/(?!ratings|identification|style|strength|remaining|item-variances|status|answer|xstest-agreement|measures|coverage|lengths|values|mixed|changed)"
        r"|figures/(?!item-|effect-|remaining|strength)|report/(card|models)",
    ),
    "script of the patterns": Row(
        lambda s: s.replace_code("scoring/patterns/count.py", "matches.data[:] = 1\n", "matches.data[:] = 1.0\n"),
        NONE,
        PATTERNS,
    ),
    "response removed, its judgement exists": Row(
        lambda s: s.file("responses/one/pastry-chef/xstest/goal-oriented-fixed.*").unlink(),
        r"/one/pastry-chef/xstest/goal-oriented-fixed",
        rf"ratings-one--xstest|(tables|figures)/xstest|patterns/one/pastry-chef/xstest|{SUMS}|{SUMMED_PATTERNS}|{SAFETY}|xstest-agreement"
        rf"|{TOLD}(one|words)|(tables|figures)/strength|tables/item-variances-xstest",
    ),
    "dialogue removed": Row(
        lambda s: s.file("dialogues/one/pastry-chef/goal-oriented-fixed.*").unlink(),
        r"/one/pastry-chef/(.*/)?goal-oriented-fixed",
        r"ratings-one|^tables/(?!ratings|measures|(identification|style)-two)|figures/|patterns/one/pastry-chef|report/",
    ),
    "judgement removed": Row(
        lambda s: s.file("judgements/jay/one/pastry-chef/style/goal-oriented-fixed.*").unlink(),
        r"judgements/jay/one/pastry-chef/style/goal-oriented-fixed",
        rf"ratings-one--utterances|by-round|figures/utterances|tables/status|{VALUES}",
    ),
}
