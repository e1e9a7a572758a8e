"""In how many documents of a group does each pattern occur: three sparse products."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Clauses = tuple[tuple[str, ...], ...]
"""A pattern: an AND of clauses, each an OR of tokens."""


class Documents:
    """Groups of documents (a group: one checkpoint, say), in which patterns after patterns can be counted.

    A document is its tokens, in any order and number. They are read once, into a sparse matrix documents x tokens.

    Raises:
        TypeError: a document is a text and not its tokens.
    """

    def __init__(self, groups: Sequence[Sequence[Iterable[str]]]) -> None:
        self.sizes = [len(group) for group in groups]
        token_sets = [_tokens_of(document) for group in groups for document in group]
        self._column = _number(set().union(*token_sets))
        self._documents = _matrix(token_sets, len(self._column), self._column.__getitem__).tocsc()

    def count(self, patterns: Sequence[Clauses]) -> NDArray[np.int64]:
        """Return how many documents of each group hold each pattern, `(len(groups), len(patterns))`.

        A document holds a pattern if each clause has a token among the document's tokens. A group without documents
        counts 0, so a caller whose documents are missing must not ask (0 of nothing is not 0 of many).

        Method: documents x tokens @ tokens x clauses says which clauses are met (> 0); that @ clauses x patterns says
        how many clauses of each pattern are, and a pattern is held if that is all of them.

        Raises:
            ValueError: a pattern without clauses, or a clause without tokens (what would it mean to hold it?).
        """
        _check(patterns)
        clause_numbers = _number({frozenset(clause) for pattern in patterns for clause in pattern})
        tokens = [token for token in set().union(*clause_numbers) if token in self._column]
        token_ids = _number(tokens)
        clauses = [[token_ids[token] for token in clause if token in token_ids] for clause in clause_numbers]
        clause_ids = [{clause_numbers[frozenset(clause)] for clause in pattern} for pattern in patterns]
        matches = self._documents[:, [self._column[token] for token in tokens]] @ _matrix(clauses, len(tokens)).T
        matches.data[:] = 1
        hits = (matches @ _matrix(clause_ids, len(clause_numbers)).T).tocsr()
        n_clauses = np.array([len(ids) for ids in clause_ids], dtype=np.int64)
        hits.data = (hits.data == n_clauses[hits.indices]).astype(np.int64)
        return np.asarray((_grouping(self.sizes) @ hits).toarray(), dtype=np.int64)


def count_patterns(groups: Sequence[Sequence[Iterable[str]]], patterns: Sequence[Clauses]) -> NDArray[np.int64]:
    """Count once: see `Documents`."""
    return Documents(groups).count(patterns)


def _check(patterns: Sequence[Clauses]) -> None:
    for pattern in patterns:
        if not pattern or not all(pattern):
            raise ValueError(f"a pattern needs clauses and a clause needs tokens, this has none: {pattern!r}")


def _number(things: Iterable[Any]) -> dict[Any, int]:
    return {thing: number for number, thing in enumerate(things)}


def _tokens_of(document: Iterable[str]) -> set[str]:
    if isinstance(document, str):
        raise TypeError(f"a document is its tokens, not a text: {document[:40]!r}")
    return set(document)


def _matrix(rows: Sequence[Collection[Any]], n_columns: int, column: Callable[[Any], int] = int) -> Any:
    """Sparse 0/1 matrix `(len(rows), n_columns)` with a 1 at the columns of what each row lists."""
    from scipy.sparse import csr_array  # half a second: only for who counts

    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    columns = np.fromiter(map(column, chain.from_iterable(rows)), dtype=np.int64, count=int(ends[-1]))
    return csr_array((np.ones(len(columns), dtype=np.int64), columns, ends), shape=(len(rows), n_columns))


def _grouping(sizes: Sequence[int]) -> Any:
    ends = list(accumulate(sizes, initial=0))
    return _matrix([range(start, end) for start, end in pairwise(ends)], ends[-1])
