"""What the properties are tried on: random programs with arguments, and how their results are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import dualtape as dt
from dualtape.testing.composition import Composition
from dualtape.testing.modes import Tensors, nested_duals
from dualtape.testing.rounding import rounding_bound
from dualtape.testing.strategies import points, programs, scalar_functions


@dataclass(frozen=True)
class Call:
    """A function and its arguments."""

    f: Composition
    x: list[dt.Tensor]

    def results(self, x: Tensors) -> Tensors:
        """What the function gives, as a list."""
        found = self.f(*x)
        return list(found) if isinstance(found, tuple) else [found]

    def derivative(self, along: list[Tensors]) -> list[np.ndarray]:
        """The derivative along some directions, by nested forward modes."""
        return [y.asnumpy() for y in nested_duals(self.results, self.x, along)]

    def rounding(self, along: list[Tensors]) -> list[np.ndarray]:
        """What rounding can do to :meth:`derivative`, at the most."""
        n, inputs = len(self.x), [*self.x, *(a for v in along for a in v)]
        split = lambda a: [a[n * k : n * (k + 1)] for k in range(1, len(along) + 1)]
        found = rounding_bound(lambda a: nested_duals(self.results, a[:n], split(a)), inputs)
        assert found is not None
        return found

    @property
    def loss(self) -> Callable[..., dt.Tensor]:
        """The sum of all that the function gives, as a function of the arguments."""

        def loss(*x: dt.Tensor) -> dt.Tensor:
            total = dt.Tensor(np.zeros((), self.x[0].dtype.numpy), device=self.x[0].device)
            for y in self.results(list(x)):
                total = total + y.sum()
            return total

        return loss

    @property
    def everything(self) -> tuple[int, ...]:
        """The positions of all arguments."""
        return tuple(range(len(self.x)))

    def to(self, place: Any, dtype: Any = None) -> Call:
        """The same call on another device, in another element type."""
        dtype = dtype or self.x[0].dtype
        x = [dt.Tensor(a.asnumpy().astype(dtype.numpy), device=place) for a in self.x]
        return Call(self.f.astype(dtype), x)


@st.composite
def calls(draw: Any, **options: Any) -> Call:
    """Programs with arguments; ``options`` are those of `programs`."""
    f = draw(programs(**options))
    return Call(f, list(draw(points(f))))


@st.composite
def scalar_calls(draw: Any, **options: Any) -> Call:
    """Functions whose value is one number, with arguments."""
    f = draw(scalar_functions(**options))
    return Call(f, list(draw(points(f))))


def seeded_directions(x: Tensors, seed: int) -> Tensors:
    """Short decimals of the shapes in ``x``."""
    numbers = np.random.default_rng(seed)
    return [dt.Tensor((numbers.integers(-9, 10, a.shape) / 10).astype(a.dtype.numpy), device=a.device) for a in x]


seeds: SearchStrategy[int] = st.integers(0, 999)


def assert_close(got: Any, expected: Any, rtol: float, rounding: Callable[[], Any] | None = None) -> None:
    """Equal shapes, and elements that differ by no more than ``rtol`` of the largest one.

    ``rounding`` gives bounds of what rounding can do to either; it is asked where ``rtol`` is not enough.
    """
    a, b = np.asarray(got), np.asarray(expected)
    assert a.shape == b.shape
    allowed: Any = rtol * max(float(np.abs(b).max(initial=0)), 1.0)
    if rounding is not None and not (np.abs(a - b) <= allowed).all():
        allowed = allowed + 2 * rounding()
    within = np.abs(a - b) <= allowed
    assert within.all(), f"got\n{a}\nexpected\n{b}\nthey differ by\n{np.abs(a - b)}\nallowed\n{allowed}"


def assert_same_bits(got: Any, expected: Any) -> None:
    """Equal shapes, types and bits; all NaN are one."""
    a, b = np.asarray(got), np.asarray(expected)
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(
        np.signbit(a[~np.isnan(a)]), np.signbit(b[~np.isnan(b)])
    ) if a.dtype.kind == "f" else None


def at_most(count: int) -> settings:
    """Settings for one of very many tests."""
    return settings(max_examples=min(settings().max_examples, count))


def fewer(divisor: int) -> settings:
    """Settings with so many times fewer examples: for tests in which every new program compiles kernels."""
    return settings(max_examples=max(settings().max_examples // divisor, 5))
