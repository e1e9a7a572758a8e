"""How fast a model can answer on a GPU: a roofline of its memory and its arithmetic.

Every token of an answer needs the weights that are active for it, and what the engine keeps of the tokens before it,
to be read from memory, the weights once for all answers under way, and two operations for each active weight. The
slower of the two bounds the speed (Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance
model"; for decoding with a cache of keys and values, Pope et al. 2023, "Efficiently scaling transformer inference").
"""

from typing import NamedTuple

from personas.config.machine import GpuKind

REACHED = 0.5
"""Share of the bounds that is assumed to be reached: what is stated may be off by the factor `RANGE`."""

RANGE = 2.0

_STEP = 0.004
"""Seconds of a step of the engine besides memory and arithmetic: choosing requests, starting kernels, sampling."""


_OWN = 500
"""Tokens that an answer has for itself: answers behind one dialogue share what the engine keeps of it."""


class Size(NamedTuple):
    """What matters of a model: bytes of `weights`, `parameters`, those `active` for a token, `cache` bytes a token.

    `source` says in words where that comes from.
    """

    weights: float
    parameters: float
    active: float
    cache: float
    source: str


def memory_left(size: Size, gpu: GpuKind, count: int, share: float) -> float:
    """Return the bytes that `count` GPUs have beside the weights, if `share` of each is used; below 0: no room."""
    return count * share * gpu.gigabytes * 1e9 - size.weights


def tokens_per_second(size: Size, gpu: GpuKind, count: int, share: float, at_once: int, context: float) -> float:
    """Return answer tokens a second of `count` GPUs together, `at_once` answers at once behind `context` tokens each.

    Fewer at once where memory has no room for them; one at a time where it has none.
    """
    room = (memory_left(size, gpu, count, share) / size.cache - context) / _OWN
    together = max(1.0, min(at_once, room))
    # Of a mixture each answer needs other experts, so that many answers need nearly all.
    weights = size.weights * min(1.0, together * size.active / size.parameters)
    memory = (weights + together * context * size.cache) / (count * gpu.gigabytes_per_second * 1e9)
    arithmetic = 2 * size.active * together / (count * gpu.teraflops * 1e12)
    return together / (_STEP + max(memory, arithmetic) / REACHED)
