"""Strength without a judge at the study's size: `python -m tests.benchmarks.study_strength [--models N]`.

Answers of about a hundred words, of 7 models, 8 personas and the baseline, at 9 checkpoints to 300 items, are drawn
from a vocabulary with the frequencies of natural text; what is measured of each model is timed, and the highest
memory told.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd

from personas.scoring.strength.identification import identify
from personas.scoring.strength.style import styles
from personas.tables.strength.draws import rows_of
from personas.tables.strength.identification import identification
from personas.tables.strength.style import style_distance

PERSONAS = tuple(f"persona-{n}" for n in range(8))
CHECKPOINTS = (0, 12, 25, 38, 51, 64, 76, 89, 102)
ITEMS, WORDS, VOCABULARY, OWN = 300, 100, 20_000, 50


def answers(seed: int) -> pd.DataFrame:
    """Return the answers of one model."""
    drawing = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    vocabulary = np.array(["".join(drawing.choice(letters, n)) for n in drawing.integers(2, 11, VOCABULARY)])
    chance = 1 / np.arange(1.0, VOCABULARY + 1)
    parts = []
    for place, persona in enumerate((None, *PERSONAS)):
        for checkpoint in CHECKPOINTS:
            said = drawing.choice(vocabulary, (ITEMS, WORDS), p=chance / chance.sum())
            if persona:
                own = vocabulary[place * OWN : (place + 1) * OWN]
                said[:, :: max(10, checkpoint)] = drawing.choice(own, said[:, :: max(10, checkpoint)].shape)
            told = {"group": "persona" if persona else "baseline", "persona": persona, "checkpoint": checkpoint}
            parts.append(pd.DataFrame({"text": [" ".join(words) + "." for words in said], **told}))
    items = np.tile([str(n) for n in range(ITEMS)], len(parts))
    table = pd.concat(parts, ignore_index=True).astype({"persona": "str"})
    return table.assign(item_id=items, condition="talk", order="fixed", replicate=1, benchmark="items")


def main() -> None:
    """Print the seconds of each part for each model, and the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=7)
    drawing = {"resamples": 1000, "seed": 42}
    for model in range(parser.parse_args().models):
        drawn = answers(model)
        begun = time.process_time()
        scores, _ = identify(drawn, PERSONAS, CHECKPOINTS[0], "model")
        told = time.process_time()
        rows_of(identification(scores, len(PERSONAS), 0, **drawing), "model")
        counted = time.process_time()
        rows_of(style_distance(styles(drawn, "model"), CHECKPOINTS[0], **drawing), "model")
        done = time.process_time()
        print(
            f"model {model + 1}: {len(drawn):,} answers; processor seconds: classifier {told - begun:.0f}, intervals "
            f"{counted - told:.0f}, style {done - counted:.0f}; at most "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
