"""`jacobian` and `hessian`, dense or sparse, by whichever way is cheaper; and `vhp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff import jacobian as dense
from dualtape.autodiff.jacobian import Positions, _argument, _at, jacfwd, jacrev
from dualtape.autodiff.request import read_positions, require_callable, split_aux
from dualtape.autodiff.reverse import grad, vjp
from dualtape.autodiff.sparse import sparse_hessian, sparse_jacobian
from dualtape.errors import ArgumentError
from dualtape.tensor import Tensor


def jacobian(
    fn: Callable[..., Any], grad_position: Positions = 0, has_aux: bool = False, *, sparsity: Any = None
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
    positions, single = read_positions(grad_position)
    if sparsity is not None:
        _require_one("jacobian", single and not has_aux)
        return _sparse("jacobian", sparse_jacobian, fn, positions, sparsity)
    forward, reverse = jacfwd(fn, grad_position, has_aux), jacrev(fn, grad_position, has_aux)

    def after_jacobian(*args: Any) -> Any:
        inputs = _size([_argument("jacobian", args, position) for position in positions or ()])
        outputs = fn(*args)
        return (forward if inputs <= _size(split_aux(outputs)[0] if has_aux else outputs) else reverse)(*args)

    return after_jacobian


def hessian(fn: Callable[..., Tensor], grad_position: Positions = 0, *, sparsity: Any = None) -> Callable[..., Any]:
    """A function that returns the second derivatives of a scalar function: forward over reverse.

    Parameters
    ----------
    grad_position
        Which arguments to differentiate by: an int, or a tuple of ints for a tuple of tuples.
    sparsity
        As in :func:`jacobian`: where it may differ from zero, or True to find out; the result is a SciPy CSR array.
        One triangle is enough. Symmetry saves products: a matrix with a full row and column takes two or three.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.hessian(lambda x: x[0] ** 2 * x[1])(dt.Tensor([1.0, 3.0])))
    [[6. 2.]
     [2. 0.]]
    """
    if sparsity is None:
        return dense.hessian(fn, grad_position)
    require_callable("hessian", fn)
    positions, single = read_positions(grad_position)
    _require_one("hessian", single)
    return _sparse("hessian", sparse_hessian, grad(fn, grad_position), positions, sparsity)


def _require_one(function: str, one: bool) -> None:
    if not one:
        raise ArgumentError(f"`{function}` with `sparsity` takes one int as `grad_position`, and no auxiliary output")


def _sparse(
    function: str,
    compute: Callable[..., Any],
    fn: Callable[..., Any],
    positions: tuple[int, ...] | None,
    sparsity: Any,
) -> Callable[..., Any]:
    (position,) = positions or ()

    def derivative(*args: Any) -> Any:
        x = _argument(function, args, position)
        return compute(_at(fn, args, position), x, sparsity)

    return derivative


def _size(tree: Any) -> int:
    return sum(x.size for x in pytree.leaves(tree) if isinstance(x, Tensor))


def vhp(fn: Callable[..., Tensor], inputs: Any, v: Any) -> tuple[Any, Any]:
    """The gradient of a scalar function, and ``v`` times its Hessian, in reverse over reverse mode.

    The Hessian being symmetric, :func:`hvp` gives the same with less memory; this one serves where a function has only
    a reverse rule, as by ``custom_derivative(fn, vjp=...)``.

    Parameters
    ----------
    inputs, v
        A Tensor each, or tuples with one for each argument.

    Examples
    --------
    >>> import dualtape as dt
    >>> gradient, product = dt.vhp(lambda x: (x ** 3).sum(), dt.Tensor([1.0, 2.0]), dt.Tensor([1.0, 1.0]))
    >>> print(gradient, product)
    [ 3. 12.] [ 6. 12.]
    """
    require_callable("vhp", fn)
    several = isinstance(inputs, (tuple, list))
    arguments = tuple(inputs) if several else (inputs,)
    gradient, pull = vjp(grad(fn, tuple(range(len(arguments))) if several and len(arguments) > 1 else 0), *arguments)
    products = pull(*v) if isinstance(v, (tuple, list)) else pull(v)
    return gradient, products if several and len(arguments) > 1 else products[0]
