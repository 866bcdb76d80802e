"""What training gives: a function of points that knows its problem, its history and its plots."""

from __future__ import annotations

import math
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.pinn.domains import Domain
from dualtape.pinn.history import History
from dualtape.pinn.problem import Problem
from dualtape.pinn.shown import Shown
from dualtape.pinn.solved import SolvedField
from dualtape.pinn.statement import Statement, derivatives_of
from dualtape.pinn.unknowns import Network

if TYPE_CHECKING:
    from dualtape.pinn.watching import Track

BLOCK = 16_384  # points evaluated at a time
_WORTHWHILE = 64  # of them, for a kernel
FieldValues = np.ndarray | dt.Tensor | tuple[np.ndarray, ...] | tuple[dt.Tensor, ...]


class Solution(Shown):
    """A trained network as a function of coordinates.

    Its unknowns are attributes and items: ``solution.u(points)``, and ``solution["u"].xx(points)`` for a derivative.

    Attributes
    ----------
    problem, network
        What was solved, and by what. The solution is more than the network: it scales coordinates, and holds the
        hard constraint.
    field
        The function from Tensors of points, (N, d), to the unknowns, (N, m), with all of that.
    history
        The losses, term by term.
    seconds
        How long training took.
    scaled
        Whether the network is given coordinates that run from -1 to 1 over the domain.
    settings
        How it was trained, as text by the names of :func:`dualtape.pinn.solve`; nothing for a solution from a file.
    parameters, tracks
        What was trained beside the network, and the :class:`Track`s that looked on.

    Examples
    --------
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Rectangle(x=(0, 1), t=(0, 1)), lambda u, p: u.t + u.x)
    >>> solution = pinn.solve(problem, nn.MLP(2, 1), 2, lbfgs_steps=0, points=10, progress=False)
    >>> solution([[0.5, 0.0], [0.5, 1.0]]).shape, solution(x=[[0.0], [1.0]], t=[0.0, 0.5, 1.0]).shape
    ((2,), (2, 3))
    """

    def __init__(
        self,
        problem: Problem,
        network: dt.nn.Cell,
        field: Network,
        like: dt.Tensor,
        history: History,
        seconds: float,
        scaled: bool = True,
    ) -> None:
        self.problem = problem
        self.network = network
        self.history = history
        self.seconds = seconds
        self.field = field
        self._like = like
        self.scaled = scaled
        self.settings: dict[str, str] = {}
        self.parameters: tuple[dt.Parameter, ...] = ()
        self.tracks: tuple[Track, ...] = ()
        taken = [name for name in problem.unknowns if name in self.__dict__ or hasattr(Solution, name)]
        if taken:
            raise ArgumentError(
                f"an unknown cannot be named {taken[0]!r}: `solution.{taken[0]}` is something else; call it "
                f"{taken[0] + '_'!r}, or by another name"
            )

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
        given = self._given(points, coordinates)
        return self._split(self._mapped(self._values, given, points is not None)[0])

    def __getattr__(self, name: str) -> SolvedField:
        if name.startswith("_") or name not in self.problem.unknowns:
            raise AttributeError(f"a solution has no attribute {name!r}; its unknowns are {self.problem.unknowns}")
        return SolvedField(self, name)

    def __getitem__(self, name: str) -> SolvedField:
        """An unknown by its name, whatever that is."""
        if name not in self.problem.unknowns:
            raise ArgumentError(f"no unknown {name!r}; there are {', '.join(self.problem.unknowns)}")
        return SolvedField(self, name)

    def evaluate(self, expression: Callable[..., Any], points: Any = None, **coordinates: Any) -> Any:
        """What an equation says at points: ``solution.evaluate(lambda u, p: u.xx + p.x * u, points)``.

        Parameters
        ----------
        expression
            A function of the unknowns and points, of everything that equations may use but the normals of a boundary.
            What it returns are columns; a tuple of them gives a tuple.
        points, **coordinates
            As of :meth:`__call__`.

        Returns
        -------
        numpy.ndarray or Tensor
            Of the shape of the points without their last axis; a Tensor, with derivatives, of Tensors.
        """
        domain, given = self.problem.domain, self._given(points, coordinates)
        statement = Statement(expression, domain, (), self.problem.unknowns, self.field)

        def found(block: dt.Tensor) -> list[dt.Tensor]:
            if not statement.indices:
                statement.record(block, {})
            columns = statement.residuals(block, {}, derivatives_of(self.field, statement.indices)(block))
            if not all(isinstance(x, dt.Tensor) and x.shape == (block.shape[0], 1) for x in columns):
                shapes = ", ".join(str(getattr(x, "shape", type(x).__name__)) for x in columns)
                raise ShapeError(f"the expression gave {shapes}; expected columns of shape {(block.shape[0], 1)}")
            return list(columns)

        values = [x[..., 0] for x in self._mapped(found, given, points is not None)]
        return values[0] if len(values) == 1 else tuple(values)

    def residual(self, points: Any = None, **coordinates: Any) -> Any:
        """What is left of the equations at points: 0 where they hold. One array, or a tuple of them."""
        return self.evaluate(self.problem.equations, points, **coordinates)

    def integral(
        self, expression: Callable[..., Any] | None = None, over: Domain | None = None, points: int = 4096
    ) -> float:
        """The integral of an expression (of the only unknown, without one) over the domain, or a part of it.

        By the quadrature of the domain with about so many points: Gauss's in boxes, a Sobol sequence elsewhere.
        """
        if expression is None:
            if len(self.problem.unknowns) > 1:
                raise ArgumentError(f"say of what, as in lambda {', '.join(self.problem.unknowns)}, p: ...")
            expression = lambda u, p: u * 1.0
        places, weights = (over or self.problem.domain).quadrature(points)
        return float(weights @ np.asarray(self.evaluate(expression, places), np.float64))

    def _given(self, points: Any, coordinates: dict[str, Any]) -> Any:
        """Points as they are, or the coordinates in the domain's order."""
        names = self.problem.domain.coordinates
        if points is not None and coordinates:
            raise ArgumentError("give points, or coordinates by name, not both")
        if points is None and set(coordinates) != set(names):
            raise ArgumentError(f"expected the coordinates {', '.join(names)}; got {', '.join(coordinates) or 'none'}")
        return points if points is not None else [coordinates[name] for name in names]

    def _values(self, points: dt.Tensor) -> list[dt.Tensor]:
        """The field, as one kernel on a device with kernels: to build one for each operation takes longer.

        It is traced anew each time, for what is no Parameter in it may have changed; the kernel is there.
        """
        where = self._like.device.name
        if where == "host" or len(points) < _WORTHWHILE:
            return [self.field(points)]
        found: dt.Tensor = dt.jit(self.field, device=where)(points)
        return [found]

    def _mapped(self, function: Callable[[dt.Tensor], list[dt.Tensor]], given: Any, whole: bool) -> list[Any]:
        """What a function of points (N, d) gives at points of any shape, block by block; of Tensors, Tensors."""
        with dt.device(self._like.device):
            if _holds_tensors(given):
                points = dt.Tensor(given if whole else self._stacked(given), self._like.dtype).to(self._like.device)
                self._check(points.shape)
                flat = points.reshape(math.prod(points.shape[:-1]), points.shape[-1])
                values = [function(flat[block]) for block in _blocks(len(flat))]
                tensors = [dt.ops.cat(list(part)) for part in zip(*values, strict=True)]
                return [x.reshape(*points.shape[:-1], x.shape[-1]) for x in tensors]
            array = np.asarray(given, np.float64) if whole else _stacked(given)
            self._check(array.shape)
            rows = array.reshape(-1, array.shape[-1]).astype(self._like.dtype.numpy)
            found = [[x.asnumpy() for x in function(dt.Tensor(rows[block]))] for block in _blocks(len(rows))]
            arrays = [np.concatenate(columns) for columns in zip(*found, strict=True)]
            return [x.reshape(*array.shape[:-1], x.shape[-1]) for x in arrays]

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

    def error(
        self, reference: Callable[..., Any] | np.ndarray | None = None, points: Any = None, norm: str = "l2"
    ) -> float:
        """The relative error, ``|u - reference| / |reference|``, over all unknowns.

        Where the reference is 0 everywhere, nothing is relative to it: the absolute error, the root mean square of u.
        Where the reference is NaN, nothing is known, and nothing compared.

        Parameters
        ----------
        reference
            A function of coordinate arrays, in the domain's order, or values at ``points``; the problem's exact
            solution if it is not given.
        points
            Where to compare; by default a regular grid, or what of it lies in the domain.
        norm
            ``'l2'``, or ``'max'`` for the largest difference over the largest value.
        """
        return self.measured(reference, points, norm)[0]

    def measured(
        self, reference: Callable[..., Any] | np.ndarray | None = None, points: Any = None, norm: str = "l2"
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
        if norm not in ("l2", "max"):
            raise ArgumentError(f"`norm` of `error` must be 'l2' or 'max', got {norm!r}")
        known = ~np.isnan(wanted.ravel())
        if not known.any():
            raise ArgumentError("the reference of `error` is NaN at all points")
        found, wanted = found.ravel()[known], wanted.ravel()[known]
        order = None if norm == "l2" else np.inf
        size, kind = float(np.linalg.norm(wanted, order)), "relative"
        if size == 0:
            size, kind = math.sqrt(wanted.size) if norm == "l2" else 1.0, "absolute"
        return float(np.linalg.norm(found - wanted, order)) / size, kind

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a safetensors file, from which :func:`dualtape.pinn.load` makes it again.

        The file holds the parameters, what the network was made with, and the history; no code. Functions (equations,
        conditions, a transform) are not in it. Parameters of an inverse problem are their own matter.
        """
        from dualtape.pinn.saving import save_solution

        save_solution(self, path)

    def export_onnx(self, path: str | PathLike[str]) -> None:
        """Write it to a file in the ONNX format, which other libraries run: from points (N, d) to unknowns (N, m).

        With all that belongs to it: scaling, transform, hard conditions. Needs ``pip install "dualtape[onnx]"``; see
        :func:`dualtape.export_onnx`.
        """
        with dt.device(self._like.device):
            dt.export_onnx(self.field, path, self.problem.domain.dimension, dtype=self._like.dtype)

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
