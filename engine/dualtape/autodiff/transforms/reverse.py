"""`grad`, `value_and_grad` and `vjp`: transformations that run the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import Tape
from dualtape.autodiff.transforms.request import (
    Request,
    Weights,
    read_request,
    read_weights,
    require_callable,
    split_aux,
)
from dualtape.autodiff.transforms.watching import gradients_of, record, returned_kind, seeds_of
from dualtape.errors import ArgumentError, ArgumentTypeError, PositionError
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor


def grad(
    fn: Callable[..., Any],
    grad_position: int | tuple[int, ...] | None = 0,
    weights: Weights = None,
    has_aux: bool = False,
    return_ids: bool = False,
    sens_param: bool = False,
) -> Callable[..., Any]:
    """A function that returns the gradient of ``fn``, by reverse mode.

    An output that is not a scalar counts as the sum of its elements, several outputs as their sum.

    Parameters
    ----------
    fn
        A function or Cell of Tensors (also in nested tuples, lists and dicts) that returns Tensors.
    grad_position
        Which arguments to differentiate by: an index, a tuple of indices, or ``None`` for none.
    weights
        Which Parameters to differentiate by: one, or a list or tuple of them.
    has_aux
        Differentiate the first output only, and return the others beside the gradient.
    return_ids
        Pair each gradient with its position or parameter name; see :func:`get_grad`.
    sens_param
        Take the cotangent of the output as an additional last argument (or keyword ``sens``).

    Returns
    -------
    callable
        With ``fn``'s arguments. Its result is a gradient for one position, a tuple of them for a
        tuple of positions, a tuple for weights, and a pair of these two for both; with
        ``has_aux``, paired with the tuple of other outputs.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.grad(lambda x: x ** 3)(dt.Tensor([2.0])))
    [12.]
    """
    request = read_request("grad", fn, grad_position, weights, has_aux, return_ids, sens_param)

    def after_grad(*args: Any, **kwargs: Any) -> Any:
        outputs, gradients = _differentiate(fn, request, args, kwargs)
        return (gradients, tuple(outputs[1:])) if request.has_aux else gradients

    return after_grad


def value_and_grad(
    fn: Callable[..., Any],
    grad_position: int | tuple[int, ...] | None = 0,
    weights: Weights = None,
    has_aux: bool = False,
    return_ids: bool = False,
    sens_param: bool = False,
) -> Callable[..., Any]:
    """A function that returns what ``fn`` returns, and the gradient; see :func:`grad` for the arguments.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, gradient = dt.value_and_grad(lambda x: (x * x).sum())(dt.Tensor([1.0, 2.0]))
    >>> print(value, gradient)
    5.0 [2. 4.]
    """
    request = read_request("value_and_grad", fn, grad_position, weights, has_aux, return_ids, sens_param)

    def after_grad(*args: Any, **kwargs: Any) -> Any:
        return _differentiate(fn, request, args, kwargs)

    return after_grad


def get_grad(gradients: Any, identifier: int | Parameter) -> Tensor:
    """Find one gradient in the result of ``grad(..., return_ids=True)`` by position or Parameter."""
    wanted = identifier.name if isinstance(identifier, Parameter) else identifier
    if isinstance(wanted, bool) or not isinstance(wanted, (int, str)):
        raise ArgumentTypeError(
            f"`identifier` of `get_grad` must be an int or a Parameter, got {type(identifier).__name__}"
        )

    def pairs(item: Any) -> Iterator[tuple[Any, Tensor]]:
        if isinstance(item, tuple):
            if len(item) == 2 and type(item[0]) is type(wanted):
                yield item
            for part in item:
                yield from pairs(part)

    found = next((gradient for key, gradient in pairs(gradients) if key == wanted), None)
    if found is None:
        raise PositionError(
            f"Can not find the gradient for position or Parameter {wanted}\n"
            "Pass the result of a grad with return_ids=True"
        )
    return found


def vjp(fn: Callable[..., Any], *inputs: Any, weights: Weights = None, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of ``fn`` and a function from cotangents of its outputs to those of its inputs.

    Returns
    -------
    tuple
        ``(outputs, vjp_fn)``, or ``(outputs, vjp_fn, aux)`` with ``has_aux``. ``vjp_fn(*cotangents)``, one for each
        output, gives a tuple with one cotangent for each input, paired with the tuple for
        ``weights`` if there are any; it may be called again.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, pull = dt.vjp(lambda x: x * x, dt.Tensor([1.0, 3.0]))
    >>> print(pull(dt.Tensor([1.0, 10.0]))[0])
    [ 2. 60.]
    """
    require_callable("vjp", fn)
    parameters, lone = read_weights("vjp", weights)
    tape = Tape()
    outputs, watched, watched_weights = record(tape, fn, inputs, {}, tuple(range(len(inputs))), parameters or ())
    differentiated, aux = split_aux(outputs) if has_aux else (outputs, None)

    def vjp_fn(*cotangents: Any) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        found = gradients_of(tape, seeds_of(tape, differentiated, given), [*watched, *watched_weights], keep=True)
        by_input = tuple(found[: len(watched)])
        by_weight = tuple(p.hooked(x) for p, x in zip(parameters or (), found[len(watched) :], strict=True))
        if parameters is None:
            return by_input
        return by_input, by_weight[0] if lone else by_weight

    value = pytree.map(tape.primal, differentiated)
    return (value, vjp_fn, pytree.map(tape.primal, aux)) if has_aux else (value, vjp_fn)


def _differentiate(fn: Callable[..., Any], request: Request, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    args, kwargs, sens = _split_sens(request, args, kwargs)
    tape = Tape()
    outputs, watched, weights = record(tape, fn, args, kwargs, request.positions or (), request.weights or ())
    if request.has_aux and not (isinstance(outputs, tuple) and len(outputs) > 1):
        raise ArgumentError(
            "When has_aux is True, origin fn requires more than one outputs.\n"
            f"The differentiated function returned {returned_kind(outputs)}"
        )
    seeds = seeds_of(tape, outputs[0] if request.has_aux else outputs, sens)
    values = pytree.map(tape.primal, outputs)
    found = gradients_of(tape, seeds, [*watched, *weights], keep=False)
    by_weight = [p.hooked(x) for p, x in zip(request.weights or (), found[len(watched) :], strict=True)]
    return values, request.arrange(found[: len(watched)], by_weight)


def _split_sens(request: Request, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not request.sens_param:
        return args, kwargs, None
    if "sens" in kwargs:
        rest = {name: value for name, value in kwargs.items() if name != "sens"}
        return args, rest, kwargs["sens"]
    if not args:
        raise ArgumentTypeError("with sens_param=True the last argument must be the cotangent of the output")
    return args[:-1], kwargs, args[-1]
