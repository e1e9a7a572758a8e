"""What was found about one model, in two sentences that follow from the numbers of its card."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from personas.tables.by_model import PERSONALIZATION
from personas.tables.cards import DROPS, GAINS, NO_CHANGE, SIGNIFICANT, TOO_FEW

Row = Mapping[Any, Any]


def summary(cards: Sequence[Row], bars: Sequence[Row], titles: Mapping[str, str]) -> str:
    """Return two sentences: what the dialogue changed, and what having a persona changed at its start.

    `cards` are a model's rows of `personas.tables.cards`, `bars` those of `personas.tables.by_model`; only claims are
    told, a measure under its name in `titles`. A claim of several conditions is told for each.
    """
    claims = [row for row in cards if row["headline"]]
    over_time = _sentence(
        "Over the dialogue",
        {
            "{} got worse": _names(claims, DROPS, titles),
            "{} got better": _names(claims, GAINS, titles),
            "no change can be told in {}": _names(claims, NO_CHANGE, titles),
            "too little was measured to tell of {}": _names(claims, TOO_FEW, titles),
        },
    )
    costs = [row for row in bars if row["headline"] and row["contrast"] == PERSONALIZATION]
    at_first = _sentence(
        "Before the first round, the persona",
        {
            "raises {}": _differences(costs, titles, 1),
            "lowers {}": _differences(costs, titles, -1),
            "makes no difference that can be told in {}": _differences(costs, titles, 0),
            "was measured too little to tell of {}": [
                titles[row["measure"]] for row in costs if row["q"] != row["q"]
            ],
        },
    )
    return " ".join(sentence for sentence in (over_time, at_first) if sentence)


def _sentence(beginning: str, parts: Mapping[str, Sequence[str]]) -> str:
    phrases = [phrase.format(_enumeration(names)) for phrase, names in parts.items() if names]
    return f"{beginning} {'; '.join(phrases)}." if phrases else ""


def _names(claims: Iterable[Row], verdict: str, titles: Mapping[str, str]) -> list[str]:
    return [f"{titles[row['measure']]} ({row['condition']})" for row in claims if row["verdict"] == verdict]


def _differences(bars: Iterable[Row], titles: Mapping[str, str], sign: int) -> list[str]:
    """Return the measures with a claimed difference of this sign; 0: with a test that claims none."""
    return [titles[row["measure"]] for row in bars if row["q"] == row["q"] and _sign(row) == sign]


def _sign(row: Row) -> int:
    if row["q"] >= SIGNIFICANT:
        return 0
    return 1 if row["mean"] > 0 else -1


def _enumeration(names: Sequence[str]) -> str:
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last
