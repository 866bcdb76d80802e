"""`integrate`: what it takes, and which method solves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.autodiff.transforms import require_callable
from dualtape.control.conditions import is_undecided
from dualtape.core.interpreter import value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.conversion import as_tensor, cast_to, read_choice, read_int, read_positive
from dualtape.ode.adaptive import StepControl, checked, in_adaptive_steps
from dualtape.ode.continuous import with_continuous_adjoint
from dualtape.ode.fixed import STEPS, in_fixed_steps, require_halves
from dualtape.ode.system import StateLeaves, System
from dualtape.tensor import Tensor


def integrate(
    f: Callable[..., Any],
    y0: Any,
    ts: Any,
    args: tuple[Any, ...] = (),
    *,
    method: str = "dopri5",
    rtol: float = 1e-3,
    atol: float = 1e-6,
    steps: int | None = None,
    max_steps: int = 4096,
    first_step: float | None = None,
    adjoint: str = "discrete",
    on_failure: str = "raise",
) -> Any:
    """The solution of y' = f(t, y, *args) with y = ``y0`` at the first of the times ``ts``, at all of them.

    Parameters
    ----------
    f
        ``f(t, y, *args)``, of a time, a Tensor of shape (), and a state arranged as ``y0``: its slopes, arranged so.
    y0
        A Tensor of floats of any shape, or several of one type in nested containers. Many initial values at once, each
        with steps of its own, are what `vmap` makes of one.
    ts
        Times, of shape (n,) with n of at least 2, which go up or down; the solution at them does not change the steps.
    args
        A tuple of what else ``f`` takes: Tensors, nested containers of them, static values.
    method
        ``"dopri5"``, Dormand and Prince's pair of orders 5 and 4 with adaptive steps (SciPy's RK45); or with
        fixed steps ``"euler"``, ``"midpoint"``, ``"rk4"`` of the orders 1, 2 and 4, and for a pair (q, p) with
        q' = v(t, p) and p' = F(t, q) the symplectic ``"leapfrog"``, of order 2.
    rtol, atol
        Of adaptive methods: the estimated error of a step, divided by ``atol + rtol * abs(y)``, has a root mean square
        of at most 1, as in SciPy.
    steps
        Of methods with fixed steps: how many there are between two neighbouring times; 1 by default.
    max_steps
        Of adaptive methods: how many steps may be tried in all.
    first_step
        Of adaptive methods: the size of the first step to try; chosen by the slopes if it is None.
    adjoint
        How reverse mode works, for adaptive methods. ``"discrete"`` differentiates the steps that were taken; forward
        mode and derivatives of every order are those of the steps, too. ``"continuous"`` integrates an equation for
        the cotangents backward in time, in memory that does not grow with the steps, to the tolerances: reverse mode
        alone; what ``f`` uses without being given it is found by tracing ``f``.
    on_failure
        ``"raise"``, or ``"nan"``: a solution that cannot be followed is NaN at all times.

    Returns
    -------
    The states at all times, arranged as ``y0``, with a first axis of n.

    Raises
    ------
    IntegrationError
        With time, number and size of the step: if there are too many steps, if steps become too small, if ``f`` is not
        finite, or if ``ts`` do not go in one direction. Under `jit`, too.

    Notes
    -----
    Differentiable by ``y0``, ``ts`` and ``args``, and by what ``f`` uses. Inside `jit` reverse mode needs memory for
    the states of about ``max_steps / 8`` steps.

    References: Dormand & Prince 1980; Hairer, Norsett & Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
    II.4 to II.6.

    Examples
    --------
    >>> import dualtape as dt
    >>> decay = lambda t, y, rate: -rate * y
    >>> times = dt.Tensor([0.0, 0.5, 1.0])
    >>> print(dt.ode.integrate(decay, dt.Tensor(1.0), times, (dt.Tensor(2.0),), rtol=1e-4))
    [1.         0.36787584 0.13533728]
    >>> last = lambda rate: dt.ode.integrate(decay, dt.Tensor(1.0), times, (rate,), rtol=1e-4)[-1]
    >>> print(dt.grad(last)(dt.Tensor(2.0)))
    -0.13533062
    """
    require_callable("integrate", f)
    leaves, structure, times = _read_problem(y0, ts)
    if not isinstance(args, tuple):
        raise ArgumentTypeError(f"`args` of `integrate` must be a tuple, got {type(args).__name__}")
    system = System(f, args, structure, tuple(x.shape for x in leaves))
    name = read_choice("integrate", "method", method, ("dopri5", *STEPS))
    mode = read_choice("integrate", "adjoint", adjoint, ("discrete", "continuous"))
    failing = read_choice("integrate", "on_failure", on_failure, ("raise", "nan"))
    if name != "dopri5":
        if name == "leapfrog":
            require_halves(structure)
        count = 1 if steps is None else read_int("integrate", "steps", steps)
        if count < 1:
            raise ArgumentError(f"`steps` of `integrate` must be at least 1, got {count}")
        return pytree.unflatten(structure, in_fixed_steps(STEPS[name], system, leaves, times, count))
    if steps is not None:
        raise ArgumentError(
            f"`steps` is of methods with fixed steps; `method={method!r}` chooses its own: see `max_steps`"
        )
    control = _read_control(rtol, atol, max_steps, first_step, leaves)
    control = control._replace(raises=failing == "raise")
    solve = in_adaptive_steps if mode == "discrete" else with_continuous_adjoint
    return pytree.unflatten(structure, checked(solve(system, leaves, times, control), control))


def _read_problem(y0: Any, ts: Any) -> tuple[StateLeaves, Any, Tensor]:
    given, structure = pytree.flatten(y0)
    leaves = [value_of(as_tensor(x, "integrate", "y0")) for x in given]
    if not leaves:
        raise ArgumentError("`y0` of `integrate` holds no Tensor")
    kinds = {x.dtype for x in leaves}
    if len(kinds) > 1 or not leaves[0].dtype.is_float or leaves[0].dtype.bits == 16:
        named = ", ".join(sorted(str(kind) for kind in kinds))
        raise DTypeError(f"`y0` of `integrate` must be of Float32 or Float64, and all of it of one, got {named}")
    times = value_of(as_tensor(ts, "integrate", "ts"))
    if times.ndim != 1 or times.shape[0] < 2:
        raise ShapeError(f"`ts` of `integrate` must be a vector of two times or more, got shape {times.shape}")
    if times.dtype.bits > leaves[0].dtype.bits and times.dtype.is_float and isinstance(ts, Tensor):
        raise DTypeError(
            f"`ts` of `integrate` is of {times.dtype}, but the state of {leaves[0].dtype}; cast one of them"
        )
    times = cast_to(times, leaves[0].dtype).to(leaves[0].device)
    if not is_undecided(times):
        _require_order(times.ground.asnumpy())
    return leaves, structure, times


def _require_order(times: np.ndarray) -> None:
    steps = np.diff(times)
    if not np.isfinite(times).all():
        raise ArgumentError(f"`ts` of `integrate` must be finite, got {times}")
    if not ((steps > 0).all() or (steps < 0).all()):
        wrong = int(np.argmax(np.sign(steps) != np.sign(times[-1] - times[0])))
        raise ArgumentError(
            "`ts` of `integrate` must go in one direction, each time after the one before; "
            f"{times[wrong]:.9g} is followed by {times[wrong + 1]:.9g}"
        )


def _read_control(rtol: Any, atol: Any, max_steps: Any, first_step: Any, leaves: Sequence[Tensor]) -> StepControl:
    relative = read_positive("integrate", "rtol", rtol)
    least = 100 * float(np.finfo(leaves[0].dtype.numpy).eps)
    if relative < least:
        raise ArgumentError(
            f"`rtol` of `integrate` is {relative:.3g}, which is beyond {leaves[0].dtype}; expected at least {least:.2g}"
        )
    absolute = read_positive("integrate", "atol", atol, zero=True)
    count = read_int("integrate", "max_steps", max_steps)
    if count < 1:
        raise ArgumentError(f"`max_steps` of `integrate` must be at least 1, got {count}")
    size = None if first_step is None else read_positive("integrate", "first_step", first_step)
    return StepControl(relative, absolute, len(leaves), count, size)
