"""Read a conversation of another program. What is in it decides its form: names of files say nothing.

Forms: messages (`role`, `content`), one a line or a list in `messages`; ShareGPT (`from`, `value` in
`conversations`); chat logs of Tavern (`is_user`, `mes`, behind a header); pairs of a web UI (`data` or `internal`);
lines of text with a name and a colon; a dialogue of a study (Parquet). Facts about them: what front ends and data
sets really write.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.core.cleaning import Unreadable, one_line, parse_json
from personas.core.errors import UserError
from personas.core.parquet import read_table
from personas.core.strict_yaml import refuse_odd_file

USER, ANSWER, SYSTEM = "user", "assistant", "system"
_ROLES = {
    **dict.fromkeys(("user", "human", "prompter"), USER),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatgpt", "char", "character"), ANSWER),
    **dict.fromkeys(("system", "developer", "tool", "function", "observation", "narrator"), SYSTEM),
}
_LINE = re.compile(r"^\s*([^\s:：「][^:：「\n]{0,40}?)\s*(?:[:：]\s*|(?=「))(.*)$")


@dataclass(frozen=True)
class Message:
    """One message: who speaks (`USER`, `ANSWER`, `SYSTEM`, or a name of a text file), and what."""

    who: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """The rounds of a conversation, user turn and answer, and what was left out or joined, in sentences."""

    rounds: Sequence[tuple[str, str]]
    notes: Sequence[str]


def read_transcript(path: Path, user: str | None = None, number: int = 1) -> Transcript:
    """Read the conversation `number` of a file; UserError where there is none.

    `user` names who of a text file's speakers is the user; the first one by default.
    """
    refuse_odd_file(path)
    conversations = [messages for messages in _in_file(path) if messages]
    if not conversations:
        raise UserError(f"{path}: found no messages of a known form, expected a conversation; see docs/users.md.")
    if number > len(conversations):
        raise UserError(f"{path}: found {len(conversations)} conversations, expected at least {number}.")
    notes = (
        [f"It holds {len(conversations)} conversations; number {number} is taken."] if len(conversations) > 1 else []
    )
    messages = _with_user(conversations[number - 1], user, notes, str(path))
    return Transcript(_in_turn(messages, notes, str(path)), notes)


def _in_file(path: Path) -> list[list[Message]]:
    if path.suffix == ".parquet":
        return [_of_dialogue(path)]
    try:
        return _conversations(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}), expected a conversation in UTF-8.") from None


def _of_dialogue(path: Path) -> list[Message]:
    """Return the messages of a dialogue of a study; UserError where the file is none."""
    table = read_table(path)
    if not {"round", "user", "answer"} <= set(table.column_names):
        raise UserError(f"{path}: found columns {', '.join(table.column_names[:5])}, expected a dialogue of a study.")
    rows = sorted(table.select(["round", "user", "answer"]).to_pylist(), key=lambda row: row["round"])
    sides = ((USER, "user"), (ANSWER, "answer"))
    return [Message(who, (row[column] or "").strip()) for row in rows for who, column in sides]


def lines_of(transcript: Transcript) -> bytes:
    """Return rounds as JSON Lines of messages, which `turns: transcript:FILE` reads."""
    messages = [
        {"role": role, "content": text}
        for exchange in transcript.rounds
        for role, text in zip((USER, ANSWER), exchange, strict=True)
    ]
    return "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages).encode()


def _conversations(text: str) -> list[list[Message]]:
    values = _values(text)
    if values is None:
        return [_of_text(text)]
    if values and all(_message(value) or _is_header(value) for value in values):
        return [[message for value in values if (message := _message(value))]]
    return [_of_object(value) for value in values]


def _values(text: str) -> list[Any] | None:
    """Return the JSON values of a file: a list, one object, or one a line; None where it is not JSON."""
    try:
        whole = parse_json(text.encode(), None)
        return whole if isinstance(whole, list) else [whole]
    except Unreadable:
        pass
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return [parse_json(line.encode(), None) for line in lines]
    except Unreadable:
        return None


def _of_object(value: Any) -> list[Message]:
    if isinstance(value, list):
        return [message for one in value if (message := _message(one))]
    if not isinstance(value, dict):
        return []
    for key in ("messages", "conversations", "conversation", "items"):
        if isinstance(value.get(key), list):
            return _of_object(value[key])
    for key in ("internal", "data"):  # what is for the eye (`data_visible`, `visible`) holds HTML
        if isinstance(value.get(key), list):
            return list(_of_pairs(value[key]))
        if isinstance(value.get(key), dict):
            return _of_object(value[key])
    return []


def _of_pairs(pairs: Sequence[Any]) -> Iterator[Message]:
    for pair in pairs:
        if isinstance(pair, list) and len(pair) == 2:
            for who, text in zip((USER, ANSWER), pair, strict=True):
                # What a web UI keeps of a character that speaks first is a turn that nobody wrote.
                if isinstance(text, str) and text.strip() and not text.startswith("<|BEGIN-VISIBLE-CHAT|>"):
                    yield Message(who, text.strip())


def _message(value: Any) -> Message | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("mes"), str) and "is_user" in value:
        spoken = USER if value["is_user"] is True else ANSWER
        return Message(SYSTEM if value.get("is_system") is True else spoken, value["mes"].strip())
    for role, content in (("role", "content"), ("from", "value")):
        if isinstance(value.get(role), str) and content in value:
            who = str(value[role])
            return Message(_ROLES.get(who.lower(), who), _text(value[content]))
    return None


def _text(content: Any) -> str:
    """Return the text of a content, which may come in parts."""
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in content)
        return "\n".join(part for part in parts if isinstance(part, str)).strip()
    return content.strip() if isinstance(content, str) else ""


def _is_header(value: Any) -> bool:
    return isinstance(value, dict) and ("user_name" in value or "chat_metadata" in value)


def _of_text(text: str) -> list[Message]:
    """Return messages of lines with a name and a colon; a line without goes on with the message before."""
    messages: list[Message] = []
    for line in text.splitlines():
        if match := _LINE.match(line):
            messages.append(Message(_ROLES.get(match[1].lower(), match[1]), match[2].strip()))
        elif messages and line.strip():
            messages[-1] = Message(messages[-1].who, f"{messages[-1].text}\n{line.strip()}")
    return messages if len({message.who for message in messages}) > 1 else []


def _with_user(messages: Sequence[Message], user: str | None, notes: list[str], where: str) -> list[Message]:
    """Return messages of user and answer only; names are told apart by who the user is."""
    names = list(dict.fromkeys(message.who for message in messages if message.who not in (USER, ANSWER, SYSTEM)))
    if user is not None and user not in (*names, *(USER, ANSWER)):
        raise UserError(
            f"--user: found {user!r}, expected a speaker of {where}: {', '.join(names) or 'none is named'}."
        )
    roles = {USER: USER, ANSWER: ANSWER}
    if names:
        speaker = user or names[0]
        roles |= {name: USER if name == speaker else ANSWER for name in names}
        others = [name for name in names if name != speaker]
        notes.append(f"The user is {one_line(speaker, 40)}; answers are those of {one_line(', '.join(others), 80)}.")
        if len(others) > 1:
            notes.append(f"{len(others)} speakers answer; they are taken for one.")
    systems = sum(message.who == SYSTEM for message in messages)
    if systems:
        notes.append(f"{systems} messages of the system or a narrator are left out.")
    blank = sum(not message.text for message in messages)
    if blank:
        notes.append(f"{blank} empty messages are left out.")
    return [
        Message(roles[message.who], message.text) for message in messages if message.who in roles and message.text
    ]


def _in_turn(messages: Sequence[Message], notes: list[str], where: str) -> list[tuple[str, str]]:
    """Return rounds; messages of one speaker in a row are joined, and what has no counterpart is left out."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].who == message.who:
            joined[-1] = Message(message.who, f"{joined[-1].text}\n\n{message.text}")
        else:
            joined.append(message)
    if together := len(messages) - len(joined):
        notes.append(f"{together} messages follow one of the same speaker, and are joined to it.")
    if joined and joined[0].who == ANSWER:
        notes.append("It begins with an answer, which no user turn stands before: that is left out.")
        joined = joined[1:]
    if len(joined) % 2:
        notes.append("It ends with a user turn, which nobody answers: that is left out.")
        joined = joined[:-1]
    if not joined:
        raise UserError(f"{where}: found no user turn with an answer, expected at least one.")
    return [(turn.text, reply.text) for turn, reply in zip(joined[::2], joined[1::2], strict=True)]
