"""`cond`: one of two functions, chosen by a value.

Inside `jit` derivatives of every mode make a condition of it: the gradient of a condition is a condition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dualtape.autodiff.levels import PartsLevel
from dualtape.autodiff.transforms import require_callable
from dualtape.compiler.program import COND, Program, evaluate
from dualtape.control.bodies import Closed, Mask, close_body, close_here, pulled, sharing
from dualtape.control.flat import Flat, described, device_of, flat, require_same
from dualtape.control.on_parts import all_parts, evaluation, on_parts, wholes
from dualtape.control.structured import Structured, value_spec
from dualtape.core.composite import Cotangents, PullBack, Values, spread
from dualtape.core.interpreter import apply, value_of
from dualtape.dtypes import bool_
from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.primitives.comparison import not_equal
from dualtape.primitives.movement import reshape
from dualtape.primitives.selection import where
from dualtape.tensor import Tensor
from dualtape.views import is_observed


def cond(pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any) -> Any:
    """``true_fn(*operands)`` if ``pred`` holds, else ``false_fn(*operands)``.

    Outside `jit` it is Python's ``if``: one of the functions is called. Inside, both are traced, and one equation of
    the program holds them; one of them runs. Under `vmap`, where examples choose differently, both run for all
    examples and each takes what it chose. All derivatives are those of the chosen function.

    Parameters
    ----------
    pred
        A bool, a number or a Tensor of one element.
    true_fn, false_fn
        Functions of the operands, which may also use values from outside. Inside `jit` and `vmap` they return
        containers of one structure with tensors of the same shapes and element types.
    *operands
        Tensors, in nested containers or not.

    Examples
    --------
    >>> import dualtape as dt
    >>> root = dt.jit(lambda x: dt.ops.cond(x > 0, dt.ops.sqrt, lambda x: -dt.ops.sqrt(-x), x))
    >>> print(root(dt.Tensor(4.0)), root(dt.Tensor(-9.0)), dt.grad(root)(dt.Tensor(4.0)))
    2.0 -3.0 0.25
    """
    require_callable("cond", true_fn)
    require_callable("cond", false_fn)
    predicate = read_predicate("cond", pred)
    if isinstance(predicate, bool):
        return (true_fn if predicate else false_fn)(*operands)
    if not is_observed():
        true, false = (flat(function(*operands), device_of(operands)) for function in (true_fn, false_fn))
        _require_alike(true, false, true_fn, false_fn)
        return true.filled([where(predicate, x, y) for x, y in zip(true.tensors, false.tensors, strict=True)])
    return _written(predicate, true_fn, false_fn, operands)


def read_predicate(name: str, pred: Any) -> Any:
    """A bool where it is known, else a bool tensor of shape ()."""
    if not isinstance(pred, Tensor):
        if isinstance(pred, (bool, int, float)):
            return bool(pred)
        raise ArgumentTypeError(f"the condition of `{name}` must be a bool or a Tensor, got {type(pred).__name__}")
    value: Tensor = value_of(pred)
    if value.size != 1:
        raise ShapeError(f"the condition of `{name}` has shape {value.shape}; expected one element, as all() gives")
    if value.dtype is not bool_:
        value = not_equal(value, 0)
    if value.shape:
        value = reshape(value, shape=())
    return value if is_undecided(value) else bool(value.ground.item())


def is_undecided(value: Tensor) -> bool:
    """Whether examples of a `vmap` may differ in it, or a jitted function is being traced."""
    while value.level.depth:
        if value.level.undecided:
            return True
        value = value.primal
    return False


def _written(predicate: Tensor, true_fn: Any, false_fn: Any, operands: tuple[Any, ...]) -> Any:
    device = device_of()
    given = flat(operands, device)
    outputs: list[Flat] = []

    def run(function: Callable[..., Any]) -> Callable[..., list[Any]]:
        def on_tensors(*tensors: Tensor) -> list[Any]:
            outputs.append(flat(function(*given.filled(tensors)), device))
            return list(outputs[-1].tensors)

        return on_tensors

    specs = [value_spec(x) for x in given.tensors]
    closed = [close_body("cond", run(function), specs, device, optional=True) for function in (true_fn, false_fn)]
    _require_alike(outputs[0], outputs[1], true_fn, false_fn)
    (true, false), captured = sharing(*closed)
    return outputs[0].filled(apply(Cond(true, false), [predicate, *captured, *given.tensors]))


def _require_alike(true: Flat, false: Flat, true_fn: Any, false_fn: Any) -> None:
    require_same(true, false, f"what {described(false_fn)} of `cond` returns", f"what {described(true_fn)} returns")


@dataclass(frozen=True)
class Cond(Structured):
    """``true`` or ``false`` on the operands that follow the predicate."""

    true: Program
    false: Program

    kind = COND
    name = "cond"

    def on_parts(self, level: PartsLevel, inputs: Values) -> list[Any]:
        predicate, *operands = inputs
        if level.is_several(level.present(predicate)):
            branches = zip(evaluate(self.true, operands), evaluate(self.false, operands), strict=True)
            return [where(predicate, x, y) for x, y in branches]
        present = [level.present(x) for x in operands]
        runs = [evaluation(self.true), evaluation(self.false)]
        found = [on_parts(level, run, self.true.inputs, present)[1] for run in runs]
        wanted = [level.union(p, q) for p, q in zip(*found, strict=True)]
        (true, false), captured = sharing(*(on_parts(level, run, self.true.inputs, present, wanted)[0] for run in runs))
        parts = apply(Cond(true, false), [predicate, *captured, *all_parts(level, operands, present)])
        return wholes(level, parts, self.true.results, wanted, len(wanted))

    def pull_back(self, inputs: Values, watched: Mask) -> tuple[list[Any], PullBack]:
        predicate, *operands = inputs
        n = len(operands)

        def pull(cotangents: Cotangents) -> Cotangents:
            seeds = {k: ct for k, ct in enumerate(cotangents) if ct is not None}

            def transposed(branch: Program) -> Closed:
                def run(*values: Any) -> list[Any]:
                    return pulled(branch, values[:n], watched[1:], dict(zip(seeds, values[n:], strict=True)))

                return close_here(run, [*map(value_spec, operands), *map(value_spec, seeds.values())])

            (true, false), captured = sharing(transposed(self.true), transposed(self.false))
            return spread(watched, apply(Cond(true, false), [predicate, *captured, *operands, *seeds.values()]))

        return apply(self, inputs), pull
