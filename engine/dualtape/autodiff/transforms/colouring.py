"""Colours for the columns of a sparse matrix: those of one colour are differentiated together, as one direction.

References: Curtis, Powell & Reid 1974; Gebremedhin, Manne & Pothen 2005, *What color is your Jacobian? Graph coloring
for computing derivatives*, SIAM Review 47.
"""

from __future__ import annotations

from itertools import count

import numpy as np

from dualtape.autodiff.levels import Pattern


def column_colours(pattern: Pattern) -> np.ndarray:
    """A colour for each column, such that columns of one colour have no row in common: the first that is free."""
    by_column = pattern.tocsc()
    taken: list[set[int]] = [set() for _ in range(pattern.shape[0])]
    colours = np.zeros(pattern.shape[1], np.int64)
    for j in range(pattern.shape[1]):
        rows = by_column.indices[by_column.indptr[j] : by_column.indptr[j + 1]]
        colour = _first_free(set().union(*(taken[row] for row in rows)))
        colours[j] = colour
        for row in rows:
            taken[row].add(colour)
    return colours


def star_colours(pattern: Pattern) -> np.ndarray:
    """A colour for each column of a symmetric matrix, such that each entry stands alone in its row or in its column.

    That is: neighbours differ, and no path over four vertices has two colours only. A greedy choice, the vertices of
    most neighbours first; those of very many get a colour of their own, which makes all paths over them safe.
    """
    size = pattern.shape[0]
    degrees = np.diff(pattern.indptr)
    is_hub = degrees > max(np.sqrt(pattern.nnz), 2)
    neighbours = [
        [int(w) for w in pattern.indices[pattern.indptr[v] : pattern.indptr[v + 1]] if w != v and not is_hub[w]]
        for v in range(size)
    ]
    given: list[int] = [-1] * size
    for v in np.argsort(-degrees, kind="stable").tolist():
        if not is_hub[v]:
            given[v] = _first_free(_forbidden(v, neighbours, given))
    colours = np.array(given, np.int64)
    colours[is_hub] = colours.max(initial=-1) + 1 + np.arange(is_hub.sum())
    return colours


def _forbidden(v: int, neighbours: list[list[int]], colours: list[int]) -> set[int]:
    """The colours that would give a neighbour of ``v`` its own, or make a path v, w, x, y of two colours."""
    found: set[int] = set()
    for w in neighbours[v]:
        of_w = colours[w]
        if of_w >= 0:
            found.add(of_w)
        for x in neighbours[w]:
            of_x = colours[x]
            if x == v or of_x < 0 or of_x in found:
                continue
            if of_w < 0 or any(colours[y] == of_w for y in neighbours[x] if y != w):
                found.add(of_x)
    return found


def _first_free(taken: set[int]) -> int:
    return next(colour for colour in count() if colour not in taken)
