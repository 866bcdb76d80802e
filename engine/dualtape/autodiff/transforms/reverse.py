"""`grad`, `value_and_grad` and `vjp`: transformations that run the tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import Tape, Variable
from dualtape.autodiff.transforms.request import (
    Request,
    Weights,
    read_request,
    read_weights,
    require_callable,
    split_aux,
)
from dualtape.core.interpreter import entered
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, PositionError, ShapeError
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.parameter import Parameter, call_substituted
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

    def search(item: Any) -> Tensor | None:
        if isinstance(item, tuple):
            if len(item) == 2 and type(item[0]) is type(wanted) and item[0] == wanted:
                return item[1]  # type: ignore[no-any-return]
            for part in item:
                found = search(part)
                if found is not None:
                    return found
        return None

    found = search(gradients)
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
    outputs, watched, watched_weights = _record(tape, fn, inputs, {}, tuple(range(len(inputs))), parameters or ())
    differentiated, aux = split_aux(outputs) if has_aux else (outputs, None)

    def vjp_fn(*cotangents: Any) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        seeds = _seeds(tape, differentiated, given)
        variables = [x for group in [*watched, watched_weights] for x in pytree.leaves(group) if _is_watched(tape, x)]
        found = _gradients(tape, seeds, variables, keep=True)
        by_input = tuple(_rebuild(tape, group, found) for group in watched)
        if parameters is None:
            return by_input
        by_weight = tuple(_rebuild(tape, w, found) for w in watched_weights)
        return by_input, by_weight[0] if lone else by_weight

    value = pytree.map(tape.primal, differentiated)
    return (value, vjp_fn, pytree.map(tape.primal, aux)) if has_aux else (value, vjp_fn)


def _differentiate(fn: Callable[..., Any], request: Request, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    args, kwargs, sens = _split_sens(request, args, kwargs)
    tape = Tape()
    outputs, watched, weights = _record(tape, fn, args, kwargs, request.positions or (), request.weights or ())
    if request.has_aux and not (isinstance(outputs, tuple) and len(outputs) > 1):
        raise ArgumentError(
            "When has_aux is True, origin fn requires more than one outputs.\n"
            f"The differentiated function returned {_described(outputs)}"
        )
    seeds = _seeds(tape, outputs[0] if request.has_aux else outputs, sens)
    values = tape.primal(outputs) if isinstance(outputs, Tensor) else pytree.map(tape.primal, outputs)
    variables = [x for group in watched for x in pytree.leaves(group) if _is_watched(tape, x)]
    variables += [w for w in weights if _is_watched(tape, w)]
    found = _gradients(tape, seeds, variables, keep=False)
    by_input = [_rebuild(tape, group, found) for group in watched]
    by_weight = [_rebuild(tape, w, found) for w in weights]
    return values, request.arrange(by_input, by_weight)


def _described(outputs: Any) -> str:
    if isinstance(outputs, tuple):
        return f"a tuple of {len(outputs)}"
    if outputs is None:
        return "None"
    return "a Tensor" if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"


def _split_sens(request: Request, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not request.sens_param:
        return args, kwargs, None
    if "sens" in kwargs:
        rest = {name: value for name, value in kwargs.items() if name != "sens"}
        return args, rest, kwargs["sens"]
    if not args:
        raise ArgumentTypeError("with sens_param=True the last argument must be the cotangent of the output")
    return args[:-1], kwargs, args[-1]


def _record(
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
        for position in positions:
            arguments[position] = _watch(tape, arguments[position], position)
        weights = [tape.watch(p.value()) if p.requires_grad else p.value() for p in parameters]
        watched = [arguments[position] for position in positions]
        keywords = dict(zip(kwargs, arguments[len(args) :], strict=True)) if kwargs else {}
        given = arguments[: len(args)]
        if parameters:
            outputs = call_substituted(dict(zip(parameters, weights, strict=True)), fn, *given, **keywords)
        else:
            outputs = fn(*given, **keywords)
    return outputs, watched, weights


def _watch(tape: Tape, argument: Any, position: int) -> Any:
    if isinstance(argument, Tensor):
        return _watch_tensor(tape, argument, position)
    if isinstance(argument, pytree.CONTAINERS):
        return pytree.map(
            lambda leaf: tape.watch(_value(leaf)) if isinstance(leaf, Tensor) and leaf.dtype.is_float else leaf,
            argument,
        )
    raise ArgumentTypeError(
        f"cannot differentiate by argument {position}: it is of type {type(argument).__name__}; "
        "expected a Tensor of floats, or a tuple, list or dict of them"
    )


def _watch_tensor(tape: Tape, argument: Tensor, position: int) -> Variable:
    if not argument.dtype.is_float:
        raise DTypeError(
            f"cannot differentiate by argument {position}: it is a Tensor of {argument.dtype}; expected floats, "
            "as in x.astype(dualtape.float32)"
        )
    return tape.watch(_value(argument))


def _value(x: Tensor) -> Tensor:
    return x.value() if isinstance(x, Parameter) else x


def _is_watched(tape: Tape, x: Any) -> bool:
    return getattr(x, "level", None) is tape


def _seeds(tape: Tape, outputs: Any, sens: Any) -> list[tuple[Variable, Tensor]]:
    """The outputs that depend on what is watched, with their cotangents: ones unless given."""
    leaves = [outputs] if isinstance(outputs, Tensor) else pytree.leaves(outputs)
    leaves = [x for x in leaves if isinstance(x, Tensor)]
    if not leaves:
        raise ArgumentTypeError(
            f"the differentiated function returned {_described(outputs)}, in which there is no Tensor; "
            "it may lack a `return`, or have left the tensors by float() or .item()"
        )
    if sens is None:
        return [(x, ones_like(x.primal)) for x in leaves if isinstance(x, Variable) and x.level is tape]
    given = pytree.leaves(sens)
    if len(given) != len(leaves):
        raise ShapeError(f"got {len(given)} cotangents for {len(leaves)} outputs; expected one for each")
    return [
        (x, _read_cotangent(x, cotangent))
        for x, cotangent in zip(leaves, given, strict=True)
        if isinstance(x, Variable) and x.level is tape
    ]


def _read_cotangent(output: Tensor, cotangent: Any) -> Tensor:
    if isinstance(cotangent, (int, float)) and output.size == 1:
        return ones_like(output.primal) * float(cotangent)
    if not isinstance(cotangent, Tensor):
        raise ArgumentTypeError(f"a cotangent must be a Tensor, got {type(cotangent).__name__}")
    value = _value(cotangent)
    if value.shape == (1,) and output.shape == ():
        value = value.reshape(())
    if value.shape != output.shape:
        raise ShapeError(f"the cotangent has shape {value.shape}, the output {output.shape}; they must be equal")
    if value.dtype is not output.dtype:
        raise DTypeError(f"the cotangent is of {value.dtype}, the output of {output.dtype}; they must be equal")
    return value


def _gradients(
    tape: Tape, seeds: list[tuple[Variable, Tensor]], variables: list[Any], keep: bool
) -> dict[int, Tensor | None]:
    cotangents = tape.pull_back(seeds, variables, keep)
    return {variable.index: cotangent for variable, cotangent in zip(variables, cotangents, strict=True)}


def _rebuild(tape: Tape, watched: Any, found: dict[int, Tensor | None]) -> Any:
    """The gradients in the structure of one argument; zeros for what nothing depends on."""

    def gradient(leaf: Any) -> Any:
        if _is_watched(tape, leaf):
            cotangent = found[leaf.index]
            return zeros_like(leaf.primal) if cotangent is None else cotangent
        return zeros_like(leaf) if isinstance(leaf, Tensor) else leaf

    return gradient(watched) if isinstance(watched, Tensor) else pytree.map(gradient, watched)
