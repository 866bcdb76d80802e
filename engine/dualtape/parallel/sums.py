"""Sums over all ranks of tensors, and of gradients for a training loop of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.autodiff.transforms import value_and_grad
from dualtape.compiler.jit import jit
from dualtape.errors import ArgumentTypeError, ConversionError
from dualtape.parallel.ranks import Ranks
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor


def allreduce(tree: Any, comm: Any) -> Any:
    """The sum over all ranks of each tensor in nested tuples, lists and dicts, in one message.

    In Float64 and in the order of ranks, whatever the element type: all ranks get the same bits, in each run.

    Parameters
    ----------
    tree
        Tensors of floats, of the same structure and shapes on each rank. Values, not what is being differentiated or
        traced: sums over ranks have no derivative here.
    comm
        A communicator of mpi4py; ``None`` for this process alone.

    Examples
    --------
    >>> import dualtape as dt
    >>> loss, (gradient,) = dt.parallel.allreduce((dt.Tensor(2.0), (dt.Tensor([1.0, 3.0]),)), dt.parallel.world())
    >>> print(loss, gradient)
    2.0 [1. 3.]
    """
    ranks = Ranks(comm)
    leaves, structure = pytree.flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor) or not leaf.dtype.is_float:
            what = f"a Tensor of {leaf.dtype}" if isinstance(leaf, Tensor) else type(leaf).__name__
            raise ArgumentTypeError(f"`allreduce` takes Tensors of floats, got {what}")
        if leaf.level.depth:
            raise ConversionError(
                "`allreduce` was given a value that is being differentiated, mapped or traced; give it the results of "
                "`grad` or of a jitted function instead"
            )
    if ranks.size == 1 or not leaves:
        return tree
    packed = ranks.sum(np.concatenate([np.asarray(leaf, np.float64).ravel() for leaf in leaves]))
    parts = np.split(packed, np.cumsum([leaf.size for leaf in leaves])[:-1])
    summed = [
        Tensor(part.reshape(leaf.shape).astype(leaf.dtype.numpy), device=leaf.device)
        for part, leaf in zip(parts, leaves, strict=True)
    ]
    return pytree.unflatten(structure, summed)


def summed_value_and_grad(
    function: Callable[..., Any],
    comm: Any,
    grad_position: int | tuple[int, ...] | None = 0,
    weights: Parameter | tuple[Parameter, ...] | list[Parameter] | None = None,
) -> Callable[..., tuple[Any, Any]]:
    """The value and the gradients of the sum of a function over all ranks, each of which calls it with its own data.

    A mean over N points is such a sum where each rank divides the sum over its own points by N. The function is
    compiled by :func:`dualtape.jit`.

    Parameters
    ----------
    function
        Of tensors, to a number.
    comm
        A communicator of mpi4py; ``None`` for this process alone.
    grad_position, weights
        As of :func:`dualtape.value_and_grad`.

    Examples
    --------
    >>> import dualtape as dt
    >>> comm = dt.parallel.world()
    >>> points = dt.Tensor([[0.0], [0.5], [1.0], [2.0]])[dt.parallel.Ranks(comm).share(4)]
    >>> w = dt.Parameter(dt.Tensor([2.0]), name="w")
    >>> mean_square = lambda x: (w * x).square().sum() / 4
    >>> loss, gradient = dt.parallel.summed_value_and_grad(mean_square, comm, None, weights=w)(points)
    >>> print(loss, gradient)
    5.25 [5.25]
    """
    compiled = jit(value_and_grad(function, grad_position, weights))
    return lambda *arguments: allreduce(compiled(*arguments), comm)
