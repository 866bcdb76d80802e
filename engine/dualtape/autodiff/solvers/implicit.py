"""`root` and `fixed_point`: solutions of equations, differentiated by the implicit function theorem.

If r(x, a) = 0 holds along a curve, then r_x dx + r_a da = 0: one linear system gives the derivative, however the
solution was found, and of every order, for the system is itself differentiable.

Reference: Blondel et al. 2022, *Efficient and modular implicit differentiation*, arXiv:2105.15183.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from dualtape import pytree
from dualtape.autodiff.levels import DerivativeRule, LinearMap, Tangents
from dualtape.autodiff.solvers.krylov import METHODS, Residual, krylov_solve
from dualtape.autodiff.solvers.linear_system import solve_dense
from dualtape.autodiff.transforms import jacfwd, jvp, require_callable, vjp
from dualtape.core.composite import Cotangents, Values, replaced, spread
from dualtape.core.interpreter import apply, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, TracingError
from dualtape.functions.conversion import read_int, read_real
from dualtape.primitives.rounding import stop_gradient
from dualtape.tensor import Tensor

_LARGEST_DENSE = 500


def root(
    residual: Residual, x0: Tensor, *args: Any, steps: int = 50, tolerance: float | None = None, solver: str = "auto"
) -> Tensor:
    """The ``x`` near ``x0`` at which ``residual(x, *args)`` is zero, by Newton's method.

    Parameters
    ----------
    residual
        ``residual(x, *args)``, of ``x``'s shape.
    x0
        Where to start; the solution has no derivative by it.
    args
        Whatever the equation depends on: Tensors, nested containers of them, static values. The solution is
        differentiable by them, and only by what is passed here.
    steps
        The largest number of steps. A jitted program takes all of them, for it cannot look at its numbers.
    tolerance
        A step that is smaller than this, relative to the largest element of ``x`` or 1, is the last one; by default 8
        roundings of the element type.
    solver
        Of the linear systems, in the steps and in derivatives. ``"dense"`` forms the Jacobian and eliminates;
        ``"gmres"``, and ``"cg"`` where it is symmetric positive definite, only multiply by it, and cannot be jitted.
        ``"auto"`` forms it up to 500 unknowns, and takes GMRES beyond.

    Examples
    --------
    >>> import dualtape as dt
    >>> square_root = lambda a: dt.root(lambda x, a: x * x - a, dt.Tensor(1.0), a)
    >>> print(square_root(dt.Tensor(4.0)), dt.grad(square_root)(dt.Tensor(4.0)))
    2.0 0.25
    """
    require_callable("root", residual)
    newton: Iteration = lambda system, x, given: x - system.solve(x, given, system.equation(x, *given))
    return _solution("root", residual, newton, x0, args, steps, tolerance, solver)


def fixed_point(
    step: Residual, x0: Tensor, *args: Any, steps: int = 1000, tolerance: float | None = None, solver: str = "auto"
) -> Tensor:
    """The ``x`` with ``step(x, *args) = x`` to which iteration from ``x0`` converges.

    The parameters are those of :func:`root`.

    Examples
    --------
    >>> import dualtape as dt
    >>> mean = lambda a: dt.fixed_point(lambda x, a: 0.5 * (x + a / x), dt.Tensor(1.0), a)
    >>> print(mean(dt.Tensor(4.0)), dt.grad(mean)(dt.Tensor(4.0)))
    2.0 0.25
    """
    require_callable("fixed_point", step)

    def iterate(system: _System, x: Tensor, given: Sequence[Any]) -> Tensor:
        return _residual(step, "step", x, pytree.unflatten(system.structure, list(given)))

    return _solution("fixed_point", lambda x, *given: step(x, *given) - x, iterate, x0, args, steps, tolerance, solver)


class _System(NamedTuple):
    """The linear systems of an equation: solved with its derivative by x, or with the transpose of that."""

    residual: Residual
    structure: Any
    solver: str

    def equation(self, x: Tensor, *leaves: Any) -> Tensor:
        """The residual as a function of x and a flat list of the other arguments."""
        return _residual(self.residual, "residual", x, pytree.unflatten(self.structure, list(leaves)))

    def solve(self, x: Tensor, leaves: Values, right: Tensor, transposed: bool = False) -> Tensor:
        """``y`` of J y = ``right``."""
        if self.solver != "dense" and (self.solver != "auto" or x.size > _LARGEST_DENSE):
            method = "gmres" if self.solver == "auto" else self.solver
            return krylov_solve(self.equation, x, leaves, right, method, transposed)
        found: Tensor = jacfwd(lambda x: self.equation(x, *leaves))(x)
        matrix = found.reshape((x.size, x.size))
        return solve_dense(matrix.T if transposed else matrix, right.reshape((x.size, 1))).reshape(x.shape)


Iteration = Callable[[_System, Tensor, Sequence[Any]], Tensor]


def _solution(
    function: str, residual: Residual, step: Iteration, x0: Any, args: Any, steps: Any, tolerance: Any, solver: Any
) -> Tensor:
    start = _read_start(function, x0, steps, tolerance, solver)
    limit = 8 * float(np.finfo(start.dtype.numpy).eps) if tolerance is None else float(tolerance)
    leaves, structure = pytree.flatten(args)
    system = _System(residual, structure, solver)

    def solved(given: Values) -> Tensor:
        x = start
        for _ in range(steps):
            before, x = x, step(system, x, given)
            if _is_done(function, before, x, limit):
                return x
        if _numbers(x) is not None:
            raise ArgumentError(
                f"`{function}` did not converge in {steps} steps; start nearer, or give more `steps` or a larger "
                "`tolerance`"
            )
        return x

    found: Tensor = apply(_Implicit(function, solved, system), [value_of(x) for x in leaves])[0]
    return found


def _read_start(function: str, x0: Any, steps: Any, tolerance: Any, solver: Any) -> Tensor:
    if not isinstance(x0, Tensor):
        raise ArgumentTypeError(f"`x0` of `{function}` must be a Tensor, got {type(x0).__name__}")
    if not x0.dtype.is_float:
        raise DTypeError(f"`x0` of `{function}` must hold floats, got {x0.dtype}")
    limit = 1.0 if tolerance is None else read_real(function, "tolerance", tolerance)
    if read_int(function, "steps", steps) < 1 or not limit > 0:
        raise ArgumentError(f"`steps` and `tolerance` of `{function}` must be positive, got {steps} and {tolerance}")
    if not isinstance(solver, str) or solver not in ("auto", "dense", *METHODS):
        raise ArgumentError(f"`solver` of `{function}` must be 'auto', 'dense', 'gmres' or 'cg', got {solver!r}")
    return stop_gradient(value_of(x0))


class _Implicit(DerivativeRule):
    """A solution as a function of the other arguments of its equation."""

    is_equation = True

    def __init__(self, name: str, solved: Callable[[Values], Tensor], system: _System) -> None:
        self.name = name
        self._solved = solved
        self._system = system

    def run(self, inputs: Values) -> list[Any]:
        return [value_of(self._solved(inputs))]

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        return self._system.equation(output, *inputs)

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda residual: -self._system.solve(output, inputs, residual)

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        x = outputs[0]

        def push(tangents: Tangents) -> list[Tensor | None]:
            moving = [i for i, t in enumerate(tangents) if t is not None]
            if not moving:
                return [None]
            equation = lambda *values: self._system.equation(x, *replaced(inputs, moving, values))
            _, change = jvp(equation, [inputs[i] for i in moving], [tangents[i] for i in moving])
            return [-self._system.solve(x, inputs, change)]

        return push

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        x, cotangent = outputs[0], cotangents[0]
        if cotangent is None:
            return [None] * len(inputs)
        adjoint = -self._system.solve(x, inputs, cotangent, transposed=True)
        moving = [i for i, want in enumerate(wanted) if want]
        _, pull = vjp(
            lambda *values: self._system.equation(x, *replaced(inputs, moving, values)), *compress(inputs, wanted)
        )
        return spread(wanted, pull(adjoint))


def _residual(equation: Residual, name: str, x: Tensor, args: Sequence[Any]) -> Tensor:
    value = equation(x, *args)
    if not isinstance(value, Tensor) or value.shape != x.shape:
        raise ShapeError(f"`{name}` must give a Tensor of x's shape {x.shape}, got {getattr(value, 'shape', value)}")
    return value


def _is_done(function: str, before: Tensor, after: Tensor, limit: float) -> bool:
    old, new = _numbers(before), _numbers(after)
    if old is None or new is None:
        return False
    if not np.isfinite(new).all():
        raise ArgumentError(f"`{function}` met values that are not finite; start nearer to the solution")
    return bool(np.abs(new - old).max(initial=0) <= limit * max(1.0, float(np.abs(new).max(initial=0))))


def _numbers(x: Tensor) -> np.ndarray | None:
    try:
        # Of all examples of a `vmap`: the iteration goes on until the last of them is done.
        return x.ground.asnumpy()
    except TracingError:
        return None
