"""Second derivatives of scalar functions: `hessian`, and its products `hvp` and `vhp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.autodiff.transforms.forward import jvp
from dualtape.autodiff.transforms.jacobians import GradPosition, jacfwd, sparse_derivative
from dualtape.autodiff.transforms.request import Weights, require_callable
from dualtape.autodiff.transforms.reverse import grad, vjp
from dualtape.autodiff.transforms.sparse import sparse_hessian
from dualtape.errors import DTypeError
from dualtape.tensor import Tensor


def hessian(fn: Callable[..., Tensor], grad_position: GradPosition = 0, *, sparsity: Any = None) -> Callable[..., Any]:
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
    require_callable("hessian", fn)
    if sparsity is None:
        second = jacfwd(grad(fn, grad_position), grad_position)

        def after_hessian(*args: Any) -> Any:
            if any(isinstance(x, Tensor) and x.dtype.is_complex for x in args):
                raise DTypeError(
                    "`hessian` is of real numbers; take the real and imaginary parts as arguments of their own, or "
                    "`hvp`, which gives its product with a direction"
                )
            return second(*args)

        return after_hessian
    return sparse_derivative("hessian", sparse_hessian, grad(fn, grad_position), grad_position, sparsity)


def hvp(
    fn: Callable[..., Tensor], inputs: Any, v: Any, weights: Weights = None
) -> tuple[Tensor | tuple[Tensor, ...], Any]:
    """The gradient of a scalar function, and its Hessian times ``v``, for about twice the cost of the gradient.

    ``inputs`` and ``v`` are a Tensor, or tuples with one for each argument. With ``weights``, Parameters, both
    derivatives are by these, and ``v`` has a tangent for each of them.

    Examples
    --------
    >>> import dualtape as dt
    >>> gradient, product = dt.hvp(lambda x: (x ** 3).sum(), dt.Tensor([1.0, 2.0]), dt.Tensor([1.0, 1.0]))
    >>> print(gradient, product)
    [ 3. 12.] [ 6. 12.]
    >>> w = dt.Parameter(dt.Tensor([3.0]), name="w")
    >>> gradient, product = dt.hvp(lambda x: (w * x).sum() ** 3, dt.Tensor([1.0]), dt.Tensor([1.0]), weights=w)
    >>> print(gradient, product)
    [27.] [18.]
    """
    require_callable("hvp", fn)
    count = len(inputs) if isinstance(inputs, (tuple, list)) else 1
    if weights is not None:
        arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        return jvp(lambda: grad(fn, None, weights)(*arguments), (), ((), v), weights=weights)
    return jvp(grad(fn, tuple(range(count)) if count > 1 else 0), inputs, v)


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
