"""Numbers as people read them in tables."""

from collections.abc import Mapping

_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def compact(value: float) -> str:
    """Return a count with three significant digits: 999, 12.3 k, 4.56 M."""
    for size, unit in _UNITS:
        if value >= 0.9995 * size:
            return f"{_three(value / size)} {unit}"
    return f"{value:.0f}"


def _three(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"


def size(value: float) -> str:
    """Return a number of bytes with three significant digits: 999 B, 12.3 kB, 4.56 MB."""
    text = compact(value)
    return f"{text}B" if text[-1].isalpha() else f"{text} B"


def minutes(value: float) -> str:
    """Return a duration in minutes as seconds, minutes or hours."""
    if 60 * value < 59.5:
        return f"{60 * value:.0f} s"
    return f"{value:.1f} min" if value < 9.95 else f"{value:.0f} min" if value < 119.5 else f"{value / 60:.1f} h"


def money(amounts: Mapping[str, float]) -> str:
    """Return amounts by currency: `12.30 USD`; nothing where there is no price."""
    return " + ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(amounts.items()))
