"""The work of a training divided among the processes of a job: each computes with its rows, and sums are of all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.pinn.objective import WEIGHTS, Batch, Objective
from dualtape.pinn.shares import chosen_rows, share_of
from dualtape.pinn.work import Evaluated, Work


class SummedWork(Work):
    """As :class:`Work`; losses and gradients are sums of those of shares of the points."""

    def __init__(self, objective: Objective, parameters: dt.ParameterTuple) -> None:
        super().__init__(objective, parameters)
        self._sizes = [parameter.size for parameter in parameters]

    @abstractmethod
    def sums(self, batches: list[Batch]) -> np.ndarray:
        """The sum over all shares of what :meth:`packed` gives, in Float64."""

    def packed(self, batches: list[Batch]) -> dt.Tensor:
        """The terms of the loss and all gradients in one vector, so that a step reads one buffer."""
        (_, terms, _), gradients = self.differentiate(batches)
        packed: dt.Tensor = dt.ops.concat([x.reshape(-1) for x in (terms, *gradients)])
        return packed

    def evaluate(self, batches: list[Batch]) -> Evaluated:
        terms, gradients = self._parts_of(self.sums(batches))
        parts = np.split(gradients, np.cumsum(self._sizes)[:-1])
        pairs = zip(parts, self.parameters, strict=True)
        return (terms.sum(), dt.Tensor(terms, device="host")), tuple(
            dt.Tensor(part.reshape(parameter.shape), device="host") for part, parameter in pairs
        )

    def stepping(self, optimizer: dt.optim.Optimizer) -> Callable[[list[Batch]], np.ndarray]:
        ends, parameters = np.cumsum([0, *self._sizes]), self.parameters

        def update(packed: dt.Tensor) -> Any:
            return optimizer(
                tuple(packed[a:b].reshape(p.shape) for a, b, p in zip(ends, ends[1:], parameters, strict=False))
            )

        compiled = dt.jit(update)
        first = self.parameters[0]

        def step(batches: list[Batch]) -> np.ndarray:
            terms, gradients = self._parts_of(self.sums(batches))
            compiled(dt.Tensor(gradients.astype(first.dtype.numpy), device=first.device))
            return terms

        return step

    def _parts_of(self, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        split = len(self.objective.names)
        return packed[:split], packed[split:]


class DividedWork(SummedWork):
    """As :class:`Work`, by all ranks together: each is given all points, and takes its share of every term."""

    def __init__(self, objective: Objective, parameters: dt.ParameterTuple, ranks: dt.parallel.Ranks) -> None:
        super().__init__(objective, parameters)
        self.ranks = ranks
        self._packed = dt.jit(self.packed)
        self._whole: list[Batch] | None = None
        self._own: list[Batch] = []

    def sums(self, batches: list[Batch]) -> np.ndarray:
        return self.ranks.sum(np.asarray(self._packed(self.own(batches))))

    def residual_size(self, points: dt.Tensor, batches: list[Batch]) -> np.ndarray:
        count = points.shape[0]
        # A rank without any takes one, for its kernels' sake.
        rows, counted = chosen_rows(self.ranks.share, count)
        own = dt.Tensor(np.asarray(points)[rows], device=points.device)
        return self.ranks.rows(super().residual_size(own, batches)[:counted])

    def residuals(self, batches: list[Batch]) -> list[np.ndarray]:
        own = super().residuals(self.own(batches))
        return [self.ranks.rows(found[:n]) for found, n in zip(own, self._counted(batches), strict=True)]

    # Least squares

    def rows(self, batches: list[Batch]) -> np.ndarray:
        found = super().rows(self.own(batches))
        return self._gathered(found, batches) if self._gathers(batches) else found

    def linearise(self, batches: list[Batch], whole: bool) -> tuple[np.ndarray, ...]:
        gathers = self._gathers(batches)
        found = super().linearise(self.own(batches), whole or gathers)
        if not gathers:
            return found
        values, matrix = found
        return self._gathered(values, batches), self._gathered(matrix, batches)

    def terms_of_rows(self, rows: np.ndarray, batches: list[Batch]) -> np.ndarray:
        if self._gathers(batches):
            return super().terms_of_rows(rows, batches)
        return self.ranks.sum(super().terms_of_rows(rows, self.own(batches)))

    def total_over_rows(self, batches: list[Batch]) -> Callable[[np.ndarray], np.ndarray] | None:
        return None if self._gathers(batches) else self.ranks.sum

    def product(self, vectors: tuple[Any, ...], batches: list[Batch]) -> Any:
        return dt.parallel.allreduce(tuple(super().product(vectors, self.own(batches))), self.ranks.comm)

    def traces(self, batches: list[Batch]) -> np.ndarray:
        bare = [{name: x for name, x in batch.items() if name != WEIGHTS} for batch in batches]
        own = self.own(bare)
        return self.ranks.sum(self.objective.of_rows(np.asarray(self._row_lengths(own)), own))

    def _gathers(self, batches: list[Batch]) -> bool:
        """Whether there are fewer residuals than weights: then the rows themselves are less than J'J."""
        residuals = sum(a * b for a, b in self.objective.weight_shapes(batches))
        return residuals < sum(self._sizes)

    def _gathered(self, rows: np.ndarray, batches: list[Batch]) -> np.ndarray:
        """The rows of all ranks, in the order in which one alone has them."""
        shapes = self.objective.weight_shapes(self.own(batches))
        parts = np.split(rows, np.cumsum([count * residuals for count, residuals in shapes])[:-1])
        counted = [n * residuals for n, (_, residuals) in zip(self._counted(batches), shapes, strict=True)]
        return np.concatenate([self.ranks.rows(part[:n]) for part, n in zip(parts, counted, strict=True)])

    # Shares

    def own(self, batches: list[Batch]) -> list[Batch]:
        """This rank's rows of each term, with their weights."""
        if self._whole is not batches:
            self._own = share_of(self.objective, batches, self.ranks.share, self.ranks.is_first)
            self._whole = batches
        return self._own

    def _counted(self, batches: list[Batch]) -> list[int]:
        """How many of this rank's rows of each term count."""
        counts = [count for count, _ in self.objective.weight_shapes(batches)]
        return [
            chosen_rows(self.ranks.share, count)[1] if term.condition.rows is None else count * self.ranks.is_first
            for term, count in zip(self.objective.terms, counts, strict=True)
        ]
