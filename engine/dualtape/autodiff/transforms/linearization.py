"""`linearize`: forward mode once for many tangents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import Recorder
from dualtape.autodiff.transforms.forward import jvp
from dualtape.autodiff.transforms.request import require_callable
from dualtape.core.interpreter import entered, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.creation import zeros_like
from dualtape.tensor import Tensor


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
    recorder = Recorder()
    leaves, structure = pytree.flatten(inputs)
    places = {}
    with entered(recorder):
        tangents = []
        for k, x in enumerate(leaves):
            start = zeros_like(x) if isinstance(x, Tensor) else x
            places[id(start)] = k
            tangents.append(recorder.input(start) if isinstance(start, Tensor) else start)
        outputs, slopes = jvp(fn, inputs, pytree.unflatten(structure, tangents))
    results, form = pytree.flatten(slopes)
    recording = recorder.recording(results)

    def jvp_fn(*given: Any) -> Any:
        values = [_read_tangent(x, v, k) for k, (x, v) in enumerate(zip(leaves, _leaves(given), strict=True))]
        used = [values[places[id(source)]] if id(source) in places else source for source in recording.sources]
        return pytree.unflatten(form, recording.replay(used))

    def _leaves(given: tuple[Any, ...]) -> list[Any]:
        found, shape = pytree.flatten(given)
        if shape != structure:
            raise ArgumentError(f"`jvp_fn` got tangents of the structure {shape}; expected the inputs' {structure}")
        return found

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
