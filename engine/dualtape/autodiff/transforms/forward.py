"""Forward mode: `jvp` in one direction, and `linearize`, which evaluates once for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import JetLevel, Recorder
from dualtape.autodiff.transforms.request import Weights, read_weights, require_callable, split_aux
from dualtape.core.interpreter import entered, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.creation import zeros_like
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor
from dualtape.views import call_substituted


def jvp(fn: Callable[..., Any], inputs: Any, v: Any, has_aux: bool = False, weights: Weights = None) -> tuple[Any, ...]:
    """The value of ``fn`` and its derivative along the tangent ``v``.

    Parameters
    ----------
    fn
        A function of Tensors.
    inputs
        One Tensor, or a tuple or list with one entry for each argument; entries may be nested containers.
    v
        Tangents, of the structure, shapes and element types of ``inputs``; with ``weights`` a pair of these and those
        of the weights.
    has_aux
        Differentiate the first output only; the others come last.
    weights
        Parameters that move, too: one, or a list or tuple of them.

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
    >>> w = dt.Parameter(dt.Tensor([3.0]), name="w")
    >>> print(*dt.jvp(lambda x: w * x, dt.Tensor([2.0]), (dt.Tensor([0.0]), dt.Tensor([1.0])), weights=w))
    [6.] [2.]
    """
    require_callable("jvp", fn)
    parameters, single = read_weights("jvp", weights)
    along: tuple[Any, ...] = ()
    if parameters is not None:
        if not isinstance(v, (tuple, list)) or len(v) != 2:
            raise ArgumentError(
                "with `weights`, `v` of `jvp` must be a pair: tangents of the inputs, and of the weights"
            )
        v, along = v[0], (v[1],) if single else tuple(v[1])
    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    tangents = tuple(v) if isinstance(v, (tuple, list)) else (v,)
    for given, moved, what in ((tangents, arguments, "inputs"), (along, parameters or (), "weights")):
        if len(given) != len(moved):
            raise ArgumentError(
                f"v has invalid length: should be {len(moved)}, but got {len(given)}\n"
                f"`jvp` takes one tangent in `v` for each of `{what}`"
            )
    with entered(JetLevel()) as level:
        jets = [_dual(level, x, t, f"input {i}") for i, (x, t) in enumerate(zip(arguments, tangents, strict=True))]
        if parameters:
            tangent_of: dict[Parameter, Any] = {}
            for p, t in zip(parameters, along, strict=True):  # one that is named twice moves along both
                tangent_of[p] = tangent_of[p] + t if p in tangent_of else t
            moving = {p: _dual(level, p.value(), t, p.name) for p, t in tangent_of.items()}
            outputs = call_substituted(moving, lambda *x: pytree.map(value_of, fn(*x)), *jets)
        else:
            outputs = pytree.map(value_of, fn(*jets))
    differentiated, *aux = split_aux(outputs) if has_aux else (outputs,)
    primal = lambda x: level.coefficients(x)[0]
    found = pytree.map(primal, differentiated), pytree.map(lambda x: _tangent_of(level, x), differentiated)
    return (*found, *(pytree.map(primal, x) for x in aux))


def _tangent_of(level: JetLevel, value: Any) -> Any:
    """The tangent of an output; zeros if it does not depend on the inputs."""
    if not isinstance(value, Tensor):
        return value
    tangent = level.tangent(value)
    return zeros_like(level.coefficients(value)[0]) if tangent is None else tangent


def _dual(level: JetLevel, primal: Any, tangent: Any, name: str) -> Any:
    if isinstance(primal, pytree.CONTAINERS):
        if pytree.flatten(primal)[1] != pytree.flatten(tangent)[1]:
            raise ArgumentTypeError(
                f"{name} of `jvp` is a {type(primal).__name__}; its tangent, a {type(tangent).__name__}, "
                "must have the same structure"
            )
        return pytree.map(lambda x, t: _dual(level, x, t, name), primal, tangent)
    if not isinstance(primal, Tensor) or not isinstance(tangent, Tensor):
        raise ArgumentTypeError(
            f"{name} of `jvp` is of type {type(primal).__name__} and its tangent of type "
            f"{type(tangent).__name__}; expected two Tensors"
        )
    value, slope = value_of(primal), value_of(tangent)
    if not value.dtype.is_inexact:
        raise DTypeError(f"{name} of `jvp` is a Tensor of {value.dtype}, which has no derivative; expected floats")
    if value.shape != slope.shape:
        raise ShapeError(f"{name} of `jvp` has shape {value.shape}, its tangent {slope.shape}; they must be equal")
    if value.dtype is not slope.dtype:
        raise DTypeError(f"{name} of `jvp` is of {value.dtype}, its tangent of {slope.dtype}; they must be equal")
    return level.dual(value, slope)


def linearize(fn: Callable[..., Any], *inputs: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of ``fn`` and the linear map from tangents of its inputs to those of its outputs.

    ``fn`` runs once. The map holds what the tangents were multiplied by, and does only the operations on tangents:
    about the cost of ``fn`` itself for each call, where :func:`jvp` costs twice that.

    Parameters
    ----------
    fn
        A function of Tensors.
    inputs
        Where to linearize: Tensors, or nested containers of them.

    Returns
    -------
    tuple
        ``(outputs, jvp_fn)``; ``jvp_fn(*tangents)`` takes tangents of the structure, shapes and types of ``inputs``,
        may be called again, and is differentiable.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, push = dt.linearize(lambda x: x ** 3, dt.Tensor([1.0, 2.0]))
    >>> print(value, push(dt.Tensor([1.0, 1.0])), push(dt.Tensor([1.0, 0.0])))
    [1. 8.] [ 3. 12.] [3. 0.]
    """
    require_callable("linearize", fn)
    if not inputs:
        raise ArgumentError("`linearize` got no inputs; expected at least one Tensor")
    leaves, structure = pytree.flatten(inputs)
    starts = [zeros_like(x) if isinstance(x, Tensor) else x for x in leaves]
    places = {id(start): k for k, start in enumerate(starts)}
    with entered(Recorder()) as recorder:
        tangents = [recorder.input(x) if isinstance(x, Tensor) else x for x in starts]
        outputs, slopes = jvp(fn, inputs, pytree.unflatten(structure, tangents))
    results, form = pytree.flatten(slopes)
    recording = recorder.recording(results)

    def jvp_fn(*given: Any) -> Any:
        found, shape = pytree.flatten(given)
        if shape != structure:
            raise ArgumentError(f"`jvp_fn` got tangents of the structure {shape}; expected the inputs' {structure}")
        values = [_read_tangent(x, v, k) for k, (x, v) in enumerate(zip(leaves, found, strict=True))]
        used = [values[places[id(source)]] if id(source) in places else source for source in recording.sources]
        return pytree.unflatten(form, recording.replay(used))

    return outputs, jvp_fn


def _read_tangent(x: Tensor, tangent: Any, position: int) -> Tensor:
    if not isinstance(tangent, Tensor):
        raise ArgumentTypeError(f"tangent {position} of `jvp_fn` must be a Tensor, got {type(tangent).__name__}")
    if tangent.shape != x.shape:
        raise ShapeError(f"tangent {position} of `jvp_fn` has shape {tangent.shape}; expected {x.shape} as its input")
    if tangent.dtype is not x.dtype:
        raise DTypeError(f"tangent {position} of `jvp_fn` is of {tangent.dtype}; expected {x.dtype} as its input")
    value: Tensor = value_of(tangent)
    return value
