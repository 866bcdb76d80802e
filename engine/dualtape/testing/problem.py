"""What is differentiated in a check: a function of a list of Tensors, a point, a direction, weights of the outputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST, device
from dualtape.dtypes import DType, complex_dtype, float64
from dualtape.errors import ArgumentTypeError
from dualtape.tensor import Tensor
from dualtape.testing.code import as_code
from dualtape.testing.modes import Tensors, taylor
from dualtape.testing.numeric import Estimate, differentiate_curve
from dualtape.testing.parts import from_parts, to_parts
from dualtape.testing.rounding import rounding_bound


class DerivativeProblem:
    """A call ``f(*args)`` as a function of the Tensors of floats in ``args``; complex ones count as their two parts.

    Attributes
    ----------
    x, v, w
        The point; a direction; weights of the outputs.
    names
        Where in ``args`` the elements of ``x`` are.
    outputs
        The Tensors of floats that the call gives.
    device
        Where it runs.
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], seed: int) -> None:
        self._call = f
        self._args = args
        self.seed = seed
        self._leaves, self._structure = pytree.flatten(args)
        self._places = [i for i, x in enumerate(self._leaves) if isinstance(x, Tensor) and x.dtype.is_inexact]
        if not self._places:
            raise ArgumentTypeError("`check_derivatives` needs a Tensor of floats among the arguments")
        self._moving: Tensors = [self._leaves[i] for i in self._places]
        self.x: Tensors = to_parts(self._moving)
        paths = pytree.paths(args)
        names = [f"argument {paths[i][0]}" + "".join(f"[{key!r}]" for key in paths[i][1:]) for i in self._places]
        self.names = [
            f"{part}{name}"
            for name, x in zip(names, self._moving, strict=True)
            for part in (("the real part of ", "the imaginary part of ") if x.dtype.is_complex else ("",))
        ]
        self.device = self.x[0].device
        numbers = np.random.default_rng(seed)
        self.v = [_short(numbers, x) for x in self.x]
        with device(self.device):
            self.outputs = self.f(self.x)
        self.w = [_short(numbers, y) for y in self.outputs]
        everything = [*self.x, *self.outputs]
        self.is_precise = all(x.dtype is float64 and x.device is HOST for x in everything)
        self.rounding = max(float(np.finfo(x.dtype.numpy).eps) for x in everything)

    def on(self, place: Device, dtype: DType | None = None) -> DerivativeProblem:
        """The same on another device, with the same direction and weights; all floats in ``dtype``, if given."""

        def moved(x: Any) -> Any:
            if not isinstance(x, Tensor):
                return x
            kind = x.dtype
            if dtype is not None and kind.is_inexact:
                kind = complex_dtype(dtype) if kind.is_complex else dtype
            return Tensor(x.asnumpy().astype(kind.numpy), device=place)

        with device(place):
            args = pytree.unflatten(self._structure, list(map(moved, self._leaves)))
            problem = DerivativeProblem(self._call, args, self.seed)
            problem.v = list(map(moved, self.v))
            if dtype is not None:
                problem.w = list(map(moved, self.w))
        return problem

    def f(self, x: Tensors) -> Tensors:
        """The outputs for other arguments."""
        leaves = list(self._leaves)
        for place, value in zip(self._places, from_parts(x, self._moving), strict=True):
            leaves[place] = value
        outputs = pytree.leaves(self._call(*pytree.unflatten(self._structure, leaves)))
        return to_parts([y for y in outputs if isinstance(y, Tensor) and y.dtype.is_inexact])

    def derivative(self, k: int) -> Callable[[Tensors], Tensors]:
        """The k-th derivative along ``v`` as a function of the point, by Taylor mode."""
        return lambda x: taylor(self.f, x, [self.v] * k) if k else self.f(x)

    def finite_differences(self, k: int, limit: float) -> list[Estimate]:
        """The k-th derivative along ``v``, as a difference of the one before."""
        below = self.derivative(k - 1)

        def curve(t: float) -> list[np.ndarray]:
            return [np.asarray(y) for y in below([a + v * t for a, v in zip(self.x, self.v, strict=True)])]

        return differentiate_curve(curve, limit)

    def bounds(self, k: int) -> Callable[[], list[np.ndarray] | None]:
        """How far rounding may take the k-th derivative along ``v``, by Taylor mode; computed once, when asked for."""
        return cache(lambda: self.rounding_bound(lambda x, v, w: taylor(self.f, x, [v] * k) if k else self.f(x)))

    def rounding_bound(self, f: Callable[[Tensors, Tensors, Tensors], Tensors]) -> list[np.ndarray] | None:
        """The bound of a function of ``x``, ``v`` and ``w``; all are inputs, for what is constant has no operations."""
        n = len(self.x)
        return rounding_bound(lambda a: f(a[:n], a[n : 2 * n], a[2 * n :]), [*self.x, *self.v, *self.w])

    def code(self, options: str) -> str:
        """The call of the check as Python to paste, where ``f`` is the function."""
        arguments = ", ".join(map(as_code, self._args))
        return f"dt.testing.check_derivatives(f, {arguments}, {options}, seed={self.seed})"


def _short(numbers: np.random.Generator, like: Tensor) -> Tensor:
    """Short decimals, none of them zero: readable in a failure, and exact enough in any element type."""
    size = numbers.integers(3, 10, like.shape) * numbers.choice([-0.1, 0.1], like.shape)
    return Tensor(np.asarray(size, like.dtype.numpy), device=like.device)
