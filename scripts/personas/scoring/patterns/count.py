"""In how many documents of a group does each pattern occur: three sparse products."""

from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Clauses = tuple[tuple[str, ...], ...]
"""A pattern: an AND of clauses, each an OR of tokens."""


def count_patterns(groups: Sequence[Sequence[Iterable[str]]], patterns: Sequence[Clauses]) -> NDArray[np.int64]:
    """Count the documents that hold each pattern, per group of documents (a group: one checkpoint, say).

    Shapes: `groups[g][d]` is the tokens of one document, the result is `(len(groups), len(patterns))`. A document
    holds a pattern if each clause has a token among the document's tokens; order, adjacency and repetition do not
    matter. A group without documents counts 0, so a caller whose documents are missing must not ask
    (0 of nothing is not 0 of many): divide by the number of documents, or stop.

    Method: documents x tokens @ tokens x clauses says which clauses are met (> 0); that @ clauses x patterns says
    how many clauses of each pattern are, and a pattern is held if that is all of them.

    Raises:
        ValueError: a pattern without clauses, or a clause without tokens (what would it mean to hold it?).
        TypeError: a document is a text and not its tokens.
    """
    _check(patterns)
    numbered = _number({frozenset(clause) for pattern in patterns for clause in pattern})
    token_ids = _number(set().union(*numbered))
    clause_ids = [{numbered[frozenset(clause)] for clause in pattern} for pattern in patterns]
    known = frozenset(token_ids)
    documents = [_ids(document, known, token_ids) for group in groups for document in group]
    clauses = [_ids(clause, known, token_ids) for clause in numbered]
    met = _matrix(documents, len(token_ids)) @ _matrix(clauses, len(token_ids)).T
    met.data[:] = 1
    held = met @ _matrix(clause_ids, len(numbered)).T
    needed = np.array([len(ids) for ids in clause_ids], dtype=np.int64)
    held.data = (held.data == needed[held.indices]).astype(np.int64)
    return np.asarray((_grouping(groups) @ held).toarray(), dtype=np.int64)


def _check(patterns: Sequence[Clauses]) -> None:
    for pattern in patterns:
        if not pattern or not all(pattern):
            raise ValueError(f"a pattern needs clauses and a clause needs tokens, this has none: {pattern!r}")


def _number(things: Iterable[Any]) -> dict[Any, int]:
    return {thing: number for number, thing in enumerate(things)}


def _ids(tokens: Iterable[str], known: frozenset[str], token_ids: dict[str, int]) -> list[int]:
    """Numbers of the tokens that occur in any pattern; the others are left out, they change no count."""
    if isinstance(tokens, str):
        raise TypeError(f"a document is its tokens, not a text: {tokens[:40]!r}")
    return list(map(token_ids.__getitem__, known.intersection(tokens)))


def _matrix(rows: Sequence[Collection[int]], n_columns: int) -> Any:
    """Sparse 0/1 matrix `(len(rows), n_columns)` with a 1 at the columns that each row lists."""
    from scipy.sparse import csr_array  # half a second: only for who counts

    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    columns = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(ends[-1]))
    return csr_array((np.ones(len(columns), dtype=np.int64), columns, ends), shape=(len(rows), n_columns))


def _grouping(groups: Sequence[Sequence[object]]) -> Any:
    ends = list(accumulate((len(group) for group in groups), initial=0))
    return _matrix([range(start, end) for start, end in pairwise(ends)], ends[-1])
