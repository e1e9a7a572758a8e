"""Role reversal, by rules: a user who begins to serve, or a persona who asks the user to.

Two models that talk with each other drift into each other's parts, a known fault of simulated users. The rules are
phrases of service in English. They are made for rates over many turns, not for one: a shop assistant offers help too.
"""

import re

from personas.prompts.thinking import strip_thinking

SERVING = (
    r"(?:how|what) (?:else )?(?:can|may|could) i (?:help|assist|do for) you",
    r"(?:i'?m|i am|i'?ll be|always) (?:here|happy|glad|delighted|ready|pleased) to (?:help|assist)",
    r"(?:happy|glad) (?:i|to have) (?:could |been able to )?(?:help|helped|assist)",
    r"let me know (?:if|what|how|should) (?:you|there|i can)",
    r"(?:is there )?anything else (?:i can|you(?:'d| would) like|you need)",
    r"(?:feel free|don'?t hesitate) to (?:ask|reach out|contact)",
    r"as an? (?:ai|artificial intelligence|language model|(?:virtual |ai )?assistant)\b",
    r"you(?:'re| are) (?:very |most )?welcome[.!,]",
    r"(?:here (?:is|are)|here's) (?:a|an|the|some|your) (?:list|plan|summary|draft|recipe|outline|steps?|tips|guide)",
)
"""What those say who serve."""

ASKING = (
    r"(?:can|could|would|will) you (?:please )?(?:help|assist|tell|show|give|explain to|recommend|write|find) me",
    r"i (?:need|want|would like|could use|'d like) (?:some |your |a bit of )?(?:help|advice|assistance|info\w*)\b",
    r"i(?:'m| am) (?:looking for|trying to find|hoping (?:you|to get))",
    r"(?:do you have|any) (?:any )?(?:tips|advice|suggestions|recommendations)\b",
    r"thank(?:s| you) (?:(?:so|very) much )?for (?:your|the|all your) (?:help|advice|assistance|support|info\w*)",
)
"""What those say who are served."""

_SERVING, _ASKING = (re.compile("|".join(rules), re.IGNORECASE) for rules in (SERVING, ASKING))


def serves(turn: str) -> bool:
    """Tell whether a user turn says what an assistant says."""
    return _SERVING.search(_plain(turn)) is not None


def asks(answer: str) -> bool:
    """Tell whether an answer says what a user says who wants something done."""
    return _ASKING.search(_plain(answer)) is not None


def _plain(text: str) -> str:
    return strip_thinking(text)[0].replace("\u2019", "'")
