"""Which inputs each element of a result depends on: index sets, carried through every operation.

The answer never misses a dependence; it may name one that is not there, where an operation is read coarsely (a running
sum along its axis) or where terms cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.interpreter import Level, bind, entered
from dualtape.core.lowering import ComplexPart, Expression, Fold, Joined, Kernel, Movement, Placement, Reinterpretation
from dualtape.core.primitive import Elementwise, NonDifferentiable, Primitive
from dualtape.primitives.contraction import matmul
from dualtape.primitives.gathering import scatter_sum, take
from dualtape.primitives.reduction import cumsum
from dualtape.tensor import Tensor

Pattern = Any  # a scipy.sparse.csr_array of ones: elements, in order, by inputs


def pattern_of(fn: Callable[[Tensor], Tensor], x: Tensor) -> Pattern:
    """The pattern of the Jacobian of ``fn`` at ``x``: one row for each element of the output."""
    from scipy import sparse

    with entered(SparsityLevel(x.size)) as level:
        output = fn(level.dependent(x, sparse.eye_array(x.size, format="csr")))
        found = level.support(output)
    return sparse.csr_array((output.size, x.size)) if found is None else found


class DependentValue(LevelValue):
    """A value with the inputs that each of its elements depends on."""

    __slots__ = ("support",)

    support: Pattern


class SparsityLevel(Level):
    """The interpreter of values that depend on inputs."""

    title = "a search for a sparsity pattern (`jacfwd`, `jacrev` or `hessian` with a `sparsity`)"

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs

    def dependent(self, primal: Tensor, support: Pattern) -> DependentValue:
        """A value that depends on the inputs as ``support`` says."""
        value = new_value(DependentValue, self, primal)
        value.support = support
        return value

    def support(self, x: Any) -> Pattern | None:
        """What ``x`` depends on; ``None`` for nothing."""
        return x.support if self.owns(x) else None

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        supports = [self.support(x) for x in inputs]
        primals = tuple(x.primal if s is not None else self.lower(x) for x, s in zip(inputs, supports, strict=True))
        output = bind(primitive, primals, params)
        if isinstance(primitive, NonDifferentiable) or not output.dtype.is_inexact:
            return output
        total: Pattern = None
        for i, support in enumerate(supports):
            if support is not None:
                reached = _incidence(primitive, i, primals, output.shape, params) @ support
                total = reached if total is None else total + reached
        total.data[:] = 1
        return self.dependent(output, total)


def _incidence(
    primitive: Primitive, i: int, x: tuple[Any, ...], shape: tuple[int, ...], params: dict[str, Any]
) -> Pattern:
    """Ones where an element of the output (row) may depend on one of input ``i`` (column)."""
    from scipy import sparse

    own = x[i].shape
    match primitive.lowering:
        case lowering if isinstance(lowering, (Expression, ComplexPart, Joined)) or isinstance(primitive, Elementwise):
            return _from_ids(np.broadcast_to(_ids(own), shape), own)
        case Fold():
            return _from_ids(np.broadcast_to(_ids(shape), own), shape).T.tocsr()
        case Movement() | Placement() | Reinterpretation() | Kernel(computes=False):
            moved = [_ids(a.shape) if k == i else _still(a, primitive) for k, a in enumerate(x)]
            return _from_ids(primitive.numpy(*moved, **params), own)
    if primitive is scatter_sum:
        targets = take.numpy(_ids(shape), x[1].asnumpy(), axis=params["axis"])
        return _from_ids(targets, shape).T.tocsr()
    if primitive is matmul:
        return _of_matmul(i, x, own, shape)
    if primitive is cumsum:
        return _along(params["axis"], own, shape)
    return sparse.csr_array(np.ones((int(np.prod(shape)), int(np.prod(own)))))


def _still(a: Any, primitive: Primitive) -> Any:
    """An input that is not followed: zero is no element. The indices of `take` are needed as they are."""
    return a.asnumpy() if primitive is take else np.zeros(a.shape, np.int64)


def _of_matmul(i: int, x: tuple[Any, ...], own: tuple[int, ...], shape: tuple[int, ...]) -> Pattern:
    """A row of the first factor by a column of the second; zeros of a constant matrix are not followed."""
    from scipy import sparse

    other = x[1 - i]
    if type(other) is Tensor and len(own) == len(other.shape) == 2:
        known: Any = sparse.csr_array((other.asnumpy() != 0).astype(np.float64))
        rest: Any = sparse.eye_array(own[i])
        return sparse.kron(rest, known.T, format="csr") if i == 0 else sparse.kron(known, rest, format="csr")
    return _along(len(own) - 1 if i == 0 else len(own) - 2, own, shape)


def _along(axis: int, own: tuple[int, ...], shape: tuple[int, ...]) -> Pattern:
    """All that lies along one axis of the input reaches all that lies there in the output."""
    kept = (*own[:axis], 1, *own[axis + 1 :])
    fold = _from_ids(np.broadcast_to(_ids(kept), own), kept).T.tocsr()
    return _from_ids(np.broadcast_to(_ids(kept), shape), kept) @ fold


def _ids(shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of the elements, from 1."""
    return np.arange(1, int(np.prod(shape)) + 1).reshape(shape)


def _from_ids(ids: np.ndarray, shape: tuple[int, ...]) -> Pattern:
    """Each element of ``ids`` (row) takes from the element of ``shape`` (column) that it names; 0 is none."""
    from scipy import sparse

    flat = ids.ravel()
    rows = np.flatnonzero(flat)
    return sparse.csr_array((np.ones(rows.size), (rows, flat[rows] - 1)), shape=(flat.size, int(np.prod(shape))))
