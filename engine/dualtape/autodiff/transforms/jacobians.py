"""Jacobians, dense or sparse: `jvp` and `vjp` over a whole basis at once, whichever is cheaper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.autodiff.levels import HolomorphicJetLevel
from dualtape.autodiff.transforms.batching import vmap
from dualtape.autodiff.transforms.forward import jvp
from dualtape.autodiff.transforms.request import read_grad_position, require_callable, split_aux
from dualtape.autodiff.transforms.reverse import vjp
from dualtape.autodiff.transforms.sparse import sparse_jacobian
from dualtape.core.composite import replaced
from dualtape.core.interpreter import entered, ground, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, PositionError
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import reshape
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

GradPosition = int | tuple[int, ...]


def jacfwd(fn: Callable[..., Any], grad_position: GradPosition = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``fn``, column by column in forward mode.

    The cheaper choice where there are fewer inputs than outputs. By complex arguments it is the complex derivative, and
    ``fn`` must be holomorphic.

    Parameters
    ----------
    fn
        A function of Tensors that returns a Tensor or a nested container of them.
    grad_position
        Which arguments to differentiate by: an int, or a tuple of ints for a tuple of Jacobians of each output.
    has_aux
        ``fn`` returns ``(output, aux...)``, and only the first is differentiated; the others are returned
        beside the Jacobian: bare if there is one, else as a tuple.

    Returns
    -------
    callable
        Its result has the structure of the output; each leaf has the output's shape followed by the input's. A tuple
        of positions gives a tuple of such leaves in the place of each, as in MindSpore and JAX.

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
        for position in positions:
            x = read_argument("jacfwd", args, position)
            whole = at_position(fn, args, position)
            of_x = _first(whole) if has_aux else whole
            # The direction is the last axis of the columns, so the Jacobian's axes are those of output, then input.
            along = _along_complex if x.dtype.is_complex else lambda f, x, v: jvp(f, x, v)[1]
            columns = vmap(lambda v, f=of_x, x=x, along=along: along(f, x, v), out_axes=-1)(_basis(x))
            leaves, structure = pytree.flatten(columns)
            jacobians.append([reshape(c, (*c.shape[:-1], *x.shape)) for c in leaves])
        result = pytree.unflatten(structure, _by_output(jacobians, single))
        return (result, split_aux(fn(*args))[1]) if has_aux else result

    return after_jacfwd


def jacrev(fn: Callable[..., Any], grad_position: GradPosition = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``fn``, row by row in reverse mode; see :func:`jacfwd`.

    The cheaper choice where there are fewer outputs than inputs. Where arguments or outputs are complex it is computed
    in forward mode, which knows what is not holomorphic.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.jacrev(lambda x: (x * x).sum())(dt.Tensor([1.0, 2.0])))
    [2. 4.]
    """
    require_callable("jacrev", fn)
    positions, single = _positions(grad_position)
    in_forward_mode = jacfwd(fn, grad_position, has_aux)

    def after_jacrev(*args: Any) -> Any:
        chosen = [read_argument("jacrev", args, position) for position in positions]
        if any(x.dtype.is_complex for x in chosen):
            return in_forward_mode(*args)
        outputs, pull, *aux = vjp(lambda *values: fn(*replaced(args, positions, values)), *chosen, has_aux=has_aux)
        leaves, structure = pytree.flatten(outputs)
        if any(isinstance(leaf, Tensor) and leaf.dtype.is_complex for leaf in leaves):
            return in_forward_mode(*args)
        by_input: list[list[Tensor]] = [[] for _ in positions]
        for i, leaf in enumerate(leaves):
            rows = vmap(lambda ct, i=i: pull(pytree.unflatten(structure, _only(leaves, i, ct))))(_basis(leaf))
            for store, row, x in zip(by_input, rows, chosen, strict=True):
                store.append(reshape(row, (*leaf.shape, *x.shape)))
        result = pytree.unflatten(structure, _by_output(by_input, single))
        return (result, *aux) if has_aux else result

    return after_jacrev


def jacobian(
    fn: Callable[..., Any], grad_position: GradPosition = 0, has_aux: bool = False, *, sparsity: Any = None
) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``fn``, by the cheaper mode: forward for no more inputs than outputs.

    The other arguments and the result are those of :func:`jacfwd`. ``fn`` is called once more, to see the size of its
    output.

    Parameters
    ----------
    sparsity
        Where the Jacobian may differ from zero: a matrix, sparse or not, of the output's elements by the input's, or
        True to find out. Then the result is a SciPy CSR array, from as many products as there are groups of columns
        (or rows) that overlap: three for a tridiagonal matrix of any size.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.jacobian(lambda x: x * x)(dt.Tensor([1.0, 2.0])))
    [[2. 0.]
     [0. 4.]]
    >>> print(dt.jacobian(lambda x: x[1:] * x[:-1], sparsity=True)(dt.Tensor([1.0, 2.0, 3.0])).toarray())
    [[2. 1. 0.]
     [0. 3. 2.]]
    """
    require_callable("jacobian", fn)
    if sparsity is not None:
        return sparse_derivative("jacobian", sparse_jacobian, fn, grad_position, sparsity, has_aux)
    positions, _ = _positions(grad_position)
    forward, reverse = jacfwd(fn, grad_position, has_aux), jacrev(fn, grad_position, has_aux)

    def after_jacobian(*args: Any) -> Any:
        inputs = _size([read_argument("jacobian", args, position) for position in positions])
        outputs = fn(*args)
        return (forward if inputs <= _size(split_aux(outputs)[0] if has_aux else outputs) else reverse)(*args)

    return after_jacobian


def sparse_derivative(
    function: str, compute: Callable[..., Any], fn: Any, grad_position: Any, sparsity: Any, has_aux: bool = False
) -> Callable[..., Any]:
    positions, single = read_grad_position(grad_position)
    if positions is None or not single or has_aux:
        raise ArgumentError(f"`{function}` with `sparsity` takes one int as `grad_position`, and no auxiliary output")
    (position,) = positions

    def derivative(*args: Any) -> Any:
        x = read_argument(function, args, position)
        if x.dtype.is_complex:
            raise DTypeError(f"`{function}` with `sparsity` is of real numbers, and argument {position} is complex")
        return compute(at_position(fn, args, position), x, sparsity)

    return derivative


def _along_complex(fn: Callable[..., Any], x: Tensor, v: Tensor) -> Any:
    """The derivative of a holomorphic function along ``v``."""
    with entered(HolomorphicJetLevel()) as level:
        outputs = pytree.map(value_of, fn(level.dual(x, v)))
    for y in pytree.leaves(outputs):
        if isinstance(y, Tensor) and not y.dtype.is_complex:
            raise DTypeError(
                "a Jacobian by complex numbers is that of a holomorphic function, and this one has real values; use "
                "`grad` for a real function, or `jvp` for one direction"
            )

    def derivative(y: Any) -> Any:
        tangent = level.tangent(y)
        return zeros_like(level.coefficients(y)[0]) if tangent is None else tangent

    return pytree.map(derivative, outputs)


def _by_output(by_input: list[list[Tensor]], single: bool) -> list[Any]:
    """For each output its Jacobian, or the tuple of its Jacobians by all inputs."""
    return list(by_input[0]) if single else list(zip(*by_input, strict=True))


def _positions(grad_position: Any) -> tuple[tuple[int, ...], bool]:
    positions, single = read_grad_position(grad_position)
    if positions is None:
        raise ArgumentError("`grad_position` of a Jacobian must be an int or a tuple of ints, got None")
    return positions, single


def read_argument(function: str, args: tuple[Any, ...], position: int) -> Tensor:
    if position >= len(args):
        raise PositionError(f"Position index {position} is exceed input size.")
    x = args[position]
    if not isinstance(x, Tensor):
        raise ArgumentTypeError(f"argument {position} of `{function}` must be a Tensor, got {type(x).__name__}")
    if not x.dtype.is_inexact:
        raise DTypeError(f"argument {position} of `{function}` is a Tensor of {x.dtype}, which has no derivative")
    return value_of(x) if isinstance(x, Parameter) else x


def at_position(fn: Callable[..., Any], args: tuple[Any, ...], position: int) -> Callable[[Any], Any]:
    return lambda x: fn(*args[:position], x, *args[position + 1 :])


def _first(fn: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: split_aux(fn(*args))[0]


def _basis(x: Tensor) -> Tensor:
    """All unit tensors of ``x``'s shape, along a new first axis."""
    return ground().constant_like(np.eye(x.size).reshape(x.size, *x.shape), x)


def _only(leaves: list[Any], i: int, cotangent: Tensor) -> list[Any]:
    return [cotangent if j == i else zeros_like(leaf) for j, leaf in enumerate(leaves)]


def _size(tree: Any) -> int:
    return sum(x.size for x in pytree.leaves(tree) if isinstance(x, Tensor))
