"""Mine the token patterns that set a persona's answers apart from the baseline's."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from personas.core.errors import UserError
from personas.scoring.patterns.count import Clauses, count_patterns
from personas.scoring.patterns.premise import PremiseFailed, PremisePattern, PremiseTimedOut, run_premise
from personas.scoring.patterns.tokens import Tokens, tokenize

FISHER_P = 0.01
# The package's default. Lower values look at more combinations: measured on 1,000 documents of 150 draws,
# 0.3 took 2 s, 0.1 took 13 s and 0 took 150 s, for the same ten patterns.
MIN_OVERLAP = 0.3
TIMEOUT_SECONDS = 900.0
MANY_TOKENS = 1000
"""From so many on, those that can stand in no pattern are left out of the search: it takes their square in time."""

Group = Literal["persona", "baseline"]
Status = Literal["ok", "no-documents", "timed-out", "failed"]
_GROUPS: tuple[Group, Group] = ("baseline", "persona")  # the program's labels 0 and 1, as in the study


@dataclass(frozen=True)
class Pattern:
    """Tokens that go together, and the group whose answers they mark.

    `clauses` is an AND of ORs (without word embeddings each OR has one token), sorted. `n_persona` and `n_baseline`
    count documents that hold it, by `count_patterns`. `mdl_gain`: bits by which the pattern shortened the
    description of the data when it was accepted (> 0: shorter). `p_value`: one-sided Fisher test, 6 digits; see
    `Mined` for what it does not say.
    """

    clauses: Clauses
    group: Group
    n_persona: int
    n_baseline: int
    mdl_gain: float
    p_value: float


@dataclass(frozen=True)
class MiningResult:
    """What was found, in which documents, and whether the search ended.

    Fisher's p is per pattern and uncorrected for the number of patterns tried, and it treats responses as
    independent; the answers of one persona or dialogue are not. Read it as a filter, not as evidence, and say so
    in figures.

    Document counts leave out documents without tokens, which are counted as empty. Status "no-documents": a group
    has no document with tokens; "timed-out" and "failed": the search did not end, `detail` says how. In all three
    `patterns` is empty, which is not the same as "ok" with no pattern found.
    """

    status: Status
    patterns: tuple[Pattern, ...]
    n_persona_documents: int
    n_baseline_documents: int
    n_empty_persona: int
    n_empty_baseline: int
    detail: str = ""


def mine(
    persona_texts: Iterable[str],
    baseline_texts: Iterable[str],
    *,
    fisher_p: float = FISHER_P,
    min_overlap: float = MIN_OVERLAP,
    timeout: float = TIMEOUT_SECONDS,
    as_published: bool = False,
) -> MiningResult:
    """Contrast the two groups of texts (answers; one text is one document).

    Patterns come persona first, then by p, gain (largest first) and tokens. The search draws nothing at random, but
    it is greedy: among candidates of equal gain it takes the first. By default vocabulary and documents are sorted
    for it, so that the order of the texts has no influence.

    Args:
        persona_texts: answers of the persona. Leave failed answers out: an empty text counts as an empty document.
        baseline_texts: answers of the same model to the same questions without a persona.
        fisher_p: largest p of a pattern, 0 to 1.
        min_overlap: how far tokens must overlap to be tried together, 0 to 1.
        timeout: seconds for the search, without tokenising.
        as_published: search as the study did: tokens of white space count, and baseline and persona go to the program
            in the order of their texts, tokens numbered as they first appear.

    Raises:
        UserError: a parameter is out of range, or pypremise has no program for this machine.
    """
    persona, baseline = (tokenize(texts, with_space=as_published) for texts in (persona_texts, baseline_texts))
    return mine_documents(
        persona,
        baseline,
        fisher_p=fisher_p,
        min_overlap=min_overlap,
        timeout=timeout,
        as_published=as_published,
    )


def mine_documents(
    persona: Sequence[Tokens],
    baseline: Sequence[Tokens],
    *,
    fisher_p: float = FISHER_P,
    min_overlap: float = MIN_OVERLAP,
    timeout: float = TIMEOUT_SECONDS,
    as_published: bool = False,
) -> MiningResult:
    """Contrast two groups of texts that are cut into tokens: see `mine`."""
    _check(fisher_p, min_overlap, timeout)
    groups = [[tokens for tokens in group if tokens] for group in (baseline, persona)]
    status, patterns, detail = _search(groups, fisher_p, min_overlap, timeout, as_published)
    return MiningResult(
        status=status,
        patterns=patterns,
        n_persona_documents=len(groups[1]),
        n_baseline_documents=len(groups[0]),
        n_empty_persona=len(persona) - len(groups[1]),
        n_empty_baseline=len(baseline) - len(groups[0]),
        detail=detail,
    )


def _check(fisher_p: float, min_overlap: float, timeout: float) -> None:
    # The program takes any number, NaN too, without a word.
    if not 0 < fisher_p <= 1:
        raise UserError(f"fisher_p is {fisher_p}, but a p-value above 0 and up to 1 is expected.")
    if not 0 <= min_overlap <= 1:
        raise UserError(f"min_overlap is {min_overlap}, but a share from 0 to 1 is expected.")
    if not timeout > 0:
        raise UserError(f"timeout is {timeout}, but a number of seconds above 0 is expected.")


def _search(
    groups: Sequence[Sequence[Tokens]], fisher_p: float, min_overlap: float, timeout: float, as_published: bool
) -> tuple[Status, tuple[Pattern, ...], str]:
    if not all(groups):
        return "no-documents", (), ""
    vocabulary = list(dict.fromkeys(token for group in groups for document in group for token in document))
    n_tokens = len(vocabulary)
    if not as_published:
        vocabulary = sorted(_frequent(groups, fisher_p) if n_tokens > MANY_TOKENS else vocabulary)
    numbers = {token: number for number, token in enumerate(vocabulary)}
    rows = [
        (sorted({numbers[t] for t in document if t in numbers}), label)
        for label in (0, 1)
        for document in groups[label]
    ]
    if not as_published:
        rows.sort()
    documents, labels = [row for row, _ in rows], [label for _, label in rows]
    try:
        premise_patterns = run_premise(documents, labels, fisher_p=fisher_p, min_overlap=min_overlap, timeout=timeout)
    except PremiseTimedOut as error:
        return "timed-out", (), str(error)
    except (PremiseFailed, OSError) as error:
        return "failed", (), str(error)
    if not as_published:
        premise_patterns = _as_with_all_tokens(premise_patterns, math.log2(n_tokens / len(vocabulary)))
    return "ok", _patterns(premise_patterns, vocabulary, groups), ""


def least_documents(n_one: int, n_other: int, fisher_p: float) -> int:
    """Return in how many documents a token has to occur, for a pattern with it to reach a p of one-sided Fisher.

    A pattern is held by no more documents than any token of its. Of k documents that hold it, p is smallest where all
    belong to the smaller of both groups (m of n documents): m/n * (m-1)/(n-1) * ..., k factors, which fall with k.
    1 where no number of documents is enough: then nothing can be left out.
    """
    smaller, total, p = min(n_one, n_other), n_one + n_other, 1.0
    for k in range(smaller):
        p *= (smaller - k) / (total - k)
        if p <= fisher_p * (1 + 1e-9):
            return k + 1
    return 1


def _frequent(groups: Sequence[Sequence[Tokens]], fisher_p: float) -> set[str]:
    """Return the tokens that can stand in a pattern, and for each document that has none of these its commonest one.

    The program wants no empty document.
    """
    counts = Counter(token for group in groups for document in group for token in set(document))
    least = least_documents(len(groups[0]), len(groups[1]), fisher_p)
    frequent = {token for token, count in counts.items() if count >= least}
    bare = (document for group in groups for document in group if frequent.isdisjoint(document))
    return frequent.union({min(document, key=lambda token: (-counts[token], token)) for document in bare})


def _as_with_all_tokens(patterns: Sequence[PremisePattern], fewer: float) -> list[PremisePattern]:
    """Return the patterns that shorten the description also where the code of a token knows all tokens.

    The program counts 1.5 log2 V bits for a token among V that a pattern takes in: one log2 to name it, half a log2
    for its frequency. `fewer`: by how much log2 V is smaller for the tokens that the program got. With this the gain
    is that of a search with all tokens, to some tenths of a bit.
    """
    with_bits = (one._replace(bits=one.bits + 1.5 * fewer * one.new_tokens) for one in patterns)
    return [one for one in with_bits if one.bits < 0]


def _patterns(
    premise_patterns: Sequence[PremisePattern], vocabulary: Sequence[str], groups: Sequence[Sequence[Tokens]]
) -> tuple[Pattern, ...]:
    clauses = [_clauses(one, vocabulary) for one in premise_patterns]
    n_baseline, n_persona = count_patterns(groups, clauses).tolist()
    patterns = [
        Pattern(clauses[i], _GROUPS[one.group], n_persona[i], n_baseline[i], -one.bits, one.p_value)
        for i, one in enumerate(premise_patterns)
    ]
    return tuple(sorted(patterns, key=lambda p: (p.group != "persona", p.p_value, -p.mdl_gain, p.clauses)))


def _clauses(pattern: PremisePattern, vocabulary: Sequence[str]) -> Clauses:
    return tuple(sorted(tuple(sorted(vocabulary[number] for number in clause)) for clause in pattern.clauses))
