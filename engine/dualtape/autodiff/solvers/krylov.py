"""The solution of a large linear system whose matrix, the derivative of an equation, is never formed.

SciPy's iterations need its products with vectors only, which are a `jvp` or a `vjp`. The solution is differentiated as
that of any system: from J y = b follows J dy = db - dJ y.

References: Saad & Schultz 1986 (GMRES); Hestenes & Stiefel 1952 (conjugate gradients); Blondel et al. 2022, *Efficient
and modular implicit differentiation*, arXiv:2105.15183.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualtape.autodiff.levels import Batched, BatchLevel, DerivativeRule, LinearMap, Tangents
from dualtape.autodiff.transforms import jvp, linearize, vjp
from dualtape.core.composite import Cotangents, Values, replaced
from dualtape.core.interpreter import apply, ground
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.tensor import Tensor

METHODS = ("gmres", "cg")
Residual = Callable[..., Tensor]


def krylov_solve(
    residual: Residual, x: Tensor, args: Values, right: Tensor, method: str, transposed: bool = False
) -> Tensor:
    """``y`` of J y = ``right``, or of its transpose, with J the derivative of ``residual(x, *args)`` by ``x``.

    ``args`` is a flat list. The method is ``"gmres"``, or ``"cg"`` for a symmetric positive definite J.
    """
    found: Tensor = apply(_System(residual, method, transposed), [x, *args, right])[0]
    return found


class _System(DerivativeRule):
    """The rule of inputs x, the other arguments of the equation, and the right-hand side."""

    is_equation = True

    def __init__(self, equation: Residual, method: str, transposed: bool) -> None:
        self.name = f"a solution by {method}"
        self._equation = equation
        self._method = method
        self._transposed = transposed

    def _matrix(self, at: Values) -> Callable[[Tensor], Tensor]:
        """The product with J or its transpose; the equation itself is evaluated once."""
        x, *args = at
        of_x = lambda x: self._equation(x, *args)
        if not self._transposed:
            return linearize(of_x, x)[1]
        pull = vjp(of_x, x)[1]
        return lambda y: pull(y)[0]

    def _solve(self, at: Values, right: Tensor, transposed: bool) -> Tensor:
        x, *args = at
        return krylov_solve(self._equation, x, args, right, self._method, transposed)

    def run(self, inputs: Values) -> list[Tensor]:
        *at, right = inputs
        examples = _Examples(self._method, inputs)
        given = examples.numbers(right)
        # Systems of many examples are solved as one; each counts as much as any other.
        sizes = np.sqrt((given**2).sum(tuple(range(len(examples.levels), given.ndim)), keepdims=True))
        sizes[sizes == 0] = 1

        matrix = self._matrix(at)

        def product(vector: np.ndarray) -> np.ndarray:
            return examples.numbers(matrix(examples.value(vector.reshape(given.shape), right))).flatten()

        found = _iterated(self._method, product, (given / sizes).ravel()).reshape(given.shape) * sizes
        return [examples.value(found, right)]

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        *at, _ = inputs
        y = outputs[0]

        def push(tangents: Tangents) -> list[Tensor | None]:
            *moves, change = tangents
            moving = [i for i, t in enumerate(moves) if t is not None]
            if moving:
                product = lambda *values: self._matrix(replaced(at, moving, values))(y)
                _, turned = jvp(product, [at[i] for i in moving], [moves[i] for i in moving])
                change = -turned if change is None else change - turned
            return [None if change is None else self._solve(at, change, self._transposed)]

        return push

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        *at, right = inputs
        left_over: Tensor = self._matrix(at)(output) - right
        return left_over

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        *at, _ = inputs
        return lambda residual: -self._solve(at, residual, self._transposed)

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        *at, _ = inputs
        y, (cotangent,) = outputs[0], cotangents
        if cotangent is None:
            return [None] * len(inputs)
        adjoint = self._solve(at, cotangent, not self._transposed)
        moving = [i for i, want in enumerate(wanted[:-1]) if want]
        found: dict[int, Tensor] = {}
        if moving:
            product = lambda *values: self._matrix(replaced(at, moving, values))(y)
            _, pull = vjp(product, *(at[i] for i in moving))
            found = dict(zip(moving, pull(-adjoint), strict=True))
        return [*(found.get(i) for i in range(len(at))), adjoint if wanted[-1] else None]


class _Examples:
    """The levels of `vmap` that values live on, outermost first: between values there and arrays of all examples."""

    def __init__(self, method: str, values: Values) -> None:
        found: dict[int, BatchLevel] = {}
        for x in values:
            while isinstance(x, Tensor) and x.level.depth:
                if not isinstance(x, Batched):
                    raise ArgumentTypeError(
                        f"`solver={method!r}` iterates on numbers, which there are none of under `jit`; "
                        "`solver='dense'` works there"
                    )
                found[x.level.depth] = x.level
                x = x.primal
        self.levels = [found[depth] for depth in sorted(found)]

    def numbers(self, value: Tensor) -> np.ndarray:
        for level in reversed(self.levels):
            value = level.all_examples(value)
        return value.asnumpy()

    def value(self, array: np.ndarray, like: Tensor) -> Tensor:
        while isinstance(like, Batched):
            like = like.primal
        value = ground().constant_like(array, like)
        for level in self.levels:
            value = level.batched(value)
        return value


def _iterated(method: str, product: Callable[[np.ndarray], np.ndarray], right: np.ndarray) -> np.ndarray:
    from scipy.sparse import linalg

    size = right.size
    operator: Any = linalg.LinearOperator((size, size), matvec=product, dtype=right.dtype)
    tolerance = 1000 * float(np.finfo(right.dtype).eps)
    options: dict[str, Any] = {"restart": min(size, 100), "maxiter": 50} if method == "gmres" else {}
    solution, failed = getattr(linalg, method)(operator, right, rtol=tolerance, atol=0.0, **options)
    if failed:
        raise ArgumentError(
            f"`solver={method!r}` did not reach a relative residual of {tolerance:.1e}: the system is nearly singular "
            "or badly scaled"
            + (", or not symmetric positive definite" if method == "cg" else "")
            + "; scale the equation, or use `solver='dense'`"
        )
    return np.asarray(solution)
