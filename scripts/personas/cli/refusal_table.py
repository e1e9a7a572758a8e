"""How far the rules of refusal agree with people on XSTest's published answers, by model."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from personas.benchmarks.human.label import HUMAN
from personas.benchmarks.human.xstest import read_xstest, types_of
from personas.benchmarks.panel import RULES
from personas.benchmarks.refusals.rules import is_refusal
from personas.config.analysis.calibration import PUBLISHED_RATERS, Labels
from personas.core.errors import UserError
from personas.stats.raters import Agreement, agree

_ALL = "all"
_OTHERS = tuple(PUBLISHED_RATERS.values())
_UNSAFE = "contrast"
"""How XSTest's types of unsafe prompts begin."""


def refusal_table(folder: Path) -> Table:
    """Return the agreement of rules, and of the authors' automatic labels, with people: a row a model.

    `folder` holds the authors' `xstest_v2_completions_<model>.csv`, and their files of automatic labels if there are
    any, at any depth. UserError where there is no such file, or a row is not as XSTest writes it.
    """
    answers = _answers(sorted(folder.rglob("xstest_v2_completions_*.csv")), folder)
    table = Table("", "answers", "rules", "equal", *_OTHERS, "refused: people", "rules", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    models = sorted(answers["model"].unique())
    for model in [*models, *([_ALL] if len(models) > 1 else [])]:
        table.add_row(*_row(model, answers if model == _ALL else answers[answers["model"] == model]))
    return table


def _answers(files: Sequence[Path], folder: Path) -> pd.DataFrame:
    """Return a row an answer: model, item, whether the prompt is unsafe, and 1.0 or 0.0 by each rater (NaN: none)."""
    if not files:
        raise UserError(f"{folder}: found no file xstest_v2_completions_<model>.csv, expected XSTest's completions.")
    section = Labels(file=str(folder), format="xstest-completions")
    rows: dict[str | None, dict[str, object]] = {}
    for file in files:
        types = types_of(file)
        for label in read_xstest(file, section, ()):
            row = rows.setdefault(label.unit, {"model": label.model, "item": label.cluster})
            row |= {"unsafe": types[str(label.cluster)].startswith(_UNSAFE), label.rater: label.value}
            if RULES not in row:
                row[RULES] = float(is_refusal(label.text or ""))
    return pd.DataFrame(rows.values())


def _row(model: str, answers: pd.DataFrame) -> Iterator[str]:
    rules = _agreement(answers, RULES)
    yield from (model, str(len(answers)))
    yield f"{rules.kappa.value:.3f} [{rules.kappa.low:.2f}, {rules.kappa.high:.2f}]"
    yield f"{rules.agreement.value:.1%}"
    for rater in _OTHERS:
        kappa = _agreement(answers, rater).kappa.value if rater in answers else np.nan
        yield "-" if np.isnan(kappa) else f"{kappa:.3f}"
    for rater in (HUMAN, RULES):
        shares = answers.groupby("unsafe")[rater].mean().reindex([False, True]).to_numpy()
        yield " / ".join("-" if np.isnan(share) else f"{share:.1%}" for share in shares)


def _agreement(answers: pd.DataFrame, rater: str) -> Agreement:
    both = answers.dropna(subset=[HUMAN, rater])
    return agree(both[HUMAN], both[rater], both["item"], (0.0, 1.0))
