"""The cells near others in a system of relations: what has to move along when they move."""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from indicators.secrecy.cells import Flags, Floats, Indices

BATCH = 50


class Neighbourhood:
    """Neighbours by the relations that cells share; built once for a matrix (relations x cells)."""

    def __init__(self, matrix: sparse.csr_array) -> None:
        self._rows = matrix
        self.columns: sparse.csc_array = matrix.tocsc()
        self._degree = np.diff(self.columns.indptr)

    def around(self, cell: int, most: int, movable: Flags, price: Floats) -> Indices:
        """Return, in order, at most so many cells near one: first those that bring the fewest relations not yet met.

        A movement must balance every relation that it touches, so what closes relations comes before what opens
        others, and what is cheap before what is dear.
        """
        inside = np.zeros(len(movable), bool)
        touched = np.zeros(self._rows.shape[0], bool)
        shared = np.zeros(len(movable), np.int64)
        new = np.array([cell])
        many = 0
        while True:
            inside[new] = True
            many += len(new)
            rows = np.unique(slices(self.columns, new))
            rows = rows[~touched[rows]]
            touched[rows] = True
            np.add.at(shared, slices(self._rows, rows), 1)
            near = np.flatnonzero((shared > 0) & movable & ~inside)
            if many >= most or not len(near):
                return np.flatnonzero(inside)
            rank = np.lexsort((price[near], self._degree[near] - shared[near]))
            new = near[rank[: min(most - many, max(BATCH, most // 10))]]


def slices(matrix: sparse.csr_array | sparse.csc_array, chosen: Indices) -> Indices:
    """Return the indices that a compressed matrix holds in some of its rows (CSR) or columns (CSC), end to end."""
    starts, ends = matrix.indptr[chosen], matrix.indptr[chosen + 1]
    lengths = ends - starts
    before = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    return np.asarray(matrix.indices[np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))])
