"""Reading released files: JSON and CSV with one shape each. Whatever is wrong with one is one sentence."""

import csv
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from personas.benchmarks.reading import quote
from personas.core.errors import UserError

csv.field_size_limit(sys.maxsize)  # a degenerate answer fills megabytes, and is data


class FileFault(Exception):
    """A file that is not of its shape; the text says what is wrong, where, and what is expected."""


def read_dialogue(text: str, rounds: int) -> list[tuple[str, str | None]]:
    """Return the rounds of a dialogue: user turn and answer (None where the file has null).

    Expected is a JSON array of `rounds` pairs of messages, user and assistant in turn.
    """
    messages = _array(text)
    if len(messages) != 2 * rounds:
        raise FileFault(f"found {len(messages):,} messages, expected {2 * rounds:,}: {rounds:,} rounds of two")
    texts = [_message(message, number) for number, message in enumerate(messages)]
    return [(user or "", answer) for user, answer in zip(texts[::2], texts[1::2], strict=True)]


def _message(message: Any, number: int) -> str | None:
    role = ("user", "assistant")[number % 2]
    if not isinstance(message, dict) or message.get("role") != role:
        raise FileFault(f"message {number}: found {quote(message)}, expected one of role {role}")
    content = message.get("content")
    if not isinstance(content, str) and not (content is None and "content" in message and role == "assistant"):
        raise FileFault(f"message {number}: content: found {quote(content)}, expected a text")
    return content


def read_responses(text: str, items: int) -> list[str | None]:
    """Return the responses of a file in its order: a JSON array of `items` texts, null where one was blocked."""
    responses = _array(text)
    if len(responses) != items:
        raise FileFault(f"found {len(responses):,} responses, expected {items:,}, one for each item")
    for number, response in enumerate(responses):
        if response is not None and not isinstance(response, str):
            raise FileFault(f"response {number}: found {quote(response)}, expected a text or null")
    return responses


def read_verdicts(text: str, column: str, rows: int) -> list[str]:
    """Return what a judge wrote, in the order of the file: a CSV file of one column with `rows` rows."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise FileFault(f"line {reader.line_num}: not valid CSV ({error}), expected RFC 4180") from None
    header, *body = lines or [[]]
    if header != [column]:
        raise FileFault(f"header: found {quote(header)}, expected the one column {column!r}")
    for number, line in enumerate(body):
        if len(line) != 1:
            raise FileFault(f"row {number}: found {len(line)} fields, expected 1")
    if len(body) != rows:
        raise FileFault(f"found {len(body):,} rows, expected {rows:,}, one for each answer that was judged")
    return [line[0] for line in body]


def _array(text: str) -> list[Any]:
    document = json_of(text)
    if not isinstance(document, list):
        raise FileFault(f"found {quote(document)}, expected a JSON array")
    return document


def json_of(text: str) -> Any:
    """Return the content of a JSON document."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FileFault(
            f"bad JSON ({error.msg} at {error.lineno}:{error.colno}), expected a whole document"
        ) from None
    except RecursionError:
        raise FileFault("bad JSON (nested too deep), expected an array") from None


def text_of(path: Path, sha256: str) -> str:
    """Return the text of a file in UTF-8, line ends as they are.

    UserError if it is not the file that was planned: what is made of it has the name of that one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileFault(f"cannot be read ({error.strerror}), expected a file") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(
            f"{path}: changed since the run was planned, expected it as it was; run the same command again."
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFault(f"byte {error.start} is not UTF-8, expected a UTF-8 text file") from None


def repair(text: str) -> tuple[str, bool]:
    """Return a text that can be stored, and whether halves of characters in it had to be replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), True
    return text, False
