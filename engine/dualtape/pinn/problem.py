"""A problem: a domain, the equations inside it, and conditions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.condition import Condition, EquationRule, read_weight
from dualtape.pinn.domains import Domain
from dualtape.pinn.hard import input_names


class Problem:
    """Differential equations on a domain, with conditions.

    Parameters
    ----------
    domain
        Where the equations hold.
    equations
        A function of the unknowns and the points, ``lambda u, p: u.t - u.xx``, that returns what must be zero: a
        residual, or a tuple of them. The names of its arguments but the last are the names of the unknowns, in the
        order of the network's outputs: ``lambda u, v, p: (u.t - v.x, v.t - u.x)``. ``None`` where equations hold only
        in parts of the domain, by :func:`dualtape.pinn.inside`, or where there are conditions alone.
    conditions
        See :func:`dualtape.pinn.initial` and its neighbours.
    outputs
        Names of the unknowns, where the arguments of ``equations`` do not tell them.
    transform
        A hard constraint: ``lambda u, p: u * p.x * (1 - p.x)`` puts this in place of what the network gives, so that
        it holds exactly. With several unknowns it takes and returns all of them.
    weight
        Factor of the equations in the loss; a tuple gives one for each residual.
    exact
        The known solution, if there is one, as a function of coordinate arrays (NumPy), for plots and errors.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.xx + 1, [pinn.dirichlet(0.0, on=("x-", "x+"))])
    Problem(domain=Interval(x=(0, 1)), unknowns=('u',), conditions=['dirichlet x- x+'])
    """

    def __init__(
        self,
        domain: Domain,
        equations: EquationRule | None,
        conditions: Sequence[Condition] = (),
        *,
        outputs: Sequence[str] | None = None,
        transform: Callable[..., Any] | None = None,
        weight: float | Sequence[float] = 1.0,
        exact: Callable[..., Any] | None = None,
    ) -> None:
        if not isinstance(domain, Domain):
            raise ArgumentTypeError(f"`domain` must be a domain such as pinn.Rectangle, got {type(domain).__name__}")
        domain.check_made()
        if equations is not None and not callable(equations):
            raise ArgumentTypeError(f"`equations` must be a function, got {type(equations).__name__}")
        if isinstance(conditions, Condition) or not isinstance(conditions, Sequence):
            given = f"`{conditions.name}`" if isinstance(conditions, Condition) else type(conditions).__name__
            raise ArgumentTypeError(
                f"`conditions` must be a list, as in [pinn.dirichlet(...)]; got {given} without the brackets"
                if isinstance(conditions, Condition)
                else f"`conditions` must be a list of conditions such as pinn.dirichlet(...), got {given}"
            )
        for i, condition in enumerate(conditions):
            if not isinstance(condition, Condition):
                raise ArgumentTypeError(
                    f"item {i} of `conditions` must be a condition such as pinn.dirichlet(...), "
                    f"got {type(condition).__name__}"
                )
        for argument, function in (("transform", transform), ("exact", exact)):
            if function is not None and not callable(function):
                raise ArgumentTypeError(f"`{argument}` must be a function, got {type(function).__name__}")
        self.domain = domain
        self.conditions = tuple(condition for condition in conditions if not condition.is_hard)
        self.hard = tuple(condition for condition in conditions if condition.is_hard)
        for condition in self.hard:
            if condition.period is not None:
                domain.axis(condition.period)
        self.unknowns = _read_unknowns(equations, outputs)
        self.equations = _nothing if equations is None else equations
        self.transform = transform
        self.weights = tuple(map(read_weight, weight)) if isinstance(weight, (tuple, list)) else read_weight(weight)
        self.exact = exact

    @property
    def has_equations(self) -> bool:
        """Whether something holds everywhere in the domain."""
        return self.equations is not _nothing

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the network is given: the coordinates, or cosine and sine of those that are periodic exactly.

        Examples
        --------
        >>> from dualtape import pinn
        >>> ring = pinn.Rectangle(x=(-1, 1), t=(0, 1))
        >>> pinn.Problem(ring, lambda u, p: u.t + u.x, [pinn.periodic("x", hard=True)]).inputs
        ('cos x', 'sin x', 't')
        """
        return input_names(self.domain, self.hard)

    def plot(self, path: str | PathLike[str] | None = None, points: int = 1000, sampler: str = "sobol") -> Any:
        """Draw the domain with points inside as training takes them, the parts of its boundary, and where data lie.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, for changes of your own; ``path`` is where to save it.
        """
        from dualtape.pinn.pictures import draw_problem

        return draw_problem(self, path, points, sampler)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from dualtape.pinn.report import problem_as_html

        return problem_as_html(self)

    def __repr__(self) -> str:
        names = [condition.name for condition in self.conditions]
        hard = f", hard={[condition.name for condition in self.hard]}" if self.hard else ""
        return f"Problem(domain={self.domain}, unknowns={self.unknowns}, conditions={names}{hard})"


def _nothing(*fields_and_points: Any) -> Any:
    """What holds everywhere where equations hold in parts."""
    return 0.0 * fields_and_points[-1].points[:, :1]


def _read_unknowns(equations: EquationRule | None, outputs: Sequence[str] | None) -> tuple[str, ...]:
    if outputs is not None:
        names = tuple(outputs)
        if isinstance(outputs, str) or not names or not all(isinstance(name, str) for name in names):
            raise ArgumentTypeError(f"`outputs` must be a tuple of names such as ('u', 'v'), got {outputs!r}")
    elif equations is None:
        raise ArgumentError("without `equations`, name the unknowns as in outputs=('u', 'v')")
    else:
        parameters = list(inspect.signature(equations).parameters.values())
        if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
            raise ArgumentError("`equations` does not name its unknowns; give them as outputs=('u', 'v')")
        names = tuple(p.name for p in parameters if p.default is p.empty)[:-1]
        if not names:
            raise ArgumentError("`equations` must take the unknowns and the points, as in `lambda u, p: u.t - u.xx`")
    if len(set(names)) != len(names):
        raise ArgumentError(f"the unknowns must have distinct names, got {names}")
    return names
