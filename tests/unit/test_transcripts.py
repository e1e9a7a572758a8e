"""Conversations of other programs: what is taken, what is left out, and that it is said."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from personas.core.errors import UserError
from personas.core.parquet import write_table
from personas.engines.request import Reply
from personas.exports.transcripts.transcript import Transcript, lines_of, read_transcript
from personas.grid.reading.conversation import read_conversation
from personas.requests.transcript import Round, dialogue_table
from tests.helpers import personas

ROUNDS = [("Who are you?", "I keep the light."), ("And at night?", "I keep it still.")]
MESSAGES = [
    {"role": role, "content": text} for said in ROUNDS for role, text in zip(("user", "assistant"), said, strict=True)
]
SHAREGPT = [{"from": {"user": "human"}.get(m["role"], "gpt"), "value": m["content"]} for m in MESSAGES]
TAVERN = [
    {"user_name": "Kim", "character_name": "Maren", "chat_metadata": {}},
    {"name": "Maren", "is_user": False, "mes": "The lamp is lit."},
    *({"name": m["role"], "is_user": m["role"] == "user", "mes": m["content"]} for m in MESSAGES),
]


def lines(values: list[Any]) -> str:
    return "\n".join(map(json.dumps, values))


def read(folder: Path, content: str, **options: Any) -> Transcript:
    path = folder / "held"
    path.write_text(content, encoding="utf-8")
    return read_transcript(path, **options)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lines(MESSAGES), id="a message a line"),
        pytest.param(json.dumps(MESSAGES), id="a list of messages"),
        pytest.param(json.dumps({"messages": MESSAGES}), id="messages of an object"),
        pytest.param(lines([{"messages": MESSAGES}]), id="an object a line"),
        pytest.param(json.dumps([{"id": "1", "conversations": SHAREGPT}]), id="ShareGPT"),
        pytest.param(lines([{"conversations": SHAREGPT}]), id="ShareGPT, an object a line"),
        pytest.param(json.dumps({"internal": ROUNDS, "visible": [["<b>x</b>", "y"]]}), id="pairs of a web UI"),
        pytest.param(
            json.dumps({"data": [["<|BEGIN-VISIBLE-CHAT|>", ""], *ROUNDS], "data_visible": []}), id="older pairs"
        ),
        pytest.param("\n".join(f"Kim: {a}\nMaren: {b}" for a, b in ROUNDS), id="lines of text"),
        pytest.param("\n".join(f"Kim「{a}\nMaren「{b}" for a, b in ROUNDS).replace("「", "："), id="wide colons"),
        pytest.param("\ufeff" + lines(MESSAGES).replace("\n", "\r\n"), id="a mark and CRLF"),
    ],
)
def test_the_same_rounds_in_every_form(tmp_path: Path, content: str) -> None:
    assert list(read(tmp_path, content).rounds) == ROUNDS


def test_what_is_written_is_what_a_condition_reads(tmp_path: Path) -> None:
    found = read(tmp_path, json.dumps({"messages": MESSAGES}))
    (tmp_path / "chat.jsonl").write_bytes(lines_of(found))
    assert [tuple(said) for said in read_conversation(tmp_path / "chat.jsonl")] == ROUNDS


def test_what_is_not_in_turn_is_joined_or_left_out_and_said(tmp_path: Path) -> None:
    odd = [
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "Welcome."},
        {"role": "user", "content": "One."},
        {"role": "user", "content": "Two."},
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": [{"type": "text", "text": "Three."}]},
        {"role": "user", "content": "Four."},
    ]
    found = read(tmp_path, lines(odd))
    assert list(found.rounds) == [("One.\n\nTwo.", "Three.")]
    assert found.notes == [
        "1 messages of the system or a narrator are left out.",
        "1 empty messages are left out.",
        "1 messages follow one of the same speaker, and are joined to it.",
        "It begins with an answer, which no user turn stands before: that is left out.",
        "It ends with a user turn, which nobody answers: that is left out.",
    ]


def test_a_chat_log_whose_character_speaks_first(tmp_path: Path) -> None:
    found = read(tmp_path, lines(TAVERN))
    assert list(found.rounds) == ROUNDS and "begins with an answer" in found.notes[0]


def test_who_of_several_speakers_is_the_user(tmp_path: Path) -> None:
    text = "Narrator: Night falls.\nMaren: Good evening.\nKim: Hello.\nOtto: Bread?\nand butter?\nKim: Yes."
    found = read(tmp_path, text, user="Kim")
    assert list(found.rounds) == [("Hello.", "Bread?\nand butter?")]
    assert found.notes[:2] == [
        "The user is Kim; answers are those of Maren, Otto.",
        "2 speakers answer; they are taken for one.",
    ]
    assert "The user is Maren" in read(tmp_path, text).notes[0], "the first one, unless somebody is named"
    with pytest.raises(UserError, match=r"--user: found 'Jo', expected a speaker of .*: Maren, Kim, Otto"):
        read(tmp_path, text, user="Jo")


def test_one_of_several(tmp_path: Path) -> None:
    both = [{"messages": MESSAGES}, {"messages": MESSAGES[:2]}]
    found = read(tmp_path, lines(both), number=2)
    assert list(found.rounds) == ROUNDS[:1] and "2 conversations; number 2" in found.notes[0]
    with pytest.raises(UserError, match="found 2 conversations, expected at least 3"):
        read(tmp_path, lines(both), number=3)


@pytest.mark.parametrize("content", ["", "no names here", "12", "[]", '{"messages": []}', "{broken", "Kim: alone"])
def test_what_is_no_conversation(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match="found no messages of a known form"):
        read(tmp_path, content)


def test_turns_that_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found no user turn with an answer"):
        read(tmp_path, lines(MESSAGES[:1]))


def test_a_dialogue_of_a_study_can_be_replayed(tmp_path: Path) -> None:
    """What `answers: own` then asks of all are the turns of one dialogue; a round without an answer ends it."""
    held = [Round(n, *said, None) for n, said in enumerate(((a, Reply("ok", text=b)) for a, b in ROUNDS), start=1)]
    table = dialogue_table([*held, Round(3, "Are you there?", Reply("api_error"), None)])
    write_table(tmp_path / "friend-fixed.0123456789abcdef.parquet", table)
    found = read_transcript(tmp_path / "friend-fixed.0123456789abcdef.parquet")
    assert list(found.rounds) == ROUNDS
    assert found.notes == [
        "1 empty messages are left out.",
        "It ends with a user turn, which nobody answers: that is left out.",
    ]
    write_table(tmp_path / "other.parquet", pa.table({"a": [1]}))
    with pytest.raises(UserError, match="found columns a, expected a dialogue of a study"):
        read_transcript(tmp_path / "other.parquet")


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps({"messages": MESSAGES}), encoding="utf-8")
    ended = personas(tmp_path, "import-transcript", "log.json")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "log.jsonl: written, 2 rounds; in the config: turns: transcript:log.jsonl\n"
    (tmp_path / "log.jsonl").write_text("mine", encoding="utf-8")
    refused = personas(tmp_path, "import-transcript", "log.json")
    assert refused.returncode == 1 and "found another file" in refused.stderr
