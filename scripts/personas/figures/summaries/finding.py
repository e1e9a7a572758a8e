"""What was found, in a sentence that is true of finished tables: which claims hold, and the clearest of them."""

import pandas as pd

from personas.figures.drawing.measures import Measure

_LEVEL = 0.05


def finding(bars: pd.DataFrame, measures: pd.DataFrame) -> str | None:
    """Return a sentence about the tables `by-model` and `measures`; None where there is no claim in them."""
    titles = measures[["measure", "title", "scale", "unit", "benchmark", "judge"]]
    changes = _changes(bars).merge(titles, on="measure")
    return sentence(changes) if len(changes) else None


def _changes(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the claims about the dialogue: of all models together, or of the one there is."""
    claims = bars[bars["headline"] & (bars["contrast"] == "length") & bars["mean"].notna()]
    together = claims[claims["model"].isna()]
    return together if len(together) else claims


def sentence(changes: pd.DataFrame) -> str:
    """Say how many claims hold, and the clearest; `changes` are rows of `tables/by-model` with their measures."""
    tested = changes[changes["q"].notna()]
    if tested.empty:
        return "Too few personas and items were asked to tell of any change over the dialogue."
    surely = tested[tested["q"] < _LEVEL]
    if surely.empty:
        return f"No change over the dialogue is distinguishable from none ({_count(len(tested))}, q < {_LEVEL:g})."
    width = (surely["high"] - surely["low"]).clip(lower=1e-9)
    most = surely.iloc[int((surely["mean"].abs() / width).to_numpy().argmax())]
    of = f"{len(surely)} of {_count(len(tested))} about change over the dialogue"
    return f"{of} {'holds' if len(surely) == 1 else 'hold'} (q < {_LEVEL:g}); most clearly {_change_words(most)}."


def _count(number: int) -> str:
    return f"{number} claim{'' if number == 1 else 's'}"


def _change_words(change: pd.Series) -> str:
    unit = Measure("", "", str(change["unit"]), str(change["scale"]), "").unit_of_difference
    of = ", ".join(str(change[name]) for name in ("benchmark", "judge") if isinstance(change[name], str))
    scale = 100 if str(change["scale"]) == "share" else 1
    mean, low, high = (scale * change[name] for name in ("mean", "low", "high"))
    what = f"{change['title']}{f' ({of})' if of else ''} in {change['condition']}"
    return f"{what}: {mean:+.2f} [{low:+.2f}, {high:+.2f}] {unit}, over {change['over']}"
