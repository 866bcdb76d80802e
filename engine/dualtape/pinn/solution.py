"""What training gives: a function of points that knows its problem, its history and its plots."""

from __future__ import annotations

import math
from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.pinn.history import History
from dualtape.pinn.problem import Problem
from dualtape.pinn.unknowns import Network

BLOCK = 16_384  # points evaluated at a time
FieldValues = np.ndarray | dt.Tensor | tuple[np.ndarray, ...] | tuple[dt.Tensor, ...]


class Solution:
    """A trained network as a function of coordinates.

    Attributes
    ----------
    problem, network
        What was solved, and by what. The solution is more than the network: it scales coordinates, and holds the
        hard constraint.
    history
        The losses, term by term.
    seconds
        How long training took.

    Examples
    --------
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Rectangle(x=(0, 1), t=(0, 1)), lambda u, p: u.t + u.x)
    >>> solution = pinn.solve(problem, nn.MLP(2, 1), 2, lbfgs_steps=0, points=10, progress=False)
    >>> solution([[0.5, 0.0], [0.5, 1.0]]).shape, solution(x=[[0.0], [1.0]], t=[0.0, 0.5, 1.0]).shape
    ((2,), (2, 3))
    """

    def __init__(
        self, problem: Problem, network: dt.nn.Cell, field: Network, like: dt.Tensor, history: History, seconds: float
    ) -> None:
        self.problem = problem
        self.network = network
        self.history = history
        self.seconds = seconds
        self._field = field
        self._like = like

    def __call__(self, points: Any = None, **coordinates: Any) -> FieldValues:
        """The values of the unknowns: an array, or a tuple of them if there are several unknowns.

        Of Tensors, Tensors, with their derivatives: ``dt.grad``, ``dt.partials``, ``dt.vmap`` and ``dt.jit`` take a
        solution as they take any function.

        Parameters
        ----------
        points
            An array or Tensor of shape (..., d).
        **coordinates
            Instead of points: an array, Tensor or number for each coordinate, which broadcast as in NumPy; so
            ``solution(x=x[:, None], t=t)`` is a grid.
        """
        if points is not None and coordinates:
            raise ArgumentError("give points, or coordinates by name, not both")
        names = self.problem.domain.coordinates
        if points is None and set(coordinates) != set(names):
            raise ArgumentError(f"expected the coordinates {', '.join(names)}; got {', '.join(coordinates) or 'none'}")
        given = points if points is not None else [coordinates[name] for name in names]
        with dt.device(self._like.device):
            if _holds_tensors(given):
                return self._split(self._of_tensor(given if points is not None else self._stacked(given)))
            array = np.asarray(points, np.float64) if points is not None else _stacked(given)
            self._check(array.shape)
            flat = array.reshape(-1, len(names)).astype(self._like.dtype.numpy)
            found = [self._field(dt.Tensor(flat[block])).asnumpy() for block in _blocks(len(flat))]
            return self._split(np.concatenate(found).reshape(*array.shape[:-1], len(self.problem.unknowns)))

    def _of_tensor(self, points: Any) -> dt.Tensor:
        """The unknowns along the last axis, with the derivatives that the points have."""
        given = dt.Tensor(points, self._like.dtype).to(self._like.device)
        self._check(given.shape)
        flat = given.reshape(math.prod(given.shape[:-1]), given.shape[-1])
        found = [self._field(flat[block]) for block in _blocks(len(flat))]
        return dt.ops.cat(found).reshape(*given.shape[:-1], len(self.problem.unknowns))

    def _stacked(self, coordinates: list[Any]) -> dt.Tensor:
        given = [dt.Tensor(x, self._like.dtype).to(self._like.device) for x in coordinates]
        shape = np.broadcast_shapes(*(x.shape for x in given))
        return dt.ops.stack([dt.ops.broadcast_to(x, shape) for x in given], -1)

    def _check(self, shape: tuple[int, ...]) -> None:
        names = self.problem.domain.coordinates
        if not shape or shape[-1] != len(names):
            raise ShapeError(
                f"`points` has shape {shape}; expected {len(names)} coordinates on the last axis: {', '.join(names)}"
            )

    def _split(self, values: Any) -> FieldValues:
        """The last axis apart: one for each unknown."""
        columns: Any = tuple(values[..., j] for j in range(len(self.problem.unknowns)))
        found: FieldValues = columns[0] if len(columns) == 1 else columns
        return found

    def error(self, reference: Callable[..., Any] | np.ndarray | None = None, points: Any = None) -> float:
        """The relative L2 error, ``|u - reference| / |reference|``, over all unknowns.

        Where the reference is 0 everywhere, nothing is relative to it: the absolute error, the root mean square of u.

        Parameters
        ----------
        reference
            A function of coordinate arrays, in the domain's order, or values at ``points``; the problem's exact
            solution if it is not given.
        points
            Where to compare; by default a regular grid, or what of it lies in the domain.
        """
        return self.measured(reference, points)[0]

    def measured(
        self, reference: Callable[..., Any] | np.ndarray | None = None, points: Any = None
    ) -> tuple[float, str]:
        """The :meth:`error`, and which it is: ``'relative'``, or ``'absolute'`` where the reference is 0."""
        exact = self.problem.exact if reference is None else reference
        if exact is None:
            raise ArgumentError("`reference` of `error` is needed: the problem knows no exact solution")
        if points is None and not callable(exact):
            raise ArgumentTypeError("`reference` of `error` is an array; give the points at which it holds as well")
        places = self._grid() if points is None else np.asarray(points, np.float64)
        expected = exact(*np.moveaxis(places, -1, 0)) if callable(exact) else exact
        found, wanted = _together(self(places)), _together(expected)
        if found.size != wanted.size:
            raise ShapeError(f"`reference` of `error` has {wanted.size} values; expected {found.size}")
        if not places.size:
            raise ShapeError(f"`points` of `error` has shape {places.shape}; expected at least one point")
        size, kind = float(np.linalg.norm(wanted)), "relative"
        if size == 0:
            size, kind = math.sqrt(wanted.size), "absolute"
        return float(np.linalg.norm(found.ravel() - wanted.ravel())) / size, kind

    def plot(self, path: str | PathLike[str] | None = None, unknown: str | None = None) -> Any:
        """Draw the solution, the exact one and the error where it is known, slices in time, and the losses.

        Parameters
        ----------
        path
            Where to save the picture; its ending says the format, as in ``"burgers.png"``.
        unknown
            Which unknown, if there are several; the first by default.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, for changes of your own.
        """
        from dualtape.pinn.plotting import draw_solution

        return draw_solution(self, path, unknown)

    def _grid(self) -> np.ndarray:
        domain = self.problem.domain
        size = {1: 1001, 2: 201, 3: 41}.get(domain.dimension)
        if size is None:
            return domain.points_inside(16_384)
        grid = np.stack(domain.grid(*[size] * domain.dimension), axis=-1)
        inside = domain.inside(grid)
        if not inside.any():  # it lies between them
            return domain.points_inside(16_384)
        return grid if inside.all() else grid[inside]

    def __repr__(self) -> str:
        loss = f", loss={self.history.total[-1]:.3e}" if len(self.history) else ""
        return f"Solution({', '.join(self.problem.unknowns)}: {len(self.history)} steps{loss})"


def _stacked(coordinates: list[Any]) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*(np.asarray(x, np.float64) for x in coordinates)), axis=-1)


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, max(count, 1), BLOCK)]


def _holds_tensors(x: Any) -> bool:
    return isinstance(x, dt.Tensor) or (isinstance(x, (list, tuple)) and any(map(_holds_tensors, x)))


def _together(values: Any) -> np.ndarray:
    """Several unknowns in one array."""
    if isinstance(values, (tuple, list)):
        return np.concatenate([np.asarray(value, np.float64).ravel() for value in values])
    return np.asarray(values, np.float64)
