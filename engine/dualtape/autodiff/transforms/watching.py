"""Between users' arguments and a tape: what is watched, the seeds of the walk back, and gradients as arguments look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import Tape, Variable
from dualtape.core.interpreter import entered, value_of
from dualtape.errors import ArgumentTypeError, DTypeError, PositionError, ShapeError
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.parameter import Parameter
from dualtape.primitives.complex_parts import conjugate
from dualtape.tensor import Tensor
from dualtape.views import call_substituted


def returned_kind(outputs: Any) -> str:
    """What a function returned, for errors."""
    if isinstance(outputs, tuple):
        return f"a tuple of {len(outputs)}"
    if outputs is None:
        return "None"
    return "a Tensor" if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"


def record(
    tape: Tape,
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    positions: tuple[int, ...],
    parameters: Sequence[Parameter],
) -> tuple[Any, list[Any], list[Any]]:
    """Call ``fn`` with watched arguments and parameters; gives its outputs and what was watched."""
    arguments = [*args, *kwargs.values()]
    for position in positions:
        if position >= len(arguments):
            raise PositionError(f"Position index {position} is exceed input size.")
    with entered(tape):
        watched = [_watch(tape, arguments[position], position) for position in positions]
        for position, value in zip(positions, watched, strict=True):
            arguments[position] = value
        # A parameter that is named twice is watched once.
        watching = {p: tape.watch(value_of(p)) if p.requires_grad else value_of(p) for p in parameters}
        weights = [watching[p] for p in parameters]
        keywords = dict(zip(kwargs, arguments[len(args) :], strict=True)) if kwargs else {}
        given = arguments[: len(args)]
        if parameters:
            outputs = call_substituted(watching, lambda *x, **named: _values(fn(*x, **named)), *given, **keywords)
        else:
            outputs = _values(fn(*given, **keywords))
    return outputs, watched, weights


def _values(outputs: Any) -> Any:
    """What a function has returned, with tensors in the place of what stands for them."""
    return outputs if type(outputs) is Variable else pytree.map(value_of, outputs)


def _watch(tape: Tape, argument: Any, position: int) -> Any:
    if isinstance(argument, pytree.CONTAINERS):
        return pytree.map(
            lambda leaf: tape.watch(value_of(leaf)) if isinstance(leaf, Tensor) and leaf.dtype.is_inexact else leaf,
            argument,
        )
    if not isinstance(argument, Tensor):
        raise ArgumentTypeError(
            f"cannot differentiate by argument {position}: it is of type {type(argument).__name__}; "
            "expected a Tensor of floats, or a tuple, list or dict of them"
        )
    if not argument.dtype.is_inexact:
        raise DTypeError(
            f"cannot differentiate by argument {position}: it is a Tensor of {argument.dtype}; expected floats, "
            "as in x.astype(dualtape.float32)"
        )
    return tape.watch(value_of(argument))


def seeds_of(tape: Tape, outputs: Any, sens: Any) -> list[tuple[Variable, Tensor]]:
    """The outputs that depend on what is watched, with their cotangents: ones unless given."""
    leaves: list[Any] = [x for x in pytree.leaves(outputs) if isinstance(x, Tensor)]
    if not leaves:
        raise ArgumentTypeError(
            f"the differentiated function returned {returned_kind(outputs)}, in which there is no Tensor; "
            "it may lack a `return`, or have left the tensors by float() or .item()"
        )
    if sens is None:
        if any(x.dtype.is_complex for x in leaves if tape.owns(x)):
            raise DTypeError(
                "the gradient of a complex value depends on the direction in which that is to grow; return a real one, "
                "as ops.real(y) or (abs(y) ** 2).sum(), or use `vjp`, or `jvp` and `jacfwd` for holomorphic functions"
            )
        return [(x, ones_like(x.primal)) for x in leaves if tape.owns(x)]
    given = pytree.leaves(sens)
    if len(given) != len(leaves):
        raise ShapeError(f"got {len(given)} cotangents for {len(leaves)} outputs; expected one for each")
    # Users' cotangents are those of PyTorch's convention, conjugates of the tape's.
    return [
        (x, conjugate(_read_cotangent(x, cotangent)))
        for x, cotangent in zip(leaves, given, strict=True)
        if tape.owns(x)
    ]


def _read_cotangent(output: Tensor, cotangent: Any) -> Tensor:
    if isinstance(cotangent, (int, float)) and output.size == 1:
        return ones_like(output.primal) * float(cotangent)
    if not isinstance(cotangent, Tensor):
        raise ArgumentTypeError(f"a cotangent must be a Tensor, got {type(cotangent).__name__}")
    value: Tensor = value_of(cotangent)
    if value.shape == (1,) and output.shape == ():
        value = value.reshape(())
    if value.shape != output.shape:
        raise ShapeError(f"the cotangent has shape {value.shape}, the output {output.shape}; they must be equal")
    if value.dtype is not output.dtype:
        raise DTypeError(f"the cotangent is of {value.dtype}, the output of {output.dtype}; they must be equal")
    return value


def gradients_of(tape: Tape, seeds: list[tuple[Variable, Tensor]], watched: Sequence[Any], keep: bool) -> list[Any]:
    """The gradients in the structure of what was watched; zeros for what nothing depends on.

    Those by complex values are conjugates of the tape's, d/dx + i d/dy: the direction of steepest ascent.
    """
    variables = [x for argument in watched for x in pytree.leaves(argument) if tape.owns(x)]
    found = iter(tape.pull_back(seeds, variables, keep))

    def gradient(leaf: Any) -> Any:
        if tape.owns(leaf):
            cotangent = next(found)
            return zeros_like(leaf.primal) if cotangent is None else conjugate(cotangent)
        return zeros_like(leaf) if isinstance(leaf, Tensor) else leaf

    return [pytree.map(gradient, argument) for argument in watched]
