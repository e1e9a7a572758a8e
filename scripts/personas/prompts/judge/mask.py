"""Who is addressed in a user turn is masked for judges: a persona's name there would tell it from the baseline."""

MASK = "[name]"


def mask_name(turn: str, addressee: str) -> str:
    """Return a user turn with every occurrence of the addressee's name masked."""
    return turn.replace(addressee, MASK)
