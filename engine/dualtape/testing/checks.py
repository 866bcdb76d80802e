"""`check_derivatives`: every mode of differentiation against the others, and against what owes nothing to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from dualtape.compiler.jit import jit
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST, device, devices, find_device
from dualtape.dtypes import float64
from dualtape.errors import ArgumentError, TracingError
from dualtape.testing.code import as_code
from dualtape.testing.comparison import Expected, compare, within_estimate, within_rounding
from dualtape.testing.complex_step import complex_step
from dualtape.testing.modes import Tensors, composed, gradient, nested_duals, taylor
from dualtape.testing.numeric import EVERYWHERE, Bounds, finite_differences, room
from dualtape.testing.problem import DerivativeProblem

_MODES = ("forward", "reverse", "taylor")
_KINDS = {"R": "gradient", "F": "forward derivative"}


def check_derivatives(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = _MODES,
    devices: Sequence[str | Device] | str | None = None,
    jit: bool = True,
    rtol: float | None = None,
    domain: Bounds = EVERYWHERE,
    seed: int = 0,
) -> None:
    """Check the derivatives of ``f`` at ``args``; raises an AssertionError that says which one is wrong, and where.

    In a random direction v, the derivatives of t -> f(x + t v) at t = 0 up to ``order`` are computed by
    nested duals (``forward``), by one Taylor polynomial (``taylor``) and by gradients, alone and nested
    with forward mode on either side (``reverse``). In float64 on the host, all of them are compared with
    adaptive finite differences of the order below, whose own estimate of their error is the tolerance; with the
    complex step, to the last digits, where ``f`` is made of functions that NumPy can continue into the complex
    plane; and with each other. Under ``jit``, on other devices and in other element types they are compared with
    the derivative in float64.

    Parameters
    ----------
    f
        A function of Tensors, or nested containers of them, that returns the same.
    args
        Its arguments; those that are no Tensors of floats are constants.
    order
        The highest order.
    modes
        Which of ``"forward"``, ``"reverse"`` and ``"taylor"`` to check.
    devices
        Where: names such as ``("host", "opencl:0")``, or ``"all"``; by default on the device of the arguments.
    jit
        Whether to check the jitted derivatives too. ``f`` must then be traceable.
    rtol
        Tolerance of the comparison of modes, relative to the largest element; by default what rounding can do to both
        sides, bounded for this function at this point (see the notes). Finite differences add their own error
        estimate, and 1e-8.
    domain
        The open interval that the elements must not leave when finite differences are taken.
    seed
        Of the direction.

    Notes
    -----
    The tolerance is a running error bound: the program of each derivative runs again with all its results moved a
    little, which shows how much their rounding matters to its outputs, ill-conditioned or not
    (`dualtape.testing.rounding`, after Higham 2002 and Parker 1997). Where ``f`` cannot be traced, or holds a loop of
    :mod:`dualtape.ops`, it is 4000 roundings of the largest element for each order.

    Raises
    ------
    AssertionError
        A derivative is wrong. The message says in which mode, on which device, at which element, both values, the
        tolerance, and the call with its input as code to paste.

    Examples
    --------
    >>> import dualtape as dt
    >>> check_derivatives(lambda x: dt.ops.sin(x) * x, dt.Tensor([0.5, 1.0]))
    """
    _read(order, modes)
    problem = DerivativeProblem(f, args, seed)
    places = _read_devices(devices, problem.device)
    precise = problem if problem.is_precise else problem.on(HOST, float64)
    references = []
    with device(HOST):
        limit = min(room(a.asnumpy(), v.asnumpy(), domain) for a, v in zip(precise.x, precise.v, strict=True))
        for k in range(1, order + 1):
            run = _Run(precise, modes, k, under_jit=False, rtol=rtol, domain=domain)
            for reference in _independent(precise, k, limit, rtol):
                run.check(reference)
            values = [np.asarray(y) for y in taylor(precise.f, precise.x, [precise.v] * k)]
            bounds = precise.bounds(k)
            run.check(within_rounding("Taylor mode in float64", values, rtol, precise.rounding, k, bounds))
            references.append(values)
    for place in places:
        there = problem if place is problem.device else problem.on(place)
        for under_jit in (False, True)[there is precise : 1 + jit]:
            with device(place):
                for k, values in enumerate(references, start=1):
                    bounds = precise.bounds(k)
                    reference = within_rounding("the derivative in float64", values, rtol, there.rounding, k, bounds)
                    _Run(there, modes, k, under_jit, rtol, domain).check(reference)


def _read(order: Any, modes: Sequence[str]) -> None:
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ArgumentError(f"`order` of `check_derivatives` must be an int of 1 or more, got {order!r}")
    if isinstance(modes, str) or not modes or any(mode not in _MODES for mode in modes):
        raise ArgumentError(f"`modes` of `check_derivatives` must be some of {_MODES}, got {modes!r}")


def _read_devices(names: Any, default: Device) -> tuple[Device, ...]:
    if names is None:
        return (default,)
    if names == "all":
        return devices()
    return tuple(map(find_device, (names,) if isinstance(names, (str, Device)) else names))


def _independent(problem: DerivativeProblem, k: int, limit: float, rtol: float | None) -> Iterator[Expected]:
    """The k-th derivative as a numerical derivative of the one before: what no rule of the engine for it can spoil."""
    sizes = [float(np.abs(np.asarray(y)).max(initial=0)) for y in problem.outputs]
    yield within_estimate(problem.finite_differences(k, limit), sizes, problem.rounding, problem.bounds(k - 1))
    slopes = complex_step(problem.derivative(k - 1), problem.x, problem.v)
    if slopes is not None:
        yield within_rounding("the complex step", slopes, rtol, problem.rounding, k, problem.bounds(k))


class _Run(NamedTuple):
    """The derivatives of one order in some modes, on one device, by themselves or under `jit`."""

    problem: DerivativeProblem
    modes: Sequence[str]
    k: int
    under_jit: bool
    rtol: float | None
    domain: Bounds

    def check(self, reference: Expected) -> None:
        """Compare all modes with a reference."""
        problem, along = self.problem, [self.problem.v] * self.k
        for mode, compute in (("forward", nested_duals), ("taylor", taylor)):
            if mode not in self.modes:
                continue
            got = self._run(lambda x, compute=compute: compute(problem.f, x, along))  # type: ignore[misc]
            derivative = lambda x, v, w, compute=compute: compute(problem.f, x, [v] * self.k)
            own = cache(partial(problem.rounding_bound, derivative))
            for i, (y, e, tolerance) in enumerate(zip(got, reference.values, reference.tolerances, strict=True)):
                title = f"{mode} mode{self._where()}, order {self.k}, output {i}"
                rounding = lambda i=i, own=own: reference.bounds()[i] + (own() or reference.bounds())[i]
                given = np.asarray(y, np.float64), e, tolerance
                compare(title, *given, reference.source, self._code(mode), None if self.rtol else rounding)
        if "reverse" in self.modes:
            # Gradients k times, a gradient outside forward mode, and one inside.
            for kinds in dict.fromkeys(["R" * self.k, "F" * (self.k - 1) + "R", "R" + "F" * (self.k - 1)]):
                self._check_reverse(kinds, reference)

    def _check_reverse(self, kinds: str, reference: Expected) -> None:
        problem = self.problem
        weights = [np.asarray(w, np.float64) for w in problem.w]
        total = sum(float((w * y).sum()) for w, y in zip(weights, reference.values, strict=True))
        allowed = sum(float(tolerance.sum()) for tolerance in reference.tolerances)  # as weights are below one
        h = composed(problem.f, problem.w, [problem.v] * self.k, kinds)
        value = float(self._run(lambda x: [h(x)])[0])
        if not abs(value - total) <= allowed and self.rtol is None:
            allowed += self._rounding(kinds, reference)
        if not abs(value - total) <= allowed:
            self._blame_element(kinds, value, total, allowed, reference.source)

    def _rounding(self, kinds: str, reference: Expected) -> float:
        """How far rounding may take a sum of weighted outputs, by reverse mode and by the reference."""
        f, k = self.problem.f, self.k
        own = self.problem.rounding_bound(lambda x, v, w: [composed(f, w, [v] * k, kinds)(x)]) or reference.bounds()
        return sum(float(bound.sum()) for bound in (*own, *reference.bounds()))

    def _blame_element(self, kinds: str, value: float, total: float, allowed: float, source: str) -> None:
        """The directional derivative is wrong: find the element of the gradient that is, and say so."""
        problem, k, code = self.problem, self.k, self._code("reverse")
        nesting = " of a ".join(_KINDS[kind] for kind in reversed(kinds))
        title = f"reverse mode ({nesting}){self._where()}, order {k}"
        h = composed(problem.f, problem.w, [problem.v] * (k - 1), kinds[:-1])
        got = self._run(lambda x: gradient(h, x))
        precise = problem if problem.is_precise else problem.on(HOST, float64)
        below = composed(precise.f, precise.w, [precise.v] * (k - 1), kinds[:-1])
        with device(HOST):
            for j, (x, g) in enumerate(zip(precise.x, got, strict=True)):
                slopes = finite_differences(lambda a, j=j: below([*precise.x[:j], a, *precise.x[j + 1 :]]), x)  # type: ignore[misc]
                wide = np.full(x.shape, allowed) + 10 * slopes.error
                place = f"{title}, {problem.names[j]}"
                compare(place, np.asarray(g, np.float64), slopes.value, wide, "finite differences", code)
        whole = f"{title}, along the direction of seed {problem.seed}"
        compare(whole, np.asarray(value), np.asarray(total), np.asarray(allowed), source, code)

    def _run(self, transformed: Callable[[Tensors], Tensors]) -> Tensors:
        if not self.under_jit:
            return transformed(self.problem.x)
        try:
            return list(jit(lambda *x: tuple(transformed(list(x))))(*self.problem.x))
        except TracingError as failure:
            failure.add_note("to check the derivatives without `jit`, call check_derivatives(..., jit=False)")
            raise

    def _where(self) -> str:
        place = "" if self.problem.device is HOST else f" on {self.problem.device.name}"
        return place + " under jit" * self.under_jit

    def _code(self, mode: str) -> str:
        options = [f"order={self.k}", f'modes=("{mode}",)']
        if self.problem.device is not HOST:
            options.append(f'devices=("{self.problem.device.name}",)')
        if not self.under_jit:
            options.append("jit=False")
        if self.rtol is not None:
            options.append(f"rtol={as_code(self.rtol)}")
        if self.domain is not EVERYWHERE:
            options.append(f"domain={as_code(self.domain)}")
        return self.problem.code(", ".join(options))
