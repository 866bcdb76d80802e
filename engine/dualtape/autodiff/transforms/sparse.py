"""Sparse Jacobians and Hessians: a product for each group of columns, from which all entries are read off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.autodiff.levels import Pattern, pattern_of
from dualtape.autodiff.transforms.batching import vmap
from dualtape.autodiff.transforms.colouring import column_colours, star_colours
from dualtape.autodiff.transforms.forward import jvp
from dualtape.autodiff.transforms.reverse import vjp
from dualtape.core.interpreter import ground
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.tensor import Tensor


def sparse_jacobian(fn: Callable[[Tensor], Tensor], x: Tensor, sparsity: Any) -> Any:
    """The Jacobian of ``fn`` at ``x`` as a SciPy CSR array, its axes being the elements of output and input, in order.

    Parameters
    ----------
    sparsity
        Where it may differ from zero: a matrix, sparse or not, or True to find out.
    """
    from scipy import sparse

    value = _value(fn, x)
    pattern = _read_pattern(sparsity, fn, x, value)
    transposed = pattern.T.tocsr()
    # A row of a complex output by real inputs would be that of its real part alone.
    by_row = _longest(transposed) < _longest(pattern) and not value.dtype.is_complex
    colours = column_colours(transposed if by_row else pattern)
    seeds = _seeds(colours, value if by_row else x)
    push = (lambda v: vjp(fn, x)[1](v)[0]) if by_row else (lambda v: jvp(fn, x, v)[1])
    products = _products(push, seeds)
    rows, columns = pattern.nonzero()
    entries = products[colours[rows], columns] if by_row else products[colours[columns], rows]
    return _checked(sparse.csr_array((entries, (rows, columns)), shape=pattern.shape), fn, x, sparsity)


def sparse_hessian(gradient: Callable[[Tensor], Tensor], x: Tensor, sparsity: Any) -> Any:
    """As :func:`sparse_jacobian`, for the gradient of a scalar function: its symmetry saves products.

    Of the two triangles one is enough: an entry that shares its group with another one in its row stands alone in its
    column. A matrix with a full row and column takes a handful of products too.
    """
    from scipy import sparse

    value = _value(gradient, x)
    found = _read_pattern(sparsity, gradient, x, value)
    pattern: Any = sparse.csr_array(found + found.T)
    pattern.data[:] = 1
    colours = star_colours(pattern)
    if _longest(pattern) <= colours.max(initial=-1):
        colours = min(colours, column_colours(pattern), key=lambda found: int(found.max(initial=-1)))
    products = _products(lambda v: jvp(gradient, x, v)[1], _seeds(colours, x))
    upper = sparse.triu(pattern, format="coo")
    rows, columns = upper.coords
    # How many entries of a row are added up in one product.
    share = pattern @ _groups(colours).T.astype(np.float64)
    alone = share[rows, colours[columns]] == 1
    entries = np.where(alone, products[colours[columns], rows], products[colours[rows], columns])
    half: Any = sparse.csr_array((entries, (rows, columns)), shape=pattern.shape)
    whole = sparse.csr_array(half + sparse.triu(half, 1).T)
    return _checked(whole, gradient, x, sparsity)


def _value(fn: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if x.level.depth:
        raise ArgumentTypeError(
            "a sparse derivative is a SciPy array of numbers: it can be taken of a derivative, but not be "
            "differentiated, mapped or jitted itself; leave out `sparsity` there"
        )
    value = fn(x)
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(f"a function with a sparse Jacobian must return a Tensor, got {type(value).__name__}")
    return value


def _groups(colours: np.ndarray) -> np.ndarray:
    """For each colour where it is."""
    return np.asarray(np.arange(colours.max(initial=-1) + 1)[:, None] == colours)


def _seeds(colours: np.ndarray, like: Tensor) -> Tensor:
    groups = _groups(colours)
    return ground().constant_like(groups.reshape(len(groups), *like.shape), like)


def _products(push: Callable[[Tensor], Tensor], seeds: Tensor) -> np.ndarray:
    """The derivative along each seed, flat."""
    if not seeds.shape[0]:
        return np.zeros((0, 0), seeds.dtype.numpy)
    products: np.ndarray = vmap(push)(seeds).asnumpy()
    return products.reshape(seeds.shape[0], -1)


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


def _checked(found: Any, fn: Callable[[Tensor], Tensor], x: Tensor, sparsity: Any) -> Any:
    """A given pattern that misses an entry gives wrong numbers: one product in a random direction tells."""
    if sparsity is True:
        return found
    direction = np.random.default_rng(0).uniform(0.5, 1.5, x.size).astype(x.dtype.numpy)
    expected = jvp(fn, x, ground().constant_like(direction.reshape(x.shape), x))[1].asnumpy().ravel()
    size = (abs(found) @ direction).max(initial=0) + np.abs(expected).max(initial=0)
    if not np.abs(found @ direction - expected).max(initial=0) <= 1e3 * np.finfo(x.dtype.numpy).eps * size:
        raise ArgumentError(
            "`sparsity` misses entries of the derivative that are not zero; True finds the pattern itself"
        )
    return found
