"""What a call of `grad` asks for: reading and checking its arguments once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.parameter import Parameter

Positions = tuple[int, ...] | None
Weights = Parameter | tuple[Parameter, ...] | list[Parameter] | None


class Request(NamedTuple):
    """Positions and parameters to differentiate by, and the form in which the caller wants the answer."""

    positions: Positions
    single_position: bool
    weights: tuple[Parameter, ...] | None
    single_weight: bool
    has_aux: bool
    return_ids: bool
    sens_param: bool

    def arrange(self, inputs: list[Any], weights: list[Any]) -> Any:
        """Gradients in MindSpore's structure: a lone position or Parameter is bare, sequences are tuples."""
        by_input: Any = None
        by_weight: Any = None
        if self.positions is not None:
            pairs = list(zip(self.positions, inputs, strict=True)) if self.return_ids else inputs
            by_input = pairs[0] if self.single_position else tuple(pairs)
        if self.weights is not None:
            named = [(w.name, g) for w, g in zip(self.weights, weights, strict=True)] if self.return_ids else weights
            by_weight = named[0] if self.single_weight else tuple(named)
        if self.weights is None:
            return by_input
        return by_weight if self.positions is None else (by_input, by_weight)


def read_request(
    name: str, fn: Any, grad_position: Any, weights: Any, has_aux: Any, return_ids: Any, sens_param: Any
) -> Request:
    """Check the arguments of `grad` and `value_and_grad`."""
    require_callable(name, fn)
    require_bools("_Grad", has_aux=has_aux, return_ids=return_ids, sens_param=sens_param)
    if grad_position is None and weights is None:
        raise ArgumentError("`grad_position` and `weight` can not be None at the same time.")
    positions, single = read_grad_position(grad_position)
    parameters, lone = read_weights(name, weights)
    return Request(positions, single, parameters, lone, has_aux, return_ids, sens_param)


def require_bools(name: str, **flags: Any) -> None:
    """Flags are bools."""
    for argument, value in flags.items():
        if not isinstance(value, bool):
            raise ArgumentTypeError(f"For '{name}', the '{argument}' should be bool, but got {type(value).__name__}")


def read_grad_position(grad_position: Any) -> tuple[Positions, bool]:
    """Positions, and whether a single gradient is returned bare."""
    if grad_position is None:
        return None, False
    if isinstance(grad_position, int):
        if grad_position < 0:
            raise ArgumentError("grad_position must be >= 0.")
        return (int(grad_position),), True
    if not isinstance(grad_position, tuple):
        raise ArgumentTypeError("For 'F.grad', the 'grad_position' must be int or tuple.")
    if not grad_position:
        raise ArgumentError("`grad_position` is an empty tuple; expected one position or more, or None")
    given = grad_position
    for position in given:
        if not isinstance(position, int):
            raise ArgumentTypeError("For 'F.grad', the element in 'grad_position' must be int.")
        if position < 0:
            raise ArgumentError("The element in grad_position must be >= 0.")
    if len(set(given)) != len(given):
        raise ArgumentError("There are duplicate positions in `grad_position`, please check it")
    return tuple(int(position) for position in given), len(given) == 1


def read_weights(name: str, weights: Any) -> tuple[tuple[Parameter, ...] | None, bool]:
    """Parameters, and whether their single gradient is returned bare."""
    if weights is None:
        return None, False
    if isinstance(weights, Parameter):
        return (weights,), True
    if not isinstance(weights, (tuple, list)) or not all(isinstance(w, Parameter) for w in weights):
        raise ArgumentTypeError(
            f"The weights you provided is expected to be a tensor, or a list or tuple. but got {weights}\n"
            f"`weights` of `{name}` must be a Parameter, or a list or tuple of Parameters"
        )
    return tuple(weights), False


def require_callable(name: str, fn: object) -> Callable[..., Any]:
    """``fn`` if it can be called."""
    if not callable(fn):
        raise ArgumentTypeError(
            f"The fn should be callable, but got {type(fn).__name__}\n`fn` of `{name}` must be a function or a Cell"
        )
    return fn


def split_aux(outputs: Any) -> tuple[Any, Any]:
    """The output to differentiate, and the auxiliary ones: bare if there is one, else a tuple, as in MindSpore."""
    if not (isinstance(outputs, tuple) and len(outputs) > 1):
        raise ArgumentError("with has_aux=True the function must return a tuple of two outputs or more")
    return outputs[0], outputs[1] if len(outputs) == 2 else outputs[1:]
