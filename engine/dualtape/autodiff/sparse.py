"""Sparse Jacobians: columns that share no row are differentiated together, as one direction.

Reference: Curtis, Powell & Reid 1974; Gebremedhin, Manne & Pothen 2005, *What color is your Jacobian?*
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.autodiff.batching import vmap
from dualtape.autodiff.forward import jvp
from dualtape.autodiff.reverse import vjp
from dualtape.autodiff.supports import Pattern, pattern_of
from dualtape.core.interpreter import ground
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.tensor import Tensor


def sparse_jacobian(fn: Callable[[Tensor], Tensor], x: Tensor, sparsity: Any, reversible: bool = True) -> Any:
    """The Jacobian of ``fn`` at ``x`` as a SciPy CSR array, its axes being the elements of output and input, in order.

    Parameters
    ----------
    sparsity
        Where it may differ from zero: a matrix, sparse or not, or True to find out.
    reversible
        Whether rows may be compressed instead of columns, where that takes fewer products.
    """
    from scipy import sparse

    if x.level.depth:
        raise ArgumentTypeError(
            "a sparse derivative is a SciPy array of numbers: it can be taken of a derivative, but not be "
            "differentiated, mapped or jitted itself; leave out `sparsity` there"
        )
    value = fn(x)
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(f"a function with a sparse Jacobian must return a Tensor, got {type(value).__name__}")
    pattern = _read_pattern(sparsity, fn, x, value)
    rows, columns = pattern.nonzero()
    by_row = reversible and _longest(pattern.T.tocsr()) < _longest(pattern)
    colours = _colours(pattern.T.tocsr() if by_row else pattern)
    like = value if by_row else x
    groups = np.arange(colours.max(initial=-1) + 1)[:, None] == colours
    seeds = _tensor(groups.reshape(len(groups), *like.shape), like)
    if not len(groups):
        return sparse.csr_array(pattern.shape, dtype=x.dtype.numpy)
    products = vmap(vjp(fn, x)[1])(seeds)[0] if by_row else vmap(lambda v: jvp(fn, x, v)[1])(seeds)
    compressed = products.asnumpy().reshape(len(groups), -1)
    entries = compressed[colours[rows], columns] if by_row else compressed[colours[columns], rows]
    found = sparse.csr_array((entries, (rows, columns)), shape=pattern.shape)
    if sparsity is not True:
        _check(fn, x, found)
    return found


def _read_pattern(sparsity: Any, fn: Callable[[Tensor], Tensor], x: Tensor, value: Tensor) -> Pattern:
    from scipy import sparse

    if sparsity is True:
        return pattern_of(fn, x)
    if not sparse.issparse(sparsity) and not isinstance(sparsity, np.ndarray):
        raise ArgumentTypeError(
            f"`sparsity` must be True, a SciPy sparse array or a NumPy array, got {type(sparsity).__name__}"
        )
    given: Any = sparsity
    expected = (value.size, x.size)
    if given.shape != expected:
        raise ShapeError(
            f"`sparsity` has shape {given.shape}; expected {expected}: elements of the output by those of the input"
        )
    return sparse.csr_array(given != 0, dtype=np.float64)


def _longest(pattern: Pattern) -> int:
    """The number of entries in the fullest row, below which no colouring of columns can go."""
    return int(np.diff(pattern.indptr).max(initial=0))


def _colours(pattern: Pattern) -> np.ndarray:
    """A colour for each column, such that columns of one colour have no row in common: the first that is free."""
    by_column = pattern.tocsc()
    taken: list[set[int]] = [set() for _ in range(pattern.shape[0])]
    colours = np.zeros(pattern.shape[1], np.int64)
    for j in range(pattern.shape[1]):
        rows = by_column.indices[by_column.indptr[j] : by_column.indptr[j + 1]]
        forbidden = set().union(*(taken[row] for row in rows))
        colour = 0
        while colour in forbidden:
            colour += 1
        colours[j] = colour
        for row in rows:
            taken[row].add(colour)
    return colours


def _check(fn: Callable[[Tensor], Tensor], x: Tensor, found: Any) -> None:
    """A pattern that misses an entry gives wrong numbers: one product in a random direction tells."""
    direction = np.random.default_rng(0).uniform(0.5, 1.5, x.size).astype(x.dtype.numpy)
    expected = jvp(fn, x, _tensor(direction.reshape(x.shape), x))[1].asnumpy().ravel()
    size = (abs(found) @ direction).max(initial=0) + np.abs(expected).max(initial=0)
    if not np.abs(found @ direction - expected).max(initial=0) <= 1e3 * np.finfo(x.dtype.numpy).eps * size:
        raise ArgumentError(
            "`sparsity` misses entries of the derivative that are not zero; True finds the pattern itself"
        )


def _tensor(array: np.ndarray, like: Tensor) -> Tensor:
    return ground().constant(array.astype(like.dtype.numpy), like.device)
