"""`while_loop`, `fori_loop` and `scan`; and what forward derivatives and `vmap` make of a `while_loop` inside `jit`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from dualtape.autodiff.levels import PartsLevel, Present
from dualtape.autodiff.transforms import require_callable
from dualtape.compiler.program import WHILE, Program, evaluate
from dualtape.control.bodies import Mask, close_body, close_here, close_step, sharing
from dualtape.control.conditions import Cond, is_undecided, read_predicate
from dualtape.control.flat import Flat, described, device_of, flat, require_same
from dualtape.control.on_parts import all_parts, count_parts, evaluation, on_parts, settled, wholes
from dualtape.control.scanning import ScanLoop, Steps
from dualtape.control.structured import Structured, value_spec
from dualtape.core.composite import PullBack, Values
from dualtape.core.interpreter import apply, nesting_depth, value_of
from dualtape.devices.device import Device
from dualtape.dtypes import int64
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError, TracingError
from dualtape.functions.conversion import cast_to, read_int
from dualtape.functions.creation import arange
from dualtape.parameter import set_all
from dualtape.primitives.movement import reshape
from dualtape.primitives.selection import where
from dualtape.tensor import Tensor
from dualtape.views import is_observed

BodyFn = Callable[..., Any]


def while_loop(
    cond_fn: Callable[[Any], Any], body_fn: Callable[[Any], Any], init: Any, max_steps: int | None = None
) -> Any:
    """``body_fn`` on ``init``, on what that gives and so on, for as long as ``cond_fn`` of it holds.

    Outside `jit` it is Python's ``while``. Inside, condition and body are traced once, and one equation of the program
    holds them. Under `vmap` the loop runs until no example wants to go on; those that are done keep their values.

    Parameters
    ----------
    cond_fn
        From the carry to a bool, or a Tensor of one element.
    body_fn
        From the carry to the next one, of the same structure, shapes and element types.
    init
        The first carry: Tensors or numbers, in nested containers or not.
    max_steps
        The loop ends after so many steps at the latest. Reverse mode inside `jit` needs such a bound.

    Returns
    -------
    The last carry.

    Raises
    ------
    TracingError
        In reverse mode inside `jit` without `max_steps`.

    Notes
    -----
    Forward derivatives of every order work everywhere. In reverse mode outside `jit` the tape remembers every step.
    Inside, how many there will be is unknown; with `max_steps` it is there a :func:`scan` of so many, which keeps its
    carry from when the condition does not hold any more. So that costs time for all of them.

    Examples
    --------
    >>> import dualtape as dt
    >>> halve = lambda x: dt.ops.while_loop(lambda x: x > 1, lambda x: x / 2, x)
    >>> print(halve(dt.Tensor(10.0)), dt.grad(halve)(dt.Tensor(10.0)))
    0.625 0.0625
    >>> bounded = lambda x: dt.ops.while_loop(lambda x: x > 1, lambda x: x / 2, x, max_steps=20)
    >>> print(dt.jit(dt.grad(bounded))(dt.Tensor(10.0)))
    0.0625
    """
    require_callable("while_loop", cond_fn)
    require_callable("while_loop", body_fn)
    most = None if max_steps is None else read_int("while_loop", "max_steps", max_steps)
    if most is not None and most < 0:
        raise ArgumentError(f"`max_steps` of `while_loop` must not be negative, got {max_steps}")
    device = device_of(init)
    first = flat(init, device)
    if is_observed():
        return written_while(cond_fn, body_fn, first, device, partial(While, most=most))
    carry = first
    steps = 0
    while True:
        if steps == most:
            return carry.filled(carry.tensors)
        steps += 1
        going = read_predicate("while_loop", cond_fn(carry.filled(carry.tensors)))
        if not (going if isinstance(going, bool) else _any_example(going)):
            return carry.filled(carry.tensors)
        after = _next(body_fn, (carry.filled(carry.tensors),), first, "while_loop", device)
        if not isinstance(going, bool):
            pairs = zip(after.tensors, carry.tensors, strict=True)
            after = flat(carry.filled([where(going, new, old) for new, old in pairs]), device)
        carry = after


def fori_loop(lower: Any, upper: Any, body_fn: Callable[[Any, Any], Any], init: Any) -> Any:
    """``body_fn(i, carry)`` for i from ``lower`` up to but without ``upper``, each on the carry of the one before.

    Outside `jit` it is Python's ``for``. Inside, the body is traced once, and one equation of the program holds it.

    Parameters
    ----------
    lower, upper
        Integers, or Tensors of one integer. Inside `jit`, reverse mode needs bounds that are known there, such as
        Python numbers.
    body_fn
        From the index, an Int64 Tensor of shape (), and the carry to the next carry, of the same structure, shapes and
        element types.
    init
        The first carry: Tensors or numbers, in nested containers or not.

    Returns
    -------
    The last carry; ``init`` where ``upper <= lower``, and ``body_fn`` is then not called.

    Notes
    -----
    Reverse mode keeps the carry of about sqrt(n) steps, as :func:`scan` does.

    Examples
    --------
    >>> import dualtape as dt
    >>> power = lambda x: dt.ops.fori_loop(0, 3, lambda i, y: y * x, dt.Tensor(1.0))
    >>> print(power(dt.Tensor(2.0)), dt.jit(dt.grad(power))(dt.Tensor(2.0)))
    8.0 12.0
    """
    require_callable("fori_loop", body_fn)
    device = device_of(init)
    start, stop = _read_bound("lower", lower), _read_bound("upper", upper)
    if isinstance(start, int) and isinstance(stop, int):
        if stop <= start:
            first = flat(init, device)
            return first.filled(first.tensors)
        indices = arange(start, stop).to(device)
        step = lambda carry, i: (body_fn(i, carry), ())
        return _scan(step, body_fn, init, indices, stop - start, device, "fori_loop")[0]

    def turn(state: Any) -> Any:
        i, end, carry = state
        return i + 1, end, body_fn(i, carry)

    bounds = [x if isinstance(x, Tensor) else Tensor(x, device=device) for x in (start, stop)]
    return while_loop(lambda state: state[0] < state[1], turn, (*bounds, init))[2]


def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for every row x of ``xs``, each on the carry of the one before.

    Outside `jit` it is a Python loop. Inside, ``f`` is traced once, and one equation of the program holds it: the time
    to compile does not grow with the number of steps.

    Parameters
    ----------
    f
        From carry and row to the next carry, of the same structure, shapes and element types, and an output.
    init
        The first carry: Tensors or numbers, in nested containers or not.
    xs
        Tensors with one row for each step along their first axis, in nested containers or not; None for rows of None.
    length
        The number of steps; needed where ``xs`` does not tell it.

    Returns
    -------
    tuple
        The last carry, and the outputs of all steps, stacked along a new first axis.

    Notes
    -----
    Derivatives of every mode and order. Reverse mode keeps the carry at the start of about sqrt(n) segments and runs
    each again when the walk comes back to it; outside `jit` with the reach of :func:`dualtape.checkpoint`.

    Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 12.

    Examples
    --------
    >>> import dualtape as dt
    >>> total, sums = dt.ops.scan(lambda c, x: (c + x, c + x), dt.Tensor(0.0), dt.Tensor([1.0, 2.0, 3.0]))
    >>> print(total, sums)
    6.0 [1. 3. 6.]
    """
    require_callable("scan", f)
    device = device_of(init, xs)
    return _scan(f, f, init, xs, _read_length(xs, length), device, "scan")


def _scan(f: BodyFn, named: BodyFn, init: Any, xs: Any, length: int, device: Device, title: str) -> tuple[Any, Any]:
    """``named`` is the user's function, for errors."""
    steps = Steps(f, named, flat(init, device), flat(xs, device), device, title)
    if is_observed():
        return steps.written(length)
    return steps.one_by_one(length) if nesting_depth() == 0 or length < 4 else steps.in_segments(length)


def _next(body_fn: BodyFn, arguments: tuple[Any, ...], first: Flat, title: str, device: Device) -> Flat:
    after = flat(body_fn(*arguments), device)
    require_same(first, after, f"the carry that {described(body_fn)} of `{title}` returns", "`init`")
    return after


def _any_example(going: Tensor) -> bool:
    """Whether the loop goes on for any example of any `vmap`."""
    while going.level.depth:
        level = going.level
        if isinstance(level, PartsLevel) and level.is_several(level.present(going)):
            going = level.any_of_several(going)
        else:
            going = going.primal
    return bool(going.item())


def _read_bound(name: str, bound: Any) -> Any:
    """An int where it is known, else an Int64 tensor of shape ()."""
    if isinstance(bound, Tensor) and bound.dtype.is_integer and bound.size == 1:
        value = value_of(bound)
        if not is_undecided(value):
            return int(value.ground.item())
        return reshape(cast_to(value, int64), shape=())
    if isinstance(bound, bool) or not isinstance(bound, (int, np.integer)):
        kind = f"a Tensor of {bound.dtype} and shape {bound.shape}" if isinstance(bound, Tensor) else repr(bound)
        raise ArgumentTypeError(f"`{name}` of `fori_loop` must be an int or a Tensor of one integer, got {kind}")
    return int(bound)


def _read_length(xs: Any, length: int | None) -> int:
    if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < 0):
        raise ArgumentTypeError(f"`length` of `scan` must be a non-negative int or None, got {length!r}")
    found = [x.shape for x in flat(xs, device_of(xs)).tensors]
    if not all(found):
        raise ShapeError("`xs` of `scan` holds a 0-d Tensor, which has no axis to go along")
    sizes = sorted({shape[0] for shape in found})
    if len(sizes) > 1:
        raise ShapeError(f"`xs` of `scan` has leading axes of sizes {sizes}; they must be equal")
    if length is None and not sizes:
        raise ArgumentError("`scan` without `xs` needs `length`, the number of steps")
    if sizes and length not in (None, sizes[0]):
        raise ShapeError(f"`length` of `scan` is {length}, but `xs` has {sizes[0]} rows")
    return sizes[0] if sizes else length or 0


def written_while(
    cond_fn: BodyFn, body_fn: BodyFn, first: Flat, device: Device, loop: Callable[[Program, Program, int], While]
) -> Any:
    """A loop as one equation of the program that is being written; ``loop`` of condition, body and constants."""

    def goes_on(*tensors: Any) -> list[Any]:
        going = read_predicate("while_loop", cond_fn(first.filled(tensors)))
        return [Tensor(going, device=device) if isinstance(going, bool) else going]

    def run(*tensors: Any) -> list[Any]:
        return list(_next(body_fn, (first.filled(tensors),), first, "while_loop", device).tensors)

    specs, n = [value_spec(x) for x in first.tensors], len(first.tensors)
    step, held = close_step("while_loop", run, specs, device, n, optional=True)
    going_on = close_body("while_loop", goes_on, specs, device, held=held)
    (condition, body), captured = sharing(going_on, step)
    values = [value_of(parameter) for parameter in held.parameters]
    found = apply(loop(condition, body, len(captured)), [*captured, *first.tensors, *values])
    set_all(held.parameters, found[n:])
    return first.filled(found[:n])


@dataclass(frozen=True)
class While(Structured):
    """``body`` on constants and carry, for as long as ``condition`` on the same says so.

    ``most`` is after how many steps at the latest it does not, if that is known.
    """

    condition: Program
    body: Program
    consts: int
    most: int | None = None

    kind = WHILE
    name = "while_loop"

    def on_parts(self, level: PartsLevel, inputs: Values) -> list[Any]:
        consts, carry = list(inputs[: self.consts]), list(inputs[self.consts :])
        fixed = [level.present(x) for x in consts]
        condition, body, nodes = evaluation(self.condition), evaluation(self.body), self.body.inputs

        def after(carried: list[Present]) -> list[Present]:
            return on_parts(level, body, nodes, [*fixed, *carried])[1]

        carried = settled(level, carry, after)
        goes_on, (differs,) = on_parts(level, condition, nodes, [*fixed, *carried])
        if level.is_several(differs):
            # Each of them goes on for as long as it wants to, and then waits for the others.
            carried = [differs] * len(carry)
            condition, body = self._any_wants_to_go_on, self._step_of_those_that_want
            goes_on, _ = on_parts(level, condition, nodes, [*fixed, *carried])
        step, _ = on_parts(level, body, nodes, [*fixed, *carried], carried)
        (program, next_carry), captured = sharing(goes_on, step)
        count = len(captured) + count_parts(level, nodes[: self.consts], fixed)
        loop = replace(self, condition=program, body=next_carry, consts=count)
        parts = apply(loop, [*captured, *all_parts(level, consts, fixed), *all_parts(level, carry, carried)])
        return wholes(level, parts, self.body.results, carried, len(carry))

    def _any_wants_to_go_on(self, values: Values, inner: PartsLevel) -> list[Any]:
        return [inner.any_of_several(evaluate(self.condition, values)[0])]

    def _step_of_those_that_want(self, values: Values, inner: PartsLevel) -> list[Any]:
        (going,) = evaluate(self.condition, values)
        moved = evaluate(self.body, values)
        return [where(going, new, old) for new, old in zip(moved, values[self.consts :], strict=True)]

    def in_pieces(self, inputs: Values) -> list[Any] | None:
        """A loop of known length, whose steps change nothing from where the condition does not hold any more."""
        if self.most is None:
            return None
        (condition, body), n = (self.condition, self.body), self.consts
        same = Program(body.inputs, (), body.inputs[n:])

        def step(*values: Any) -> list[Any]:
            (going,) = evaluate(condition, values)
            return apply(Cond(body, same), [going, *values])

        (program,), captured = sharing(close_here(step, [value_spec(x) for x in inputs]))
        loop = ScanLoop(program, len(captured) + n, len(inputs) - n, self.most)
        return apply(loop, [*captured, *inputs])

    def pull_back(self, inputs: Values, watched: Mask) -> tuple[list[Any], PullBack]:
        raise TracingError(
            "reverse mode through a `while_loop` inside `jit`: how many steps it will take, and so how many values to "
            "keep, is not known while it is traced; say `max_steps`, use `fori_loop` with Python numbers as bounds or "
            "`scan` (with `cond` or `where` to stop early), differentiate it forward (`jvp`, `partials`), or leave the "
            "loop outside `jit`"
        )
