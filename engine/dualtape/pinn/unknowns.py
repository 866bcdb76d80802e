"""From a network to the unknowns of a problem: inputs scaled, hard constraints applied, shapes checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.pinn.condition import Condition
from dualtape.pinn.fields import Points
from dualtape.pinn.hard import check_hard, hard_formula, periodic_inputs, periods_of
from dualtape.pinn.networks import Networks
from dualtape.pinn.problem import Problem

Network = Callable[[dt.Tensor], dt.Tensor]


def unknown_fields(problem: Problem, network: Network, like: dt.Tensor, scaled: bool) -> Network:
    """The function from points (N, d) to all unknowns (N, m).

    Parameters
    ----------
    like
        A parameter of the network, whose device and element type constants get.
    scaled
        Whether the network is given coordinates that run from -1 to 1 over the domain.
    """
    inner = _scaled(problem, network, like) if scaled else network
    if any(condition.period is not None for condition in problem.hard):
        inner = _periodic(problem, network, like, scaled)
    if problem.transform is not None:
        inner = _constrained(problem, inner)
    values = [condition for condition in problem.hard if condition.hard is not None]
    return _hard(problem, inner, values, like) if values else inner


def _scaled(problem: Problem, network: Network, like: dt.Tensor) -> Network:
    low, up = problem.domain.lower, problem.domain.upper
    both = 2 / (up - low), -(up + low) / (up - low)
    factor, shift = (dt.Tensor(array.astype(like.dtype.numpy), device=like.device) for array in both)
    return lambda points: network(points * factor + shift)


def _periodic(problem: Problem, network: Network, like: dt.Tensor, scaled: bool) -> Network:
    """Angles for the coordinates that are periodic; the others as they would be without."""
    angles = periodic_inputs(problem.domain, problem.hard)
    if not scaled:
        return lambda points: network(angles(points))
    periods = periods_of(problem.hard)
    domain = problem.domain
    factors, shifts = [], []
    for name, low, up in zip(domain.coordinates, domain.lower, domain.upper, strict=True):
        factors += [1.0, 1.0] if name in periods else [2 / (up - low)]
        shifts += [0.0, 0.0] if name in periods else [-(up + low) / (up - low)]
    factor, shift = (dt.Tensor(np.array(x).astype(like.dtype.numpy), device=like.device) for x in (factors, shifts))
    return lambda points: network(angles(points) * factor + shift)


def _hard(problem: Problem, network: Network, conditions: list[Condition], like: dt.Tensor) -> Network:
    """Each unknown in the formula that fulfils its hard conditions."""
    names, fields = problem.unknowns, {}
    for name in names:
        own = [c for c in conditions if c.hard is not None and _is_of(c, c.hard.of, name, names)]
        if own:
            fields[name] = hard_formula(problem.domain, own, like)
            check_hard(problem.domain, own, periods_of(problem.hard), like)

    def exact(points: dt.Tensor) -> dt.Tensor:
        outputs = network(points)
        columns = [outputs[:, j : j + 1] for j in range(len(names))] if len(names) > 1 else [outputs]
        columns = [fields[name](points, x) if name in fields else x for name, x in zip(names, columns, strict=True)]
        return columns[0] if len(columns) == 1 else dt.ops.concat(columns, axis=1)

    return exact


def _is_of(condition: Condition, of: str | None, name: str, names: tuple[str, ...]) -> bool:
    if of is None and len(names) > 1:
        raise ArgumentError(f"`{condition.name}` must say with `of=` which unknown it is on: {', '.join(names)}")
    if of is not None and of not in names:
        raise ArgumentError(f"`of` of `{condition.name}` is {of!r}; the unknowns are {', '.join(names)}")
    return of in (None, name)


def _constrained(problem: Problem, network: Network) -> Network:
    coordinates, names, transform = problem.domain.coordinates, problem.unknowns, problem.transform
    assert transform is not None

    def constrained(points: dt.Tensor) -> dt.Tensor:
        outputs = network(points)
        columns = [outputs] if len(names) == 1 else [outputs[:, j : j + 1] for j in range(len(names))]
        values = transform(*columns, Points(coordinates, points))
        values = tuple(values) if isinstance(values, (tuple, list)) else (values,)
        expected = (points.shape[0], 1)
        if len(values) != len(names) or any(value.shape != expected for value in values):
            raise ShapeError(
                f"`transform` must return {len(names)} of shape {expected}, one for each of {', '.join(names)}; "
                f"got {', '.join(str(value.shape) for value in values)}"
            )
        return values[0] if len(values) == 1 else dt.ops.concat(values, axis=1)

    return constrained


def check_network(problem: Problem, network: Network, points: dt.Tensor) -> None:
    """Refuse a network whose inputs are not the coordinates, or whose outputs are not the unknowns."""
    coordinates, unknowns = problem.inputs, problem.unknowns
    if isinstance(network, Networks) and (network.coordinates, network.unknowns) != (coordinates, unknowns):
        raise ArgumentError(
            f"the network is of {', '.join(network.unknowns)} in {', '.join(network.coordinates)}; the problem has the "
            f"unknowns {', '.join(unknowns)} in {', '.join(coordinates)}, in this order"
        )
    given = problem.domain.coordinates == coordinates
    kind = "coordinates" if given else "inputs"
    try:
        inputs = points if given else dt.ops.zeros((points.shape[0], len(coordinates)), points.dtype)
        outputs = dt.eval_shape(network, inputs)
    except ShapeError as failure:
        raise ShapeError(
            f"the network does not take the {len(coordinates)} {kind} {', '.join(coordinates)}: {failure}"
        ) from failure
    if not isinstance(outputs, dt.Spec):
        raise ArgumentTypeError(f"the network must return a Tensor, got {type(outputs).__name__}")
    expected = (points.shape[0], len(unknowns))
    if outputs.shape != expected:
        raise ShapeError(
            f"the network returns shape {outputs.shape} for {points.shape[0]} points; "
            f"expected {expected}, as the unknowns are {', '.join(unknowns)}"
        )
    if outputs.dtype is not points.dtype:
        raise DTypeError(f"the network has parameters of {points.dtype} but returns {outputs.dtype}; mixed types")
