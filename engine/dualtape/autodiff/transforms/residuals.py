"""Residuals and the weights of a network: the Jacobian of the ones by the others, or products with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff.transforms.batching import vmap
from dualtape.autodiff.transforms.forward import jvp
from dualtape.autodiff.transforms.request import Weights, read_weights, require_callable
from dualtape.autodiff.transforms.reverse import value_and_grad, vjp
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.functions.shape import concat, reshape
from dualtape.tensor import Tensor


def residual_jacobian(fn: Callable[..., Any], weights: Weights) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the residuals of ``fn``, and their Jacobian by ``weights``.

    Each row of what ``fn`` returns must depend on the same row of its arguments alone, as a residual does on its point;
    then the matrix costs as many reverse sweeps as a row has residuals, all points at once, and not one for each
    residual. It is meant to be called inside ``jit``.

    Parameters
    ----------
    fn
        A function of Tensors (also in nested tuples, lists and dicts) with N rows. It is called with one row at a time,
        of shape (1, ...), and returns a Tensor of shape (1,) or (1, m).
    weights
        Parameters: one, or a list or tuple of them.

    Returns
    -------
    callable
        With ``fn``'s arguments. It gives the residuals, of shape (N m,), point by point, and the matrix of shape
        (N m, n), where n counts the elements of all weights in their order.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([[3.0]]), name="w")
    >>> residuals, matrix = dt.residual_jacobian(lambda x: (x @ w) ** 2 - 1, w)(dt.Tensor([[1.0], [2.0]]))
    >>> print(residuals, matrix.asnumpy().tolist())
    [ 8. 35.] [[6.0], [24.0]]
    """
    require_callable("residual_jacobian", fn)
    parameters, _ = read_weights("residual_jacobian", weights)
    if not parameters:
        raise ArgumentError("`residual_jacobian` needs `weights` to differentiate by")

    def of_row(number: int, count: list[int], *row: Any) -> Tensor:
        leaves, structure = pytree.flatten(row)
        outputs = fn(*pytree.unflatten(structure, [reshape(x, (1, *x.shape)) for x in leaves]))
        if not isinstance(outputs, Tensor):
            raise ArgumentTypeError(f"`fn` of `residual_jacobian` must return a Tensor, got {type(outputs).__name__}")
        if outputs.ndim not in (1, 2) or outputs.shape[0] != 1:
            raise ShapeError(
                f"`fn` of `residual_jacobian` returned shape {outputs.shape} for one row; expected (1,) or (1, m)"
            )
        count[0] = outputs.size
        return reshape(outputs, (outputs.size,))[number]

    def residuals_and_matrix(*args: Any) -> tuple[Tensor, Tensor]:
        values: list[Tensor] = []
        rows: list[Tensor] = []
        count = [1]
        while len(values) < count[0]:
            number = len(values)
            single = value_and_grad(lambda *row, j=number: of_row(j, count, *row), None, weights=list(parameters))
            value, gradients = vmap(single)(*args)
            flat = [reshape(gradient, (value.shape[0], 1, -1)) for gradient in gradients]
            values.append(reshape(value, (-1, 1)))
            rows.append(concat(flat, axis=2))
        residuals = reshape(concat(values, axis=1), (-1,))
        matrix = concat(rows, axis=1)
        return residuals, reshape(matrix, (-1, matrix.shape[2]))

    return residuals_and_matrix


def gauss_newton_product(fn: Callable[..., Tensor], weights: Weights) -> Callable[..., Any]:
    """A function that multiplies J'J with a vector, where J is the Jacobian of ``fn`` by ``weights``.

    Neither matrix is made: a product costs one sweep forward and one in reverse, at all rows of the residuals at once.
    It is half of the Hessian of the sum of squares but for what the residuals' own curvature adds. It is meant to be
    called inside ``jit``.

    Parameters
    ----------
    fn
        A function of Tensors that returns residuals, a Tensor of any shape.
    weights
        Parameters: one, or a list or tuple of them.

    Returns
    -------
    callable
        Of a vector, given as a Tensor for each of the weights (bare if there is one), and ``fn``'s arguments. It
        gives the product in the same form.

    Reference: Schraudolph 2002, *Fast curvature matrix-vector products for second-order gradient descent*.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0, 1.0]), name="w")
    >>> product = dt.gauss_newton_product(lambda x: x @ w, w)
    >>> print(product(dt.Tensor([1.0, 0.0]), dt.Tensor([[1.0, 2.0], [0.0, 1.0]])))
    [1. 2.]
    """
    require_callable("gauss_newton_product", fn)
    if not read_weights("gauss_newton_product", weights)[0]:
        raise ArgumentError("`gauss_newton_product` needs `weights` to differentiate by")

    def product(v: Any, *args: Any) -> Any:
        # The arguments are closed over: they are no inputs that anything is differentiated by.
        _, slopes = jvp(lambda: fn(*args), (), ((), v), weights=weights)
        _, pull = vjp(lambda: fn(*args), weights=weights)
        return pull(slopes)[1]

    return product
