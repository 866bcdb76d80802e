"""A function of parameters as one of values that it is given, so that many sets of them can be tried at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from dualtape import pytree
from dualtape.autodiff.transforms.request import Weights, read_weights, require_callable
from dualtape.core.interpreter import value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.tensor import Tensor
from dualtape.views import call_substituted


def functional(fn: Callable[..., Any], weights: Weights) -> Callable[..., Any]:
    """``fn`` as a function of the values of parameters, which come before its own arguments.

    With ``vmap`` over the values it is the function of many networks of one shape; inside of ``jit`` one kernel
    computes with all of them.

    Parameters
    ----------
    fn
        A function, or a cell.
    weights
        The parameters whose values are given: one, or a list or tuple of them. While ``fn`` runs they stand for what is
        given; they keep their values.

    Returns
    -------
    Callable
        ``of_values(values, *args, **kwargs)``, with one Tensor for each parameter, of its shape.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import nn
    >>> networks = [nn.MLP(2, 1, width=8, depth=1, seed=seed) for seed in range(3)]
    >>> of_values = dt.functional(networks[0], networks[0].trainable_params())
    >>> each = zip(*(network.trainable_params() for network in networks))
    >>> stacked = [dt.ops.stack([parameter.value() for parameter in same]) for same in each]
    >>> dt.vmap(of_values, in_axes=(0, None))(stacked, dt.ops.ones((5, 2))).shape
    (3, 5, 1)
    """
    require_callable("functional", fn)
    parameters, single = read_weights("functional", weights)
    if parameters is None:
        raise ArgumentError("`functional` needs `weights`, the parameters whose values are given")

    @wraps(fn, updated=())
    def of_values(values: Any, *args: Any, **kwargs: Any) -> Any:
        given: Sequence[Any] = (values,) if single else values
        if not isinstance(given, (tuple, list)) or not all(isinstance(value, Tensor) for value in given):
            raise ArgumentTypeError(
                f"a function made by `functional` takes a Tensor for each of {len(parameters)} parameters first, as a "
                f"tuple or list; got {type(values).__name__}"
            )
        if len(given) != len(parameters):
            raise ArgumentError(f"a function made by `functional` takes {len(parameters)} values, got {len(given)}")
        for parameter, value in zip(parameters, given, strict=True):
            if parameter.shape != value.shape:
                raise ShapeError(
                    f"parameter {parameter.name!r} of shape {parameter.shape} cannot stand for a value of shape "
                    f"{value.shape}; of several sets of values `vmap` takes one at a time"
                )
        standing = dict(zip(parameters, map(value_of, given), strict=True))
        return call_substituted(standing, lambda: pytree.map(value_of, fn(*args, **kwargs)))

    return of_values
