"""Squares of the Jacobian of many residuals, of which some rows are there at a time, and never the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff.transforms import Weights, residual_jacobian
from dualtape.control.loops import scan
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.functions.conversion import read_int
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import concat, reshape, transpose
from dualtape.tensor import Tensor

__all__ = ["normal_equations", "residual_gram"]

_ROWS = 512
"""So many rows of points at a time: their part of the matrix is a few megabytes for thousands of weights."""


def normal_equations(
    fn: Callable[..., Tensor], weights: Weights, rows: int = _ROWS
) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """A function that returns the residuals r of ``fn``, J'r and J'J, where J is their Jacobian by ``weights``.

    J, of shape (M, n), is never there as a whole: the rows of some points are made, and added up, before the next ones.
    So memory does not grow with the number of points. It is meant to be called inside ``jit``.

    Parameters
    ----------
    fn, weights
        As :func:`dualtape.residual_jacobian` takes them.
    rows
        The rows of so many points at a time.

    Returns
    -------
    callable
        With ``fn``'s arguments. It gives the residuals, of shape (M,), J'r of shape (n,), and J'J of shape (n, n).

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0, 1.0]), name="w")
    >>> points = dt.Tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    >>> r, gradient, matrix = dt.optim.normal_equations(lambda x: x @ w, w, rows=2)(points)
    >>> print(r, gradient, matrix.asnumpy().tolist())
    [3. 2. 4.] [7. 8.] [[2.0, 1.0], [1.0, 5.0]]
    """
    linearised = residual_jacobian(fn, weights)
    size = _read_rows("normal_equations", rows)

    def squares(*args: Any) -> tuple[Tensor, Tensor, Tensor]:
        r, matrix = linearised(*args)
        turned = transpose(matrix)
        return r, turned @ r, turned @ matrix

    def added(*args: Any) -> tuple[Tensor, Tensor, Tensor]:
        chunks, rest = _in_chunks("normal_equations", args, size)
        if chunks is None:
            return squares(*args)

        def step(sums: tuple[Tensor, Tensor], chunk: tuple[Any, ...]) -> tuple[tuple[Tensor, Tensor], Tensor]:
            r, gradient, matrix = squares(*chunk)
            return (sums[0] + gradient, sums[1] + matrix), r

        # Those of the last points, which may be fewer, and whose shapes tell those of the sums.
        last: Tensor | None
        last, gradient, matrix = squares(*(_first(chunks) if rest is None else rest))
        if rest is None:
            last, gradient, matrix = None, zeros_like(gradient), zeros_like(matrix)
        (gradient, matrix), found = scan(step, (gradient, matrix), chunks)
        return _joined(reshape(found, (-1,)), last), gradient, matrix

    return added


def residual_gram(
    fn: Callable[..., Tensor], weights: Weights, rows: int = _ROWS
) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the residuals of ``fn``, and JJ', where J is their Jacobian by ``weights``.

    JJ' is the neural tangent kernel of the residuals: its element (i, j) tells what a step along the gradient of one
    residual does to another. J, of shape (M, n), is never there as a whole: the rows of some points meet those of some
    others, and are made again for the next ones, which costs less than the products where weights are many. It is meant
    to be called inside ``jit``.

    Parameters
    ----------
    fn, weights
        As :func:`dualtape.residual_jacobian` takes them.
    rows
        The rows of so many points at a time.

    Returns
    -------
    callable
        With ``fn``'s arguments. It gives the residuals, of shape (M,), and JJ' of shape (M, M).

    References: Jacot, Gabriel & Hongler 2018, *Neural tangent kernel* (arXiv:1806.07572); for steps of least squares
    Guzmán-Cordero et al. 2025 (arXiv:2505.12149).

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0, 1.0]), name="w")
    >>> points = dt.Tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    >>> r, matrix = dt.optim.residual_gram(lambda x: x @ w, w, rows=2)(points)
    >>> print(r, matrix.asnumpy().tolist())
    [3. 2. 4.] [[1.0, 0.0, 1.0], [0.0, 4.0, 2.0], [1.0, 2.0, 2.0]]
    """
    linearised = residual_jacobian(fn, weights)
    size = _read_rows("residual_gram", rows)

    def gram(*args: Any) -> tuple[Tensor, Tensor]:
        chunks, rest = _in_chunks("residual_gram", args, size)
        if chunks is None:
            r, matrix = linearised(*args)
            return r, matrix @ transpose(matrix)

        def rows_of(points: tuple[Any, ...]) -> tuple[Tensor, Tensor]:
            """The residuals of some points, and what their rows are with those of all points."""
            r, matrix = linearised(*points)
            turned = transpose(matrix)
            _, products = scan(lambda carry, chunk: (carry, linearised(*chunk)[1] @ turned), 0, chunks)
            last = None if rest is None else linearised(*rest)[1] @ turned
            return r, transpose(_joined(reshape(products, (-1, matrix.shape[0])), last))

        _, (r, matrix) = scan(lambda carry, chunk: (carry, rows_of(chunk)), 0, chunks)
        r, matrix = reshape(r, (-1,)), reshape(matrix, (-1, matrix.shape[2]))
        if rest is None:
            return r, matrix
        last_r, last = rows_of(rest)
        return concat([r, last_r], axis=0), concat([matrix, last], axis=0)

    return gram


def _read_rows(title: str, rows: int) -> int:
    size = read_int(title, "rows", rows)
    if size < 1:
        raise ArgumentError(f"`rows` of `{title}` must be at least 1, got {size}")
    return size


def _in_chunks(title: str, args: tuple[Any, ...], size: int) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """The arguments in parts of ``size`` rows, stacked, and what is left over; ``None`` where there is none of it."""
    leaves, structure = pytree.flatten(args)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ArgumentTypeError(f"an argument of `{title}` holds {type(leaf).__name__}; expected Tensors with rows")
    counts = {leaf.shape[0] if leaf.ndim else -1 for leaf in leaves}
    if len(counts) != 1 or -1 in counts:
        raise ShapeError(
            f"the arguments of `{title}` have shapes {', '.join(str(x.shape) for x in leaves)}; all must have as many "
            "rows"
        )
    (count,) = counts
    whole = count // size
    if whole < 2:
        return None, None
    chunks = [reshape(x[: whole * size], (whole, size, *x.shape[1:])) for x in leaves]
    rest = None if whole * size == count else pytree.unflatten(structure, [x[whole * size :] for x in leaves])
    return pytree.unflatten(structure, chunks), rest


def _first(chunks: tuple[Any, ...]) -> tuple[Any, ...]:
    leaves, structure = pytree.flatten(chunks)
    found: tuple[Any, ...] = pytree.unflatten(structure, [x[0] for x in leaves])
    return found


def _joined(many: Tensor, last: Tensor | None) -> Tensor:
    return many if last is None else concat([many, last], axis=0)
