"""Role reversal by rules: phrases of service, and what they are not."""

import pytest

from personas.scoring.role_reversal import asks, serves


@pytest.mark.parametrize(
    "turn",
    [
        "How can I help you today?",
        "I'm here to help!",
        "Let me know if you need anything.",
        "As an AI language model, I have no friends.",
        "Is there anything else you'd like?",
        "<think>What now?</think>You’re welcome!",
        "Here is a plan for the dinner: soup first.",
    ],
)
def test_a_user_who_serves(turn: str) -> None:
    assert serves(turn) and not asks(turn)


@pytest.mark.parametrize(
    "answer",
    ["Could you help me with the nets?", "I need some advice.", "Any tips?", "Thank you so much for your help!"],
)
def test_a_persona_who_asks(answer: str) -> None:
    assert asks(answer) and not serves(answer)


@pytest.mark.parametrize(
    "text",
    [
        "What do you see in the morning?",
        "I kept the light for thirty years, and nobody helped.",
        "Here is where the boat lies.",
        "<think>How can I help you?</think>The tide is out.",
        "You are welcome at my table",
    ],
)
def test_what_is_neither(text: str) -> None:
    assert not serves(text) and not asks(text)
