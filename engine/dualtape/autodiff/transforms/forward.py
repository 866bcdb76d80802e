"""`jvp`: forward mode in one direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import DUAL, JetLevel
from dualtape.autodiff.transforms.request import require_callable, split_aux
from dualtape.core.interpreter import entered, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.creation import zeros_like
from dualtape.tensor import Tensor

_EPSILON = (1,)


def jvp(fn: Callable[..., Any], inputs: Any, v: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of ``fn`` and its derivative along the tangent ``v``.

    Parameters
    ----------
    fn
        A function of Tensors.
    inputs
        One Tensor, or a tuple or list with one entry for each argument; entries may be nested containers.
    v
        Tangents, of the structure, shapes and element types of ``inputs``.
    has_aux
        Differentiate the first output only; the others come last.

    Returns
    -------
    tuple
        ``(outputs, tangents)`` or ``(output, tangent, aux)``, where a single other output is bare.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, slope = dt.jvp(dt.ops.sin, dt.Tensor([0.0]), dt.Tensor([2.0]))
    >>> print(value, slope)
    [0.] [2.]
    """
    require_callable("jvp", fn)
    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    tangents = tuple(v) if isinstance(v, (tuple, list)) else (v,)
    if len(arguments) != len(tangents):
        raise ArgumentError(
            f"v has invalid length: should be {len(arguments)}, but got {len(tangents)}\n"
            "`jvp` takes one tangent in `v` for each of `inputs`"
        )
    level = JetLevel(DUAL)
    with entered(level):
        jets = [_dual(level, x, t, i) for i, (x, t) in enumerate(zip(arguments, tangents, strict=True))]
        outputs = fn(*jets)
    if has_aux:
        differentiated, aux = split_aux(outputs)
        return (*_split(level, differentiated), pytree.map(lambda x: level.coefficients(x)[0], aux))
    return _split(level, outputs)


def _split(level: JetLevel, outputs: Any) -> tuple[Any, Any]:
    primals = pytree.map(lambda x: level.coefficients(x)[0], outputs)
    return primals, pytree.map(lambda x: tangent_of(level, x), outputs)


def tangent_of(level: JetLevel, value: Any) -> Any:
    """The tangent of an output; zeros if it does not depend on the inputs."""
    if not isinstance(value, Tensor):
        return value
    tangent = level.coefficients(value)[1](_EPSILON)
    return zeros_like(level.coefficients(value)[0]) if tangent is None else tangent


def _dual(level: JetLevel, primal: Any, tangent: Any, position: int) -> Any:
    if isinstance(primal, pytree.CONTAINERS):
        if pytree.flatten(primal)[1] != pytree.flatten(tangent)[1]:
            raise ArgumentTypeError(
                f"input {position} of `jvp` is a {type(primal).__name__}; its tangent, a {type(tangent).__name__}, "
                "must have the same structure"
            )
        return pytree.map(lambda x, t: _dual(level, x, t, position), primal, tangent)
    if not isinstance(primal, Tensor) or not isinstance(tangent, Tensor):
        raise ArgumentTypeError(
            f"input {position} of `jvp` is of type {type(primal).__name__} and its tangent of type "
            f"{type(tangent).__name__}; expected two Tensors"
        )
    value, slope = value_of(primal), value_of(tangent)
    if not value.dtype.is_float:
        raise DTypeError(
            f"input {position} of `jvp` is a Tensor of {value.dtype}, which has no derivative; expected floats"
        )
    if value.shape != slope.shape:
        raise ShapeError(
            f"input {position} of `jvp` has shape {value.shape}, its tangent {slope.shape}; they must be equal"
        )
    if value.dtype is not slope.dtype:
        raise DTypeError(
            f"input {position} of `jvp` is of {value.dtype}, its tangent of {slope.dtype}; they must be equal"
        )
    return level.jet(value, {_EPSILON: slope})
