"""Jacobians, Hessians and their products: `jvp` and `vjp` over a whole basis at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.autodiff.batching import vmap
from dualtape.autodiff.forward import jvp
from dualtape.autodiff.request import read_positions, require_callable, split_aux
from dualtape.autodiff.reverse import grad, vjp
from dualtape.core.interpreter import ground
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, PositionError
from dualtape.functions.shape import reshape
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

Positions = int | tuple[int, ...]


def jacfwd(fn: Callable[..., Any], grad_position: Positions = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``fn``, column by column in forward mode.

    The cheaper choice where there are fewer inputs than outputs.

    Parameters
    ----------
    fn
        A function of Tensors that returns a Tensor or a nested container of them.
    grad_position
        Which arguments to differentiate by: an int, or a tuple of ints for a tuple of Jacobians.
    has_aux
        ``fn`` returns ``(output, aux...)``, and only the first is differentiated; the others are returned
        beside the Jacobian: bare if there is one, else as a tuple.

    Returns
    -------
    callable
        Its result has the structure of the output; each leaf has the output's shape followed by the input's.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.jacfwd(lambda x: x * x)(dt.Tensor([1.0, 2.0])))
    [[2. 0.]
     [0. 4.]]
    """
    require_callable("jacfwd", fn)
    positions, single = _positions(grad_position)

    def after_jacfwd(*args: Any) -> Any:
        jacobians = []
        aux: Any = ()
        for position in positions:
            x = _argument("jacfwd", args, position)
            others = _at(fn, args, position)
            if has_aux:
                aux = split_aux(fn(*args))[1]
                others = _first(others)
            # The direction is the last axis of the columns, so the Jacobian's axes are those of output, then input.
            columns = vmap(lambda v, f=others, x=x: jvp(f, x, v)[1], out_axes=-1)(_basis(x))
            jacobians.append(pytree.map(lambda c, x=x: reshape(c, (*c.shape[:-1], *x.shape)), columns))
        result = jacobians[0] if single else tuple(jacobians)
        return (result, aux) if has_aux else result

    return after_jacfwd


def jacrev(fn: Callable[..., Any], grad_position: Positions = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``fn``, row by row in reverse mode; see :func:`jacfwd`.

    The cheaper choice where there are fewer outputs than inputs.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.jacrev(lambda x: (x * x).sum())(dt.Tensor([1.0, 2.0])))
    [2. 4.]
    """
    require_callable("jacrev", fn)
    positions, single = _positions(grad_position)

    def after_jacrev(*args: Any) -> Any:
        chosen = [_argument("jacrev", args, position) for position in positions]

        def of_chosen(*values: Tensor) -> Any:
            filled = list(args)
            for position, value in zip(positions, values, strict=True):
                filled[position] = value
            return fn(*filled)

        found = vjp(of_chosen, *chosen, has_aux=has_aux)
        outputs, pull = found[0], found[1]
        leaves, structure = pytree.flatten(outputs)
        by_input: list[list[Tensor]] = [[] for _ in positions]
        for i, leaf in enumerate(leaves):
            rows = vmap(lambda ct, i=i: pull(pytree.unflatten(structure, _only(leaves, i, ct))))(_basis(leaf))
            for store, row, x in zip(by_input, rows, chosen, strict=True):
                store.append(reshape(row, (*leaf.shape, *x.shape)))
        jacobians = [pytree.unflatten(structure, store) for store in by_input]
        result = jacobians[0] if single else tuple(jacobians)
        return (result, found[2]) if has_aux else result

    return after_jacrev


def hessian(fn: Callable[..., Tensor], grad_position: Positions = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of a scalar function: forward over reverse.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.hessian(lambda x: x[0] ** 2 * x[1])(dt.Tensor([1.0, 3.0])))
    [[6. 2.]
     [2. 0.]]
    """
    require_callable("hessian", fn)
    return jacfwd(grad(fn, grad_position), grad_position)


def hvp(fn: Callable[..., Tensor], inputs: Any, v: Any) -> tuple[Tensor, Any]:
    """The gradient of a scalar function, and its Hessian times ``v``, for about twice the cost of the gradient.

    ``inputs`` and ``v`` are a Tensor, or tuples with one for each argument.

    Examples
    --------
    >>> import dualtape as dt
    >>> gradient, product = dt.hvp(lambda x: (x ** 3).sum(), dt.Tensor([1.0, 2.0]), dt.Tensor([1.0, 1.0]))
    >>> print(gradient, product)
    [ 3. 12.] [ 6. 12.]
    """
    require_callable("hvp", fn)
    count = len(inputs) if isinstance(inputs, (tuple, list)) else 1
    return jvp(grad(fn, tuple(range(count)) if count > 1 else 0), inputs, v)


def _positions(grad_position: Any) -> tuple[tuple[int, ...], bool]:
    positions, single = read_positions(grad_position)
    if positions is None:
        raise ArgumentError("`grad_position` of a Jacobian must be an int or a tuple of ints, got None")
    return positions, single


def _argument(function: str, args: tuple[Any, ...], position: int) -> Tensor:
    if position >= len(args):
        raise PositionError(f"Position index {position} is exceed input size.")
    x = args[position]
    if not isinstance(x, Tensor):
        raise ArgumentTypeError(f"argument {position} of `{function}` must be a Tensor, got {type(x).__name__}")
    if not x.dtype.is_float:
        raise DTypeError(f"argument {position} of `{function}` is a Tensor of {x.dtype}, which has no derivative")
    return x.value() if isinstance(x, Parameter) else x


def _at(fn: Callable[..., Any], args: tuple[Any, ...], position: int) -> Callable[[Any], Any]:
    return lambda x: fn(*args[:position], x, *args[position + 1 :])


def _first(fn: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: fn(*args)[0]


def _basis(x: Tensor) -> Tensor:
    """All unit tensors of ``x``'s shape, along a new first axis."""
    identity = np.eye(x.size, dtype=x.dtype.numpy).reshape(x.size, *x.shape)
    return ground().constant(identity, x.device)


def _only(leaves: list[Any], i: int, cotangent: Tensor) -> list[Any]:
    return [cotangent if j == i else 0 * leaf for j, leaf in enumerate(leaves)]
