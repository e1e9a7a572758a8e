"""How far the rules of refusal agree with people: `personas refusals` of three of XSTest's published models."""

KAPPA = {"mistralinstruct": 0.826, "llama2orig": 0.934, "gpt4": 0.938}
"""Cohen's kappa by model, 450 answers each; the rules were written on the first two. Measured anew with new rules."""


def kappa_range() -> str:
    """Return the lowest and the highest, for the titles of panels."""
    return f"kappa {min(KAPPA.values()):.2f}–{max(KAPPA.values()):.2f}"
