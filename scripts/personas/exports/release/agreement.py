"""Our patterns, mined from the imported responses, against the released pattern files."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from personas.scoring.patterns.mining import SPEAKERS

PLACE = ("model", "persona", "benchmark", "condition", "mined_at")
COLUMNS = (*PLACE, "mining", "pattern_group", "n_ours", "n_released", "n_common", "jaccard")
Key = tuple[Any, ...]
Tokens = frozenset[frozenset[str]]


def pattern_agreement(
    ours: pd.DataFrame, counts: pd.DataFrame, released: pd.DataFrame, mined_there: Collection[Key]
) -> pd.DataFrame:
    """Return, for each place and group that was mined by both, how many patterns are in both.

    `ours` has rows as `scoring.patterns.mining.PATTERN_SCHEMA`; `counts`, as its COUNT_SCHEMA, tells what was mined
    and how that ended (`mining`), also where nothing was found; `released` is the table of released patterns, and
    `mined_there` the places (`PLACE`) of its files, also of those without a pattern. Patterns are equal if they have
    the same tokens. `jaccard` is common patterns over all (0..1).
    """
    one, other = _by_place(ours), _by_place(released)
    mined = counts[[*PLACE, "mining"]].drop_duplicates().itertuples(index=False)
    keys = [(*place, group) for place in sorted(mined) if tuple(place[:-1]) in mined_there for group in SPEAKERS]
    return pd.DataFrame([_comparison_row(key, one, other) for key in keys], columns=list(COLUMNS))


def _comparison_row(key: Key, one: Mapping[Key, Tokens], other: Mapping[Key, Tokens]) -> Mapping[str, Any]:
    *place, mining, group = key
    ours, released = (tokens.get((*place, group), frozenset()) for tokens in (one, other))
    either = len(ours | released)
    return {
        **dict(zip(PLACE, place, strict=True)),
        "mining": mining,
        "pattern_group": group,
        "n_ours": len(ours),
        "n_released": len(released),
        "n_common": len(ours & released),
        "jaccard": len(ours & released) / either if either else None,
    }


def _by_place(patterns: pd.DataFrame) -> dict[Key, Tokens]:
    groups: dict[Key, set[frozenset[str]]] = {}
    for row in patterns.to_dict("records"):
        key = tuple(row[name] for name in [*PLACE, "pattern_group"])
        groups.setdefault(key, set()).add(_tokens(row["pattern"]))
    return {key: frozenset(sets) for key, sets in groups.items()}


def _tokens(pattern: Any) -> frozenset[str]:
    """Return the tokens of a pattern: a list of them, or of clauses (one of several tokens counts as one)."""
    return frozenset(part if isinstance(part, str) else " | ".join(sorted(part)) for part in pattern)
