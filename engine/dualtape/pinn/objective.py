"""The loss of a problem: traced terms, and one pure function of parameters and points."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.pinn.condition import Condition
from dualtape.pinn.fields import Orders
from dualtape.pinn.problem import Problem
from dualtape.pinn.statement import Statement, derivatives_of
from dualtape.pinn.unknowns import Network

Batch = dict[str, dt.Tensor]
# Of this name in a batch: a weight for each row and each residual.
WEIGHTS = "loss weights"
Derivatives = Callable[[dt.Tensor], dict[Orders, dt.Tensor]]


@dataclass(frozen=True)
class Term:
    """A condition whose derivatives are known: ``derivatives`` gives exactly those from one forward sweep.

    ``balanced`` says whether the training is to find its weight.
    """

    condition: Condition
    names: tuple[str, ...]
    weights: tuple[float, ...]
    indices: tuple[Orders, ...]
    derivatives: Derivatives
    statement: Statement
    balanced: bool = False


class Objective:
    """The weighted mean squares of all residuals.

    Calling it with one batch of points for each term gives the total; stacked, what each residual adds to it; and, of
    shape (N, 1), how far the equations are from holding at each of their points: the sum over all residuals. The last
    costs a step next to nothing, and a kernel of its own would cost a compilation. It depends on nothing but the
    parameters and the batches.
    """

    def __init__(self, problem: Problem, field: Network, batches: Sequence[Batch]) -> None:
        self.domain = problem.domain
        self.unknowns = problem.unknowns
        self.field = field
        whole = (equation_term(problem), *problem.conditions)
        seen: dict[str, int] = {}
        self.terms = tuple(
            self._trace(condition, batch, problem.weights if condition is whole[0] else condition.weight, seen)
            for condition, batch in zip(whole, batches, strict=True)
        )
        self.names = tuple(name for term in self.terms for name in term.names)
        if problem.has_equations and not self.terms[0].statement.asks:
            raise ArgumentError(
                f"the equation uses none of the unknowns {', '.join(self.unknowns)}: give `None` in its place if there "
                "is none"
            )
        if unused := [name for name in self.unknowns if not any(name in term.statement.asks for term in self.terms)]:
            raise ArgumentError(
                f"no equation and no condition uses the unknown{'s' * (len(unused) > 1)} {', '.join(unused)}: nothing "
                "would train that output of the network"
            )

    def __call__(self, batches: Sequence[Batch]) -> tuple[dt.Tensor, dt.Tensor, dt.Tensor]:
        losses = []
        found = [self._residuals(term, batch) for term, batch in zip(self.terms, batches, strict=True)]
        for term, batch, residuals in zip(self.terms, batches, found, strict=True):
            squares = [dt.ops.square(residual) for residual in residuals]
            if WEIGHTS in batch:
                squares = [batch[WEIGHTS][:, j : j + 1] * square for j, square in enumerate(squares)]
            losses += [dt.ops.mean(square) * w for square, w in zip(squares, term.weights, strict=True)]
        distance = reduce(operator.add, map(dt.ops.abs, found[0]))
        return reduce(operator.add, losses), dt.ops.stack(losses), distance

    def rows(self, batches: Sequence[Batch]) -> dt.Tensor:
        """All residuals in one vector, scaled so that the loss is the sum of their squares."""
        scaled = [
            self._scaled(term, batch, _rows(term, batch)) for term, batch in zip(self.terms, batches, strict=True)
        ]
        return dt.ops.concat([x.reshape(-1) for x in scaled])

    def linearised(self, weights: Sequence[dt.Parameter]) -> Callable[[Sequence[Batch]], tuple[dt.Tensor, dt.Tensor]]:
        """A function from batches to :meth:`rows` and their Jacobian by ``weights``."""

        def of_term(term: Term, batch: Batch) -> tuple[dt.Tensor, dt.Tensor]:
            if term.condition.rows is not None:
                return self._linearised_whole(term, batch, weights)
            return dt.residual_jacobian(self._of_row(term, batch), list(weights))(_apart(term, batch))

        def linearised(batches: Sequence[Batch]) -> tuple[dt.Tensor, dt.Tensor]:
            values, matrices = zip(*map(of_term, self.terms, batches), strict=True)
            return dt.ops.concat(values), dt.ops.concat(matrices)

        return linearised

    def normal_equations(
        self, weights: Sequence[dt.Parameter]
    ) -> Callable[[Sequence[Batch]], tuple[dt.Tensor, dt.Tensor, dt.Tensor]]:
        """A function from batches to :meth:`rows` r, J'r and J'J: of a Jacobian J that is never there as a whole."""

        def of_term(term: Term, batch: Batch) -> tuple[dt.Tensor, dt.Tensor, dt.Tensor]:
            if term.condition.rows is not None:
                values, matrix = self._linearised_whole(term, batch, weights)
                return values, matrix.T @ values, matrix.T @ matrix
            return dt.optim.normal_equations(self._of_row(term, batch), list(weights))(_apart(term, batch))

        def added(batches: Sequence[Batch]) -> tuple[dt.Tensor, dt.Tensor, dt.Tensor]:
            values, gradients, matrices = zip(*map(of_term, self.terms, batches), strict=True)
            return dt.ops.concat(values), reduce(operator.add, gradients), reduce(operator.add, matrices)

        return added

    def _linearised_whole(
        self, term: Term, batch: Batch, weights: Sequence[dt.Parameter]
    ) -> tuple[dt.Tensor, dt.Tensor]:
        """Where a row depends on many points: a reverse sweep for each."""
        count = _rows(term, batch)
        values, pull = dt.vjp(lambda: self._scaled(term, batch, count).reshape(-1), weights=list(weights))
        _, gradients = dt.vmap(pull)(dt.ops.eye(values.size).astype(values.dtype))
        return values, dt.ops.concat([x.reshape(values.size, -1) for x in gradients], axis=1)

    def _of_row(self, term: Term, batch: Batch) -> Callable[[Batch], dt.Tensor]:
        """The residuals at one row of a batch that was set :func:`_apart`."""
        count = _rows(term, batch)

        def of_row(row: Batch) -> dt.Tensor:
            # Partners stand one behind the other again.
            one = {name: x.reshape(-1, x.shape[-1]) for name, x in row.items()}
            return self._scaled(term, one, count)

        return of_row

    def residuals(self, batches: Sequence[Batch]) -> tuple[dt.Tensor, ...]:
        """The residuals of each term, beside each other."""
        found = [self._residuals(term, batch) for term, batch in zip(self.terms, batches, strict=True)]
        return tuple(dt.ops.concat(columns, axis=1) if len(columns) > 1 else columns[0] for columns in found)

    def weight_shapes(self, batches: Sequence[Batch]) -> list[tuple[int, int]]:
        """The shape of the weights of each term: rows, and residuals."""
        return [(_rows(term, batch), len(term.names)) for term, batch in zip(self.terms, batches, strict=True)]

    def of_rows(self, rows: np.ndarray, batches: Sequence[Batch]) -> np.ndarray:
        """The terms of the loss from the values of :meth:`rows`."""
        terms, start = [], 0
        for term, batch in zip(self.terms, batches, strict=True):
            shape = _rows(term, batch), len(term.names)
            part = rows[start : start + shape[0] * shape[1]].astype(np.float64).reshape(shape)
            terms += list((part**2).sum(axis=0))
            start += part.size
        return np.array(terms)

    def _scaled(self, term: Term, batch: Batch, count: int) -> dt.Tensor:
        """The residuals of a term beside each other, times the roots of weight over number."""
        pairs = zip(self._residuals(term, batch), term.weights, strict=True)
        columns = [residual * math.sqrt(weight / count) for residual, weight in pairs]
        if WEIGHTS in batch:
            roots = dt.ops.sqrt(batch[WEIGHTS])
            columns = [roots[:, j : j + 1] * column for j, column in enumerate(columns)]
        return columns[0] if len(columns) == 1 else dt.ops.concat(columns, axis=1)

    def _residuals(self, term: Term, batch: Batch) -> tuple[dt.Tensor, ...]:
        points = batch["points"]
        return term.statement.residuals(points, _data(batch), term.derivatives(points))

    def _trace(
        self, condition: Condition, batch: Batch, weight: float | tuple[float, ...] | None, seen: dict[str, int]
    ) -> Term:
        """Call the equation once to learn which derivatives it asks for."""
        points, region = batch["points"], condition.region or self.domain
        across = region.across(condition.parts)
        statement = Statement(condition.equation, self.domain, across, self.unknowns, self.field)
        residuals = statement.record(points, _data(batch))
        rows = condition.rows or points.shape[0] // (2 if condition.paired else 1)
        for residual in residuals:
            _check_residual(condition, residual, rows, points.dtype)
        one = 1.0 if weight is None else weight
        weights = one if isinstance(one, tuple) else (one,) * len(residuals)
        if len(weights) != len(residuals):
            raise ShapeError(f"`weight` of `Problem` has {len(weights)} numbers for {len(residuals)} residuals")
        names, derivatives = _names(condition.name, len(residuals), seen), derivatives_of(self.field, statement.indices)
        return Term(condition, names, weights, statement.indices, derivatives, statement, weight is None)


def _apart(term: Term, batch: Batch) -> Batch:
    """A batch with a row for each residual: where points have partners, both stand in it."""
    if not term.condition.paired:
        return batch
    count = _rows(term, batch)
    return {name: x if name == WEIGHTS else dt.ops.stack([x[:count], x[count:]], 1) for name, x in batch.items()}


def _data(batch: Batch) -> Batch:
    """What an equation finds in ``p`` besides the points."""
    return {name: tensor for name, tensor in batch.items() if name not in ("points", WEIGHTS)}


def equation_term(problem: Problem) -> Condition:
    """The equations themselves, as a condition inside the domain; the caller draws its points."""

    def sample(*_: Any) -> dict[str, np.ndarray]:
        raise AssertionError("the points of the equations are drawn by the solver")

    return Condition("equation", problem.equations, sample)


def _rows(term: Term, batch: Batch) -> int:
    """How many rows each residual of a term has."""
    count: int = term.condition.rows or batch["points"].shape[0] // (2 if term.condition.paired else 1)
    return count


def _check_residual(condition: Condition, residual: Any, rows: int, dtype: dt.dtype.DType) -> None:
    if not isinstance(residual, dt.Spec):
        raise ArgumentTypeError(f"the residual of `{condition.name}` must be a Tensor, got {type(residual).__name__}")
    if residual.shape != (rows, 1):
        raise ShapeError(
            f"the residual of `{condition.name}` has shape {residual.shape} at {rows} points; expected ({rows}, 1). "
            "Unknowns, their derivatives and coordinates are columns: reshape your own arrays with .reshape(-1, 1)"
        )
    if residual.dtype is not dtype:
        raise DTypeError(
            f"the residual of `{condition.name}` is of {residual.dtype} but the network of {dtype}; "
            f"make constants Python numbers, or convert them, as in c.astype(dualtape.{str(dtype).lower()})"
        )


def _names(name: str, residuals: int, seen: dict[str, int]) -> tuple[str, ...]:
    """Distinct names for the residuals of one term: ``equation``, or ``equation 1`` and ``equation 2``."""
    seen[name] = seen.get(name, 0) + 1
    base = name if seen[name] == 1 else f"{name} #{seen[name]}"
    return (base,) if residuals == 1 else tuple(f"{base} {i + 1}" for i in range(residuals))
