"""`check_derivatives`: every mode of differentiation against the others, and against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.devices.registry import HOST, device
from dualtape.dtypes import float64
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.tensor import Tensor
from dualtape.testing.modes import Tensors, composed, gradient, nested_duals, taylor
from dualtape.testing.numeric import EVERYWHERE, Domain, Estimate, differentiate_curve, finite_differences, room

_MODES = ("forward", "reverse", "taylor")
_KINDS = {"R": "gradient", "F": "forward derivative"}


def check_derivatives(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = _MODES,
    rtol: float | None = None,
    domain: Domain = EVERYWHERE,
    seed: int = 0,
) -> None:
    """Check the derivatives of ``f`` at ``args``; raises an AssertionError that says which one is wrong, and where.

    In a random direction v, the derivatives of t -> f(x + t v) at t = 0 up to ``order`` are computed by
    nested duals (``forward``), by one Taylor polynomial (``taylor``) and by gradients, alone and nested
    with forward mode on either side (``reverse``). In float64 on the host, all of them are compared with
    finite differences of the order below, and with each other; where the arguments are of another
    type or on another device, they are differentiated there too and compared with the float64 derivative.

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
    rtol
        Tolerance of the comparison of modes, relative to the largest element; by default 4000 roundings of
        the element type for each order. Finite differences add their own error estimate, and 1e-8.
    domain
        The open interval that the elements must not leave when finite differences are taken.
    seed
        Of the direction.

    Examples
    --------
    >>> import dualtape as dt
    >>> check_derivatives(lambda x: dt.ops.sin(x) * x, dt.Tensor([0.5, 1.0]))
    """
    _read("order", order, modes)
    problem = _Problem(f, args, seed)
    precise = problem.precise()
    limit = min(
        (room(a.asnumpy(), v.asnumpy(), domain) for a, v in zip(precise.x, precise.v, strict=True)), default=1.0
    )
    references = []
    with device(HOST):
        for k in range(1, order + 1):
            estimates = precise.finite_differences(k, limit)
            reference = [np.asarray(y) for y in taylor(precise.f, precise.x, [precise.v] * k)]
            _compare_all(
                precise, k, modes, [e.value for e in estimates], "finite differences", _Near(estimates, precise)
            )
            _compare_all(precise, k, modes, reference, "Taylor mode in float64", _Relative(rtol, precise.rounding, k))
            references.append(reference)
    if not problem.is_precise:
        for k, reference in enumerate(references, start=1):
            with device(problem.x[0].device):
                _compare_all(
                    problem, k, modes, reference, "the derivative in float64", _Relative(rtol, problem.rounding, k)
                )


def _read(name: str, order: Any, modes: Sequence[str]) -> None:
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ArgumentError(f"`{name}` of `check_derivatives` must be an int of 1 or more, got {order!r}")
    unknown = [mode for mode in modes if mode not in _MODES]
    if isinstance(modes, str) or unknown or not modes:
        raise ArgumentError(f"`modes` of `check_derivatives` must be some of {_MODES}, got {modes!r}")


class _Problem:
    """A function of a list of float tensors, a point, a direction and weights of the outputs."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], seed: int) -> None:
        self._call = f
        self._args = args
        leaves, self._structure = pytree.flatten(args)
        self._leaves = leaves
        self._places = [i for i, x in enumerate(leaves) if isinstance(x, Tensor) and x.dtype.is_float]
        if not self._places:
            raise ArgumentTypeError("`check_derivatives` needs a Tensor of floats among the arguments")
        self.x: Tensors = [leaves[i] for i in self._places]
        self.names = [_name(args, i) for i in self._places]
        self._seed = seed
        numbers = np.random.default_rng(seed)
        self.v = [self._short(numbers, x) for x in self.x]
        with device(self.x[0].device):
            self.outputs = self.f(self.x)
        self.w = [self._short(numbers, y) for y in self.outputs]
        self.is_precise = all(x.dtype is float64 and x.device is HOST for x in [*self.x, *self.outputs])
        self.rounding = max(float(np.finfo(x.dtype.numpy).eps) for x in [*self.x, *self.outputs])

    def _short(self, numbers: np.random.Generator, like: Tensor) -> Tensor:
        """Short decimals, none of them zero: readable in a failure, and exact enough in any element type."""
        size = numbers.integers(3, 10, like.shape) * numbers.choice([-0.1, 0.1], like.shape)
        return Tensor(np.asarray(size, like.dtype.numpy), device=like.device)

    def precise(self) -> _Problem:
        """The same in float64 on the host."""
        leaves = [_precise(x) if isinstance(x, Tensor) else x for x in self._leaves]
        args = pytree.unflatten(self._structure, leaves)
        with device(HOST):
            problem = _Problem(self._call, args, self._seed)
            problem.v = [_precise(v) for v in self.v]
            problem.w = [_precise(w) for w in self.w]
        return problem

    def f(self, x: Tensors) -> Tensors:
        leaves = list(self._leaves)
        for place, value in zip(self._places, x, strict=True):
            leaves[place] = value
        outputs = pytree.leaves(self._call(*pytree.unflatten(self._structure, leaves)))
        return [y for y in outputs if isinstance(y, Tensor) and y.dtype.is_float]

    def finite_differences(self, k: int, limit: float) -> list[Estimate]:
        """The k-th derivative along v, as a difference of the one before."""

        def curve(t: float) -> list[np.ndarray]:
            x = [a + v * t for a, v in zip(self.x, self.v, strict=True)]
            found = self.f(x) if k == 1 else taylor(self.f, x, [self.v] * (k - 1))
            return [np.asarray(y) for y in found]

        return differentiate_curve(curve, limit)


def _precise(x: Tensor) -> Tensor:
    return Tensor(x.asnumpy().astype(np.float64), device=HOST) if x.dtype.is_float else Tensor(x.asnumpy(), device=HOST)


def _name(args: tuple[Any, ...], place: int) -> str:
    for i, argument in enumerate(args):
        count = len(pytree.leaves(argument))
        if place < count:
            return f"argument {i}" + (f", leaf {place}" if count > 1 else "")
        place -= count
    raise AssertionError("no such leaf")


class _Relative:
    """A tolerance of some roundings of the largest element."""

    def __init__(self, rtol: float | None, rounding: float, k: int) -> None:
        self._rtol = rtol if rtol is not None else 4000 * k * max(rounding, 2.3e-16)

    def of(self, i: int, expected: np.ndarray) -> np.ndarray:
        return np.full(expected.shape, self._rtol * max(float(np.abs(expected).max(initial=0)), 1e-3))

    def of_total(self, expected: Sequence[np.ndarray]) -> float:
        return sum(float(self.of(i, e).sum()) for i, e in enumerate(expected))


class _Near(_Relative):
    """Finite differences' own estimate of their error, and what their rounding costs beyond it."""

    def __init__(self, estimates: list[Estimate], problem: _Problem) -> None:
        self._errors = [e.error for e in estimates]
        self._sizes = [float(np.abs(np.asarray(y)).max(initial=0)) for y in problem.outputs]

    def of(self, i: int, expected: np.ndarray) -> np.ndarray:
        scale = max(self._sizes[i], float(np.abs(expected).max(initial=0)), 1e-3)
        return 10 * self._errors[i] + 1e-8 * scale


def _compare_all(
    problem: _Problem,
    k: int,
    modes: Sequence[str],
    expected: list[np.ndarray],
    source: str,
    tolerance: _Relative,
) -> None:
    directions = [problem.v] * k
    for mode, compute in (("forward", nested_duals), ("taylor", taylor)):
        if mode in modes:
            got = compute(problem.f, problem.x, directions)
            for i, (y, e) in enumerate(zip(got, expected, strict=True)):
                _compare(
                    f"{mode} mode, order {k}, output {i}", np.asarray(y, np.float64), e, tolerance.of(i, e), source
                )
    if "reverse" in modes:
        weights = [np.asarray(w, np.float64) for w in problem.w]
        total = sum(float((w * e).sum()) for w, e in zip(weights, expected, strict=True))
        allowed = tolerance.of_total(expected)
        for kinds in _nestings(k):
            value = float(composed(problem.f, problem.w, directions, kinds)(problem.x))
            if not abs(value - total) <= allowed:
                _blame_element(problem, k, kinds, value, total, allowed, source)


def _nestings(k: int) -> Iterator[str]:
    """Gradients k times, a gradient outside forward mode, and one inside."""
    return iter(dict.fromkeys(["R" * k, "F" * (k - 1) + "R", "R" + "F" * (k - 1)]))


def _blame_element(
    problem: _Problem, k: int, kinds: str, value: float, total: float, allowed: float, source: str
) -> None:
    """The directional derivative is wrong: find the element of the gradient that is, and say so."""
    title = "reverse mode (" + " of a ".join(_KINDS[kind] for kind in reversed(kinds)) + f"), order {k}"
    directions = [problem.v] * (k - 1)
    got = gradient(composed(problem.f, problem.w, directions, kinds[:-1]), problem.x)
    precise = problem if problem.is_precise else problem.precise()
    below = composed(precise.f, precise.w, [precise.v] * (k - 1), kinds[:-1])
    for j, (x, g) in enumerate(zip(precise.x, got, strict=True)):
        slopes = finite_differences(lambda a, j=j: below([*precise.x[:j], a, *precise.x[j + 1 :]]), x)  # type: ignore[misc]
        wide = np.full(x.shape, allowed) + 10 * slopes.error
        _compare(f"{title}, {problem.names[j]}", np.asarray(g, np.float64), slopes.value, wide, "finite differences")
    _compare(
        f"{title}, along the direction of seed {problem._seed}",
        np.asarray(value),
        np.asarray(total),
        np.asarray(allowed),
        source,
    )


def _compare(title: str, got: np.ndarray, expected: np.ndarray, tolerance: np.ndarray, source: str) -> None:
    if got.shape != expected.shape:
        raise AssertionError(f"{title}: got shape {got.shape}, expected {expected.shape} as in {source}")
    wrong = ~(np.abs(got - expected) <= tolerance)
    if not wrong.any():
        return
    excess = np.where(wrong, np.abs(got - expected) / np.maximum(tolerance, 1e-300), -1)
    worst = np.unravel_index(int(np.nan_to_num(excess, nan=np.inf).argmax()), got.shape)
    element = tuple(int(i) for i in worst)
    raise AssertionError(
        f"{title}, element {element}: got {got[worst]!s}, expected {expected[worst]!s} from {source}; "
        f"they differ by {abs(got[worst] - expected[worst]):.3g}, tolerance {tolerance[worst]:.3g}"
    )
