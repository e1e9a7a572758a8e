"""Keys of requests behind a growing dialogue are those that the requests themselves have."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.config.models import ModelSection
from personas.config.sampling import Sampling
from personas.engines.request import KeysBehind, Request
from personas.prompts.recipe import first_turn_prefix, messages, opening

# Lone surrogates cannot be encoded, so no request could be sent with one.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(['"]}', "\\", "\n\x00", "ü🜁"])
FORM = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": {"required": ["b", "a"]}}}

REQUESTS = st.builds(
    Request,
    model=st.dictionaries(st.sampled_from(["id", "revision", "weights", "a"]), st.none() | TEXT, max_size=3),
    messages=st.just(()),
    temperature=st.sampled_from([0, 0.0, 0.7, 1e-9]),
    top_p=st.sampled_from([1, 1.0, 0.95]),
    max_tokens=st.integers(1, 10**6),
    seed=st.integers(0, 2**31 - 1),
    template_arguments=st.dictionaries(TEXT, st.booleans() | st.integers() | TEXT, max_size=3),
    enforced=st.just({}) | st.just({"response_format": FORM}) | st.builds(dict, grammar=TEXT),
    effort=st.none() | st.sampled_from(["low", '"messages":[]']),
    what=TEXT,
    before=st.integers(0, 9),
)
ROUNDS = st.lists(st.tuples(TEXT, TEXT), max_size=5)


SECTION = ModelSection(engine="any", id="org/m", revision="r1", sampling=Sampling(temperature=0.0, max_tokens=9))


@given(
    REQUESTS,
    st.none() | TEXT,
    st.sampled_from(["system", "developer", "none"]),
    ROUNDS,
    st.lists(TEXT, min_size=1, max_size=3),
)
def test_every_key_is_that_of_the_request(
    request: Request, system: str | None, role: str, rounds: list[tuple[str, str]], items: list[str]
) -> None:
    """Of every round, and of every item behind every number of rounds."""
    before = opening(SECTION.model_copy(update={"system_role": role}), system)
    turns = [user for user, _ in rounds]

    def asked(t: int, turn: str) -> Request:
        return replace(request, messages=messages(before, rounds[:t], turn))

    behind = KeysBehind(asked(0, (turns or items)[0]), first_turn_prefix(before))
    for t in range(len(rounds) + 1):
        for turn in [*items, *turns[t : t + 1]]:
            assert behind.key(turn).hex() == asked(t, turn).key
        if t < len(rounds):
            behind.grow(*rounds[t])


def request(**changes: Any) -> Request:
    given: dict[str, Any] = {
        "model": {"id": "org/a"},
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.0,
        "top_p": 1.0,
        "max_tokens": 8,
        "seed": 0,
        "template_arguments": {},
    }
    return Request(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        pytest.param({"what": "bfi", "before": 3}, True, id="where in the grid it stands"),
        pytest.param({"enforced": {}}, True, id="no form is as if there were none"),
        pytest.param({"model": {"id": "org/b"}}, False, id="another model"),
        pytest.param({"messages": [{"role": "system", "content": "Hi"}]}, False, id="another role"),
        pytest.param({"messages": [{"role": "user", "content": "Ho"}]}, False, id="another text"),
        pytest.param({"temperature": 0.1}, False, id="temperature"),
        pytest.param({"top_p": 0.9}, False, id="top_p"),
        pytest.param({"max_tokens": 9}, False, id="max_tokens"),
        pytest.param({"seed": 1}, False, id="seed"),
        pytest.param({"template_arguments": {"enable_thinking": False}}, False, id="a template argument"),
        pytest.param({"enforced": {"response_format": FORM}}, False, id="a form"),
        pytest.param({"enforced": {"grammar": "root ::= [0-9]"}}, False, id="a grammar"),
    ],
)
def test_what_a_key_says(changes: Mapping[str, Any], same: bool) -> None:
    assert (request(**changes).key == request().key) == same


def test_keys_of_one_dialogue_do_not_disturb_each_other() -> None:
    """Asking for a key changes nothing; growing one does not grow another."""
    one, other = KeysBehind(request()), KeysBehind(request())
    first = one.key("Hi")
    one.grow("Hi", "Ho")
    assert other.key("Hi") == first != one.key("Hi")
