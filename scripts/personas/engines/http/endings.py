"""How an answer ended, by the word that a server has for it.

Only endings known to be good make an answer whole. A word that no pattern knows is no good ending.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

Ending = Literal["whole", "cut", "broken off", "filtered", "unknown"]


ENDINGS_VERSION = 1
"""Raise it when a word gets another meaning: cells say by which version they were read (0: none said so)."""


class _Word(NamedTuple):
    ending: Ending
    pattern: str
    source: str


_WORDS: Sequence[_Word] = (
    _Word("whole", r"stop|stop_(sequence|token|string|word)(_found|_reached)?|stop_criteria_met|stopped",
          "OpenAI, TGI"),
    _Word("whole", r"eos|eos_(token|found)|end_of_(text|turn|sequence|message)|endoftext",
          "Together, TGI, LM Studio"),
    _Word("whole", r"end_turn|complete|completed|finish|finished|normal", "Anthropic, xAI, Cohere, Titan, Baidu"),
    _Word("filtered", r".*(filter|safety|recitation|block|spii|prohibited|sensitive|moderat|guardrail|armor|toxic"
          r"|inspection|censor|refus|violat).*", "OpenAI, Gemini, Zhipu, Bedrock, Cohere, Anthropic"),
    # Before the faults: Cohere says ERROR_LIMIT of a full context.
    _Word("cut", r".*(length|max\w*token|token_limit|max_(output|len|context)|context_(window|full|limit)|error_limit"
          r"|stopped_limit).*|max|limit", "OpenAI, Anthropic, Mistral, Gemini, watsonx, LM Studio, MiniMax"),
    _Word("broken off", r".*(abort|cancel|time_?d?_?out|time_limit|error|fail|insufficient|not_finished|unfinished"
          r"|unload|overload|interrupt|unavailable|disconnect|preempt|user_stop).*",
          "vLLM, TensorRT-LLM, DeepSeek, Zhipu, OpenRouter, SGLang, watsonx, LM Studio"),
)  # fmt: skip

_PATTERNS = [re.compile(word.pattern) for word in _WORDS]
_PREFIX = re.compile(r"^finish_?reason_?")


@lru_cache(maxsize=64)
def ending(word: str | None) -> Ending:
    """Return how an answer ended; the word as `word_of` gives it. No word at all is a good ending."""
    if not word:
        return "whole"
    plain = _plain(word)
    for wording, pattern in zip(_WORDS, _PATTERNS, strict=True):
        if pattern.fullmatch(plain):
            return wording.ending
    return "unknown"


def word_of(choice: Any) -> str | None:
    """Return the word of a choice for its end, also where it stands in an object (SGLang) or is a number."""
    word = choice.get("finish_reason")
    if word is None:
        word = choice.get("finish_details")
    if isinstance(word, dict):
        word = word.get("type", word)
    if word is None or word == "":
        return None
    return word if isinstance(word, str) else json.dumps(word, ensure_ascii=False)


def _plain(word: str) -> str:
    """Write `FinishReason.MAX_TOKENS`, `maxTokens` and `max-tokens` alike."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word[:200])
    return _PREFIX.sub("", re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_"))
