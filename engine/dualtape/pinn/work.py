"""What is computed of a loss while a network is trained: each a program of all points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.pinn.objective import WEIGHTS, Batch, Objective

MOST_JACOBIAN = 256 << 20
"""Bytes of a Jacobian that is made as a whole."""
Evaluated = tuple[tuple[Any, Any], Any]
"""The loss and its terms, and the gradients of all parameters."""


class Work:
    """The programs of a loss, on the device of the parameters.

    Attributes
    ----------
    objective
        The loss.
    parameters
        What gradients are taken by.
    differentiate
        The function behind :meth:`evaluate`, to be part of another program.
    """

    def __init__(self, objective: Objective, parameters: dt.ParameterTuple) -> None:
        self.objective = objective
        self.parameters = parameters
        self.differentiate = dt.value_and_grad(objective, None, weights=parameters, has_aux=True)
        self._evaluate = dt.jit(self.differentiate)
        self._residuals = dt.jit(objective.residuals)
        self._rows = dt.jit(objective.rows)
        linearised = objective.linearised(parameters)
        self._linearise = dt.jit(linearised)
        self._square = dt.jit(objective.normal_equations(parameters))
        self._row_lengths = dt.jit(lambda batches: dt.ops.sqrt(dt.ops.square(linearised(batches)[1]).sum(axis=1)))
        self._product: Any = None

    def evaluate(self, batches: list[Batch]) -> Evaluated:
        """The loss, its terms and its gradients."""
        (loss, terms, _), gradients = self._evaluate(batches)
        return (loss, terms), gradients

    def stepping(self, optimizer: dt.optim.Optimizer) -> Callable[[list[Batch]], np.ndarray]:
        """A function that takes a step along the gradients, and gives the terms before it."""

        def step(batches: list[Batch]) -> Any:
            (_, terms, distance), gradients = self.differentiate(batches)
            optimizer(gradients)
            return terms, distance

        # One program, so that the update runs where the gradients are; and with the kernel of :meth:`evaluate`, which
        # says how far the equations are from holding, too.
        compiled = dt.jit(step)
        return lambda batches: np.asarray(compiled(batches)[0])

    def residual_size(self, points: dt.Tensor, batches: list[Batch]) -> np.ndarray:
        """How far the equations are from holding at points, of shape (N, 1): by the kernel of a step on ``batches``."""
        batch = {"points": points}
        if WEIGHTS in batches[0]:
            shape = (points.shape[0], batches[0][WEIGHTS].shape[1])
            batch[WEIGHTS] = dt.Tensor(np.ones(shape, points.dtype.numpy), device=points.device)
        (_, _, distance), _ = self._evaluate([batch, *batches[1:]])
        return np.asarray(distance)

    def residuals(self, batches: list[Batch]) -> list[np.ndarray]:
        """The residuals of each term, beside each other."""
        return [np.asarray(x) for x in self._residuals(batches)]

    # Least squares

    def rows(self, batches: list[Batch]) -> np.ndarray:
        """All residuals, scaled so that the loss is the sum of their squares."""
        return np.asarray(self._rows(batches))

    def linearise(self, batches: list[Batch], whole: bool) -> tuple[np.ndarray, ...]:
        """The same with their Jacobian J by all parameters; or J'r and J'J where it is large and ``whole`` is false."""
        rows = sum(rows * residuals for rows, residuals in self.objective.weight_shapes(batches))
        weights = sum(parameter.size for parameter in self.parameters)
        size = rows * weights * self.parameters[0].dtype.bits // 8
        program = self._linearise if whole or size <= MOST_JACOBIAN or rows <= weights else self._square
        return tuple(np.asarray(x) for x in program(batches))

    def terms_of_rows(self, rows: np.ndarray, batches: list[Batch]) -> np.ndarray:
        """The terms of the loss from what :meth:`rows` gives."""
        return self.objective.of_rows(rows, batches)

    def total_over_rows(self, batches: list[Batch]) -> Callable[[np.ndarray], np.ndarray] | None:
        """What makes sums over these rows of those over all rows, if other processes have some."""
        return None

    def product(self, vectors: tuple[Any, ...], batches: list[Batch]) -> Any:
        """J'J times vectors, for the Jacobian J of all rows."""
        if self._product is None:
            self._product = dt.jit(dt.gauss_newton_product(self.objective.rows, list(self.parameters)))
        return self._product(vectors, batches)

    # What weights are made from

    def gradient_norms(self, batches: list[Batch]) -> np.ndarray:
        """How long the gradient of each term of the loss is: by the kernels of a step, in which the others weigh 0."""
        shapes = self.objective.weight_shapes(batches)
        norms = []
        for i, j in [(i, j) for i, (_, residuals) in enumerate(shapes) for j in range(residuals)]:
            chosen = [np.zeros(shape) for shape in shapes]
            chosen[i][:, j] = 1
            gradients = self.evaluate(weighed(batches, chosen))[1]
            norms.append(np.linalg.norm(np.concatenate([np.asarray(g, np.float64).ravel() for g in gradients])))
        return np.array(norms)

    def traces(self, batches: list[Batch]) -> np.ndarray:
        """For each term of the loss the mean square of the gradients of its residuals."""
        bare = [{name: x for name, x in batch.items() if name != WEIGHTS} for batch in batches]
        # Squares of roots: of_rows adds up what stands in each term.
        return self.objective.of_rows(np.asarray(self._row_lengths(bare)), bare)


def weighed(batches: list[Batch], weights: list[np.ndarray]) -> list[Batch]:
    """Batches whose rows have these weights."""
    return [
        batch | {WEIGHTS: dt.Tensor(w.astype(batch["points"].dtype.numpy), device=batch["points"].device)}
        for batch, w in zip(batches, weights, strict=True)
    ]
