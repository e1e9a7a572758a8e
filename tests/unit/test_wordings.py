"""What refusals and endings mean by their words: more of each kind than `tests/cases` holds, and their limits."""

import json

import pytest

from personas.engines.http.endings import ending, word_of
from personas.engines.http.rejections import rejection
from personas.engines.http.trouble import Failing, Overloaded, Refusing
from personas.engines.http.wordings import ADVICE, WORDINGS, advice, meaning
from personas.engines.request import Reply


@pytest.mark.parametrize(
    ("status", "said", "means"),
    [
        (
            400,
            "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
            "context_overflow",
        ),
        (400, "prompt is too long: 213462 tokens > 200000 maximum", "context_overflow"),
        (
            400,
            "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "context_overflow",
        ),
        (
            400,
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
            "context_overflow",
        ),
        (400, "Input tokens exceed the configured limit of 272000 tokens.", "context_overflow"),
        (
            400,
            "Please reduce the length of the messages or completion. Current length is 9 while limit is 8",
            "context_overflow",
        ),
        (400, "max_tokens must be at least 1, got -904.", "context_overflow"),
        (
            400,
            "'max_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has"
            " 500 input tokens",
            "context_overflow",
        ),
        (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens).", "context_overflow"),
        (400, "invalid params, context window exceeds limit (2013)", "context_overflow"),
        (400, "1261 Prompt 超长", "context_overflow"),
        (
            413,
            "tokens_limit_reached Request body too large for gpt-4o model. Max size: 8000 tokens.",
            "context_overflow",
        ),
        (
            429,
            "Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 12000.",
            "context_overflow",
        ),
        (500, "the request exceeds the available context size", "context_overflow"),
        (400, "1301 系统检测到输入或生成内容可能包含不安全或敏感内容", "blocked"),
        (400, "The request was rejected because it was considered high risk", "blocked"),
        (400, "Output blocked by content filtering policy", "blocked"),
        (400, "invalid_prompt Your prompt was flagged as potentially violating our usage policy.", "blocked"),
        (400, "Your request was rejected as a result of our safety system.", "blocked"),
        (400, "1026 input new_sensitive", "blocked"),
        (400, "InputTextSensitiveContentDetected", "blocked"),
        (451, "whatever it says", "blocked"),
        (403, "requires moderation on OpenAI. Your input was flagged for self-harm", "blocked"),
        (403, "Your organization must be verified to use the model", None),
        (403, "You have no permission to use this model", None),
        (403, "Your account was flagged for violating our usage policies and is suspended", "refuses"),
        (400, "Your credit balance is too low to access the Anthropic API.", "refuses"),
        (429, "insufficient_quota You exceeded your current quota", "refuses"),
        (429, "exceeded_current_quota_error", "refuses"),
        (500, "Jinja Exception: System role not supported", "refuses"),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it", "refuses"),
        (400, "messages[0].role: unknown variant `developer`, expected one of `system`, `user`", "refuses"),
        (400, "This model does not support response format `json_schema`.", "refuses"),
        (
            400,
            "`max_tokens` must be less than or equal to `8192`, the maximum for this model's context_window",
            "refuses",
        ),
        (400, "max_tokens is too large: 32768. This model supports at most 16384 completion tokens", "refuses"),
        (400, "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens", "refuses"),
        (422, "body.seed: Extra inputs are not permitted", "refuses"),
        (400, "The model `alpha` does not exist", "refuses"),
        (503, "the content safety service is unavailable", None),
        (500, "failed to allocate memory for a context size of 4096", None),
        (502, "moderation backend: bad gateway", None),
        (503, "the model server was not found: it is restarting", None),
        (400, "top_p must be positive", None),
        (400, "an empty body", None),
        (422, "body: content_filter", None),
    ],
)
def test_what_words_mean(status: int, said: str, means: str | None) -> None:
    assert meaning(status, said) == means


def test_every_pattern_has_a_source_and_is_linear_enough() -> None:
    """A message that almost matches, again and again, is read at once: a server decides on its length."""
    assert all(wording.source for wording in WORDINGS) and len(ADVICE) > 5
    assert meaning(400, "request too large limit input length your prompt " * 20_000) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("System role not supported", "`system_role: none`"),
        ("Unsupported value: 'messages[0].role' does not support 'system' with this model", "`system_role: none`"),
        ("Unexpected role developer", "`system_role: system`"),
        ("response_format.type `json_schema` is unavailable now", "`form`"),
        (
            "'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            "`max_tokens_as: max_completion_tokens`",
        ),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "lower `max_tokens`"),
        ("'temperature' does not support 0.0 with this model", "`leave_out: [temperature]`"),
        ("property 'chat_template_kwargs' is unsupported", "`leave_out: [chat_template_kwargs]`"),
    ],
)
def test_a_refusal_says_what_to_set(said: str, told: str) -> None:
    assert advice(said).startswith("; ") and told in advice(said)


@pytest.mark.parametrize("status", [401, 402, 404])
def test_a_wrong_key_is_never_about_one_prompt(status: int) -> None:
    body = json.dumps({"error": {"message": "content_filter: your input was flagged by moderation"}}).encode()
    assert isinstance(rejection(status, body, None), Refusing)


@pytest.mark.parametrize(
    "status", [408, 409, 424, 425, 499, 500, 502, 503, 520, 521, 522, 523, 524, 525, 526, 527, 529]
)
def test_what_passes_is_asked_again(status: int) -> None:
    assert isinstance(rejection(status, b"<html>no</html>", None), Failing)


def test_what_a_provider_said_behind_a_router_counts() -> None:
    """OpenRouter's own message says nothing of it."""
    raw = '{"error":{"message":"prompt is too long: 9 tokens > 8 maximum"}}'
    body = {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": raw}}}
    reply = rejection(400, json.dumps(body).encode(), None)
    assert isinstance(reply, Reply) and reply.status == "context_overflow"


def test_the_input_that_a_fault_quotes_says_nothing_of_it() -> None:
    fault = {"loc": ["body", "messages"], "msg": "bad", "input": "What is the maximum context length, and safety?"}
    reply = rejection(422, json.dumps({"detail": [fault]}).encode(), None)
    assert reply == Reply("api_error", detail="HTTP 422: body.messages: bad")


def test_a_wait_that_a_body_asks_for_is_read_or_left() -> None:
    for delay, wait in (("7.5s", 7.5), ("1.2.3s", None), ("-4s", None), ("0s", None), ("9" * 400 + "s", None)):
        body = {"error": {"details": [{"retryDelay": delay}], "message": "slow down"}}
        assert rejection(429, json.dumps(body).encode(), None) == Overloaded("HTTP 429: slow down", wait)


@pytest.mark.parametrize(
    ("word", "how"),
    [
        *(
            (word, "whole")
            for word in (
                "stop",
                "STOP",
                "eos",
                "eos_token",
                "end_turn",
                "stop_sequence",
                "COMPLETE",
                "FinishReason.STOP",
                "FINISH_REASON_STOP",
                "eosFound",
                None,
                "",
            )
        ),
        *(
            (word, "cut")
            for word in (
                "length",
                "LENGTH",
                "max_tokens",
                "MAX_TOKENS",
                "maxTokens",
                "model_length",
                "max_output_tokens",
                "model_context_window_exceeded",
                "token_limit",
                "max_len",
                "maximum_tokens",
                "contextLengthReached",
                "FINISH_REASON_MAX_TOKENS",
            )
        ),
        *(
            (word, "broken off")
            for word in (
                "abort",
                "aborted",
                "cancelled",
                "canceled",
                "timeout",
                "TIME_LIMIT",
                "error",
                "network_error",
                "insufficient_system_resource",
                "not_finished",
            )
        ),
        *(
            (word, "filtered")
            for word in (
                "content_filter",
                "content_filter: PROHIBITED_CONTENT",
                "SAFETY",
                "RECITATION",
                "BLOCKLIST",
                "SPII",
                "sensitive",
                "guardrail_intervened",
                "content_filtered",
                "refusal",
                "ERROR_TOXIC",
                "MODEL_ARMOR",
                "IMAGE_SAFETY",
            )
        ),
        *(
            (word, "unknown")
            for word in (
                "OTHER",
                "LANGUAGE",
                "MALFORMED_FUNCTION_CALL",
                "tool_calls",
                "nonstop",
                "null",
                "1",
                "stop stop",
                "whatever",
            )
        ),
    ],
)
def test_endings(word: str | None, how: str) -> None:
    assert ending(word) == how


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        ({"finish_reason": {"type": "length", "length": 9}}, "length"),
        ({"finish_reason": None, "finish_details": {"type": "max_tokens"}}, "max_tokens"),
        ({"finish_reason": 2}, "2"),
        ({"finish_reason": {"reason": "x"}}, '{"reason": "x"}'),
        ({"finish_reason": ["stop"]}, '["stop"]'),
        ({"finish_reason": ""}, None),
        ({}, None),
    ],
)
def test_the_word_of_a_choice(choice: dict[str, object], word: str | None) -> None:
    assert word_of(choice) == word
