"""What servers say when they refuse a request, as patterns with their source: the first that matches counts.

A refused prompt and a conversation that has grown too long are data, and stand in their row; what would meet every
request ends the batch. Servers say neither by status nor by code which it is, only in words.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Meaning = Literal["context_overflow", "blocked", "refuses"]
"""Statuses of a row; or that every request would meet it."""

_REQUEST = frozenset({400, 413, 422})
_PROMPT = frozenset({400, 403})


class Wording(NamedTuple):
    """A pattern for code and message together, without regard to case; `statuses` where it means this only there."""

    meaning: Meaning
    pattern: str
    source: str
    statuses: frozenset[int] | None = None


WORDINGS: Sequence[Wording] = (
    # No money, no account, no key. Before the filters: "your account was flagged".
    Wording("refuses", r"insufficient[_ ](quota|balance|credit|fund)|exceeded[_ ]current[_ ]quota",
            "OpenAI, Moonshot"),
    Wording("refuses", r"credit balance is too low|billing[_ ]hard[_ ]limit|account is in good standing|arrearage",
            "Anthropic, OpenAI, DashScope"),
    Wording("refuses", r"余额不足|欠费", "Zhipu"),
    Wording("refuses", r"(your|this) (\w+ )?(account|organi[sz]ation|api key)\b.{0,60}"
            r"(flagged|deactivated|disabled|suspended|terminated|banned|restricted)", "OpenAI, DeepSeek"),
    Wording("refuses", r"api[_ ]key not valid|api_key_invalid|(incorrect|invalid|wrong)[_ ]api[_ -]?key",
            "Gemini, OpenAI, MiniMax"),
    # One request that exceeds what a minute allows will never fit: as good as a context that is too short.
    Wording("context_overflow", r"request too large\b.*\blimit:? \d+,? requested:? \d+", "Groq, OpenAI (413, 429)"),
    Wording("context_overflow", r"tokens_limit_reached|request body too large for .{0,60}tokens", "GitHub Models"),
    # A longest answer above what the server ever gives: every request asks for it. Unless the prompt counts too.
    Wording("context_overflow", r"`inputs` tokens \+ `max_new_tokens` must be|"
            r"`inputs` must have less than \d+ tokens", "TGI, Together"),
    Wording("refuses", r"max_?(new_|completion_|output_)?tokens`?( value, the valid range| must be (<|less|at most))",
            "DeepSeek, TGI, Groq", _REQUEST),
    Wording("refuses", r"range of max_?tokens should be|max tokens must be (<|less|at most)", "DashScope, Cohere"),
    Wording("refuses", r"supports at most \d+ (completion|output) tokens|maximum allowed number of output tokens|"
            r"maximum tokens you requested exceeds", "OpenAI, Anthropic, Bedrock"),
    Wording("context_overflow", r"exceed\w* (the |your |model'?s? |available |maximum |max )*"
            r"(context|token limit|prompt limit)|exceed_context|model_max_prompt_tokens_exceeded",
            "llama.cpp (also in a 500), Anthropic, Kimi, LM Studio, Copilot"),
    Wording("context_overflow", r"context[ _](length|size|window)( has been|_| was|)[ _]?exceed|"
            r"max(imum)? length exceeded", "OpenAI, LM Studio, Moonshot"),
    Wording("context_overflow", r"(token count|input tokens?|(prompt|input)( token)? length)\b.{0,60}\bexceeds? "
            r"the\b|(prompt|input) length.{0,30}exceeds? ", "Gemini, Copilot, OpenAI, TensorRT-LLM, DeepInfra"),
    Wording("context_overflow", r"input token count is \d+ but|maximum prompt length|prompt exceeds max",
            "Vertex, xAI, Zhipu"),
    Wording("context_overflow", r"range of input length should be", "DashScope"),
    Wording("context_overflow", r"longer than the (maximum|model)|your request has \d+ input tokens|"
            r"max_tokens must be at least 1, got -", "vLLM, SGLang"),
    Wording("context_overflow", r"reduce (the length of |your )(the |your )?(message|prompt|input)|"
            r"current length is \d+ while limit is", "OpenAI, Groq, Cerebras", _REQUEST),
    Wording("context_overflow", r"prompt contains \d+ tokens|number of tokens.{0,60}cannot exceed|"
            r"size limit exceeded by \d+ tokens", "Mistral, Cohere"),
    Wording("context_overflow", r"超长|(长度|上下文|token).{0,12}(超过|超出|超限)|"
            r"(超过|超出).{0,12}(长度|上下文|token)",
            "Zhipu, Baidu"),
    # A template or an address that knows no such role, field or model.
    Wording("refuses", r"(system|developer) (role|message|prompt|instruction)s?\b.{0,40}"
            r"(not|n't|un)\s?(supported|enabled|allowed|available)", "vLLM with Gemma, Gemini API with Gemma"),
    Wording("refuses", r"roles must alternate|roles are supported, got|"
            r"(unexpected|unknown|invalid|unsupported)( \w+)? role\b|"
            r"unknown variant `(system|developer)", "Mistral, Ministral, DeepSeek"),
    Wording("refuses", r"(response_format|json_schema|structured output|guided_json)\b.{0,80}"
            r"(unavailable|not (yet )?(supported|available|allowed|enabled)|unsupported)|"
            r"not support.{0,30}(response[_ ]format|json_schema|structured output)", "DeepSeek, Groq", _REQUEST),
    Wording("refuses", r'unknown name "|unsupported_(parameter|value)|un(recognized|known|supported|expected) '
            r"(request )?(argument|parameter|field|keyword|value:|property)|unexpected keyword argument",
            "Gemini, OpenAI, LiteLLM", _REQUEST),
    Wording("refuses", r"property '[^']+' is unsupported|extra (inputs|fields) (are )?not permitted|extra_forbidden|"
            r"additional properties are not allowed|not support (the )?parameters?",
            "Groq, Mistral, vLLM, LiteLLM", _REQUEST),
    Wording("refuses", r"model_not_found|not a valid model|unknown model|model\b.{0,60}(does not exist|not found)|"
            r"chat template.{0,60}(required|must|no longer|not defined)", "OpenRouter, vLLM", _REQUEST),
    # Filters.
    Wording("blocked", r"content management policy|responsible[ _]?ai[ _]?(policy|service)|prohibited_content",
            "Azure, Copilot, Gemini"),
    Wording("blocked", r"content exists risk|considered high risk", "DeepSeek, Moonshot"),
    Wording("blocked", r"data_?inspection_?failed|(may|might|potentially) contain(s|ing)? inappropriate content",
            "DashScope"),
    Wording("blocked", r"violat\w+.{0,30}(usage|content|acceptable use|safety)[ _](guideline|polic)",
            "xAI, OpenAI"),
    Wording("blocked", r"requires moderation|(input|prompt|output|content|request|message)s?\b.{0,20}\bflagged\b",
            "OpenRouter, OpenAI", _PROMPT),
    Wording("blocked", r"(unsafe|sensitive)( or (unsafe|sensitive))? content|sensitive_?content|"
            r"(in|out)put (new_)?sensitive|敏感内容|不安全.{0,6}内容|内容.{0,6}(违规|安全)",
            "Zhipu, Volcengine, MiniMax"),
    Wording("blocked", r"guardrail.{0,30}(intervened|blocked)|block_?reason|"
            r"blocked by .{0,40}(filter|polic|moderation)",
            "Bedrock, Gemini"),
    Wording("blocked", r"censorship", "StepFun (451)"),
    # What is said in so many ways that it only counts where a request can be at fault. TGI, Fireworks and others
    # quote the prompt in no such answer.
    Wording("context_overflow", r"context[ _](length|size|window)|maximum context|too (long|many tokens)",
            "vLLM, OpenAI, Anthropic, Fireworks, LM Studio, Ollama, Cohere", _REQUEST),
    Wording("blocked", r"content[ _-]?filter|moderation|safety",
            "Azure, Anthropic, Mistral, OpenAI, Gemini", _PROMPT),
    Wording("blocked", r"", "RFC 7725: for legal reasons", frozenset({451})),
)  # fmt: skip

ADVICE: Sequence[tuple[str, str]] = (
    (r"developer.{0,40}instruction|\bsystem[ _](role|message|prompt|instruction)|got system|"
     r"\brole\b.{0,40}\bsystem\b|roles must alternate",
     "set `system_role: none` for this model: its system prompt then begins the first user turn"),
    (r"developer", "set `system_role: system` for this model"),
    (r"json_schema|response_format|guided|structured output|grammar",
     "give the judge another `form`, or set `leave_out: [response_format]` for its model"),
    (r"max_completion_tokens", "set `max_tokens_as: max_completion_tokens` for this model"),
    (r"max_?\w*_?tokens|maximum tokens|output tokens", "lower `max_tokens` of its sampling or of the benchmark"),
    (r"chat_template_kwargs", "take `thinking.template_arguments` away, or set `leave_out: [chat_template_kwargs]`"),
    (r"reasoning_effort", "take `thinking.effort` away, or set `leave_out: [reasoning_effort]`"),
    (r"\btop_p\b", "set `leave_out: [top_p]` for this model"),
    (r"\bseed\b", "set `leave_out: [seed]` for this model"),
    (r"\btemperature\b", "set another `sampling.temperature`, or `leave_out: [temperature]`, for this model"),
)  # fmt: skip
"""What to set in the config, by what a refusal speaks of."""

_PATTERNS = [re.compile(wording.pattern, re.IGNORECASE | re.DOTALL) for wording in WORDINGS]
_READ = 20_000
"""Characters of a message that are searched."""


def meaning(status: int, message: str) -> Meaning | None:
    """Return what a refusal with HTTP `status` means by its words; None where they say nothing known."""
    for wording, pattern in zip(WORDINGS, _PATTERNS, strict=True):
        if (wording.statuses is None or status in wording.statuses) and pattern.search(message[:_READ]):
            return wording.meaning
    return None


def advice(message: str) -> str:
    """Return what to do about a refusal, to be put behind it; nothing where nothing is known."""
    action = next((text for pattern, text in ADVICE if re.search(pattern, message[:_READ], re.IGNORECASE)), None)
    return f"; {action}" if action else ""
