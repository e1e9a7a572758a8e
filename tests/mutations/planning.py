"""Faults in what a result is called, and in what is planned."""

from tests.mutations import Mutation

IDENTITY = [
    Mutation(
        "identity",
        "the same study, its keys written in another order, is asked all over again",
        "scripts/personas/core/canonical.py",
        "sort_keys=True, ",
        "",
    ),
    Mutation(
        "identity",
        "replicates are copies of each other: all have the seed of the first",
        "scripts/personas/grid/grid.py",
        ".sampling.seed + track.replicate - 1",
        ".sampling.seed",
    ),
    Mutation(
        "identity",
        "editing a user turn after the last checkpoint has every answer to an item asked anew",
        "scripts/personas/grid/grid.py",
        "sha256(turns[: checkpoints[-1]])",
        "sha256(turns)",
    ),
    Mutation(
        "identity",
        "answers cut at the old `max_tokens` of a benchmark count as current after it was raised",
        "scripts/personas/grid/grid.py",
        '                "max_tokens": section.max_tokens,\n',
        "",
    ),
    Mutation(
        "identity",
        "verdicts on earlier answers count as current",
        "scripts/personas/grid/judgements.py",
        '            "judged": judged.digest,\n            "texts": self._rubric(rubric),\n',
        '            "texts": self._rubric(rubric),\n',
    ),
    Mutation(
        "identity",
        "another seed of the order of two answers leaves the old verdicts in place",
        "scripts/personas/grid/judgements.py",
        ', **({"pair_seed": judge.pair_seed} if judge.pairs == "seeded" else {})',
        "",
    ),
    Mutation(
        "identity",
        "two models whose files begin alike share their results",
        "scripts/personas/external/weights_files.py",
        "for offset in range(0, size, step):",
        "for offset in range(0, _BLOCK, step):",
    ),
    Mutation(
        "identity",
        "a machine with other threads has everything asked anew",
        "scripts/personas/engines/kinds/llama_cpp.py",
        'ModelSection.not_identity | {"weights", "threads"}',
        'ModelSection.not_identity | {"weights"}',
    ),
    Mutation(
        "identity",
        "a table made of earlier ratings counts as current",
        "scripts/personas/plan/artefact.py",
        '"outputs": list(plain_outputs), "inputs": list(inputs), "spec": spec',
        '"outputs": list(plain_outputs), "spec": spec',
    ),
]

PLAN = [
    Mutation(
        "plan",
        "verdicts on answers that are gone count as current",
        "scripts/personas/plan/plan.py",
        "            return self.is_current(cell.judged)\n",
        "            return True\n",
    ),
    Mutation(
        "plan",
        "answers stay although the dialogue before them is gone and will be held again",
        "scripts/personas/plan/plan.py",
        "return self._source_dialogue(cell.path) in self._on_disk",
        "return True",
    ),
    Mutation(
        "plan",
        "batches hold one cell fewer than the config allows",
        "scripts/personas/plan/batches.py",
        "cells + len(family.cells) > limits.max_cells",
        "cells + len(family.cells) >= limits.max_cells",
    ),
    Mutation(
        "plan",
        "a judge starts before the answers that it rates are there",
        "scripts/personas/plan/batches.py",
        "if cell.judge or source not in paths:",
        "if source not in paths:",
    ),
    Mutation(
        "plan",
        "an answer in the journal that two cells share is promised to both, and the plan says too little",
        "scripts/personas/plan/costs/journal_walk.py",
        "            self._known_keys |= new_keys\n",
        "",
    ),
    Mutation(
        "plan",
        "the price of answers is reckoned as that of prompts",
        "scripts/personas/plan/costs/estimate.py",
        "estimate.completion_tokens * price.completion_per_million",
        "estimate.completion_tokens * price.prompt_per_million",
    ),
    Mutation(
        "plan",
        "tables that stand on tables made again keep their old content",
        "scripts/personas/plan/frozen.py",
        "                paths.update(artefact.outputs)\n",
        "                paths.update(artefact.plain_outputs)\n",
    ),
]
