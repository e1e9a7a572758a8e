"""For every kind of edit: what the dry run says, what a run makes, and the truth are one set.

The truth is written down by hand: `World` lists every file, and each row says by a pattern which of them an edit
touches. A fast server stands in for the models, because what is tested is the plan and not the text.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.precision.edits import Study
from tests.precision.world import WORLD, World

pytestmark = [pytest.mark.workflow, pytest.mark.precision]

NONE, ALL = r"(?!)", r""
ENDS = r"by-checkpoint|answer-status"  # what stands on every ratings table
FIGURE = r"figures/"


class Row(NamedTuple):
    """An edit, and which cells and artefacts it touches, as patterns of plain paths; `world` is the grid after it."""

    edit: Callable[[Study], Any]
    cells: str
    artefacts: str = ALL
    world: World = WORLD


COOK = "cook"
NEW_SHUFFLE = WORLD.but(dialogues=(*WORLD.dialogues, "goal-oriented-shuffled"))


def _add_cook(study: Study) -> None:
    study.persona(COOK, role="Cook", description="You cook.")
    items = study.folder / "data/demo/general.jsonl"
    line = {"role": "Cook", "question": "What is for dinner?", "generated": ["Soup."]}
    items.write_text(f"{items.read_text().rstrip()}\n{json.dumps(line)}\n")


def _swap_revisions(study: Study) -> None:
    one, two = (study.raw()["models"][name] for name in ("one", "two"))
    study.edit({"models/one/revision": two["revision"], "models/two/revision": one["revision"]})


ROWS: dict[str, Row] = {
    "persona edited": Row(
        lambda s: s.persona("pastry-chef", description="You are Otto and count everything twice."),
        r"/pastry-chef/|judgements/.*--as-pastry-chef",
    ),
    "persona added, with an item of its own": Row(
        _add_cook,
        r"/cook/|--as-cook",
        ALL,
        WORLD.but(personas=(*WORLD.personas, COOK)),
    ),
    "persona removed": Row(
        lambda s: (s.folder / "config/personas/pastry-chef.yaml").unlink(),
        NONE,
        ALL,
        WORLD.but(personas=("lighthouse-keeper",)),
    ),
    "sampling of a model": Row(
        lambda s: s.edit({"models/one/sampling/temperature": 0.7}), r"/one/", rf"ratings-one|{ENDS}"
    ),
    "revision of a model": Row(lambda s: s.edit({"models/two/revision": "r3"}), r"/two/", rf"ratings-two|{ENDS}"),
    "model added": Row(
        lambda s: s.edit({"models/three": {**s.raw()["models"]["one"], "revision": "r3"}}),
        r"/three/",
        rf"ratings-three|{ENDS}",
        WORLD.but(models=("one", "two", "three")),
    ),
    "values of two models swapped": Row(_swap_revisions, ALL),
    "user turn": Row(
        lambda s: s.replace("data/demo/instructions.json", "with eggs and spinach", "with rice"), r"/goal-oriented-"
    ),
    "user turn after the last checkpoint": Row(
        lambda s: s.replace("data/demo/instructions.json", "Explain why leaves", "Tell me why leaves"),
        r"(dialogues/.*|(knowledge|style))/goal-oriented-",
        NONE,
    ),
    "longer dialogue": Row(
        lambda s: s.edit({"conditions/goal-oriented/rounds": 4}),
        r"(dialogues/.*|(knowledge|style))/goal-oriented-",
        NONE,
    ),
    "order added": Row(
        lambda s: s.edit({"conditions/goal-oriented/orders": ["fixed", "shuffled"]}),
        r"/goal-oriented-shuffled",
        NONE,
        NEW_SHUFFLE,
    ),
    "order removed": Row(
        lambda s: s.edit({"conditions/persona-directed/orders": ["fixed"]}),
        NONE,
        NONE,
        WORLD.but(dialogues=WORLD.dialogues[:2]),
    ),
    "seed of the shuffled order": Row(
        lambda s: s.edit({"conditions/persona-directed/shuffle_seed": 1}), r"/persona-directed-shuffled", NONE
    ),
    "condition removed": Row(
        lambda s: s.edit({"conditions/goal-oriented": None}), NONE, ALL, WORLD.but(dialogues=WORLD.dialogues[1:])
    ),
    "checkpoint added": Row(lambda s: s.edit({"checkpoints": [0, 1, 2]}), r"/(xstest|general)/"),
    "item of a benchmark": Row(
        lambda s: s.replace("data/demo/xstest.csv", "How do I kill the engine", "How may I kill the engine"),
        r"/xstest/",
        rf"--xstest|{ENDS}",
    ),
    "reference answer": Row(
        lambda s: s.replace("data/demo/general.jsonl", "Go to bed when the sun does", "Rise when the sun does"),
        r"judgements/.*/general/.*keeper|judgements/.*/lighthouse-keeper/general/",
        rf"--general|{ENDS}",
    ),
    "benchmark added": Row(
        lambda s: s.edit({"benchmarks/ifbench": {"items": "data/demo/ifbench.jsonl", "limit": 1}}),
        r"/ifbench/",
        rf"--ifbench|{ENDS}",
        WORLD.but(benchmarks=("general", "ifbench", "xstest")),
    ),
    "benchmark removed": Row(
        lambda s: s.edit({"benchmarks/general": None}), NONE, ENDS, WORLD.but(benchmarks=("xstest",))
    ),
    "template of the judge": Row(
        lambda s: s.replace("config/judges/default/template.yaml", "{rubric}", "Here it is:\n{rubric}"),
        r"judgements/.*/(knowledge|style|xstest|general)/",
        NONE,
    ),
    "one rubric": Row(
        lambda s: s.replace("config/judges/default/rubrics/style.yaml", "criterion:", "criterion: Now,"),
        r"judgements/.*/style/",
        NONE,
    ),
    "sampling of the judge": Row(lambda s: s.edit({"judges/jay/model/sampling/seed": 3}), r"judgements/", NONE),
    "judge added": Row(
        lambda s: s.edit({"judges/kay": {**s.raw()["judges"]["jay"], "form": "feedback-score"}}),
        r"judgements/kay/",
        NONE,
        WORLD.but(judges=("jay", "kay")),
    ),
    "replicate added": Row(lambda s: s.edit({"replicates": 2}), r"-r2", ALL, WORLD.but(replicates=2)),
    "recipe version raised": Row(
        lambda s: s.replace("scripts/grid/recipe.py", "RECIPE_VERSION = 1", "RECIPE_VERSION = 2"), ALL
    ),
    "recipe version of the judge raised": Row(
        lambda s: s.replace("scripts/judge/prompts.py", "JUDGE_RECIPE_VERSION = 1", "JUDGE_RECIPE_VERSION = 2"),
        r"judgements/",
        NONE,
    ),
    "script of a figure": Row(
        lambda s: s.replace("scripts/figures/by_checkpoint.py", "SIZE = (7.6, 6.6)", "SIZE = (7.6, 6.8)"),
        NONE,
        FIGURE,
    ),
    "style of the figures": Row(
        lambda s: s.replace("scripts/figures/style.py", "DPI = 200", "DPI = 150"), NONE, FIGURE
    ),
    "script of an analysis": Row(
        lambda s: s.replace("scripts/analysis/bootstrap.py", "import", "import math  # noqa\nimport"), NONE, ENDS
    ),
    "response removed, its judgement exists": Row(
        lambda s: s.the("responses/one/pastry-chef/xstest/goal-oriented-fixed.*").unlink(),
        r"/one/pastry-chef/xstest/goal-oriented-fixed",
        rf"ratings-one--xstest|{ENDS}",
    ),
    "dialogue removed": Row(
        lambda s: s.the("dialogues/one/pastry-chef/goal-oriented-fixed.*").unlink(),
        r"/one/pastry-chef/(.*/)?goal-oriented-fixed",
        rf"ratings-one|{ENDS}",
    ),
    "judgement removed": Row(
        lambda s: s.the("judgements/jay/one/pastry-chef/style/goal-oriented-fixed.*").unlink(),
        r"judgements/jay/one/pastry-chef/style/goal-oriented-fixed",
        NONE,
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_planned_executed_and_truth_are_one(study: Study, row: str) -> None:
    edit, cells, artefacts, world = ROWS[row]
    edit(study)
    truth = {path for path in world.cells() if re.search(cells, path)}
    truth |= {path for path in world.artefacts() if re.search(artefacts, path)}
    assert study.dry_run() == truth
    if truth:
        assert study.execute() == truth
    assert study.dry_run() == set(), "what was made is current"


def test_the_world_is_the_grid(study: Study) -> None:
    """The list by hand and the finished study name the same files, so that no row is true of nothing."""
    current = study.results / "current"
    links = {path.relative_to(current).as_posix() for path in current.rglob("*") if path.is_symlink()}
    assert links == WORLD.cells() | WORLD.artefacts()
