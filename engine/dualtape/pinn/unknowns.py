"""From a network to the unknowns of a problem: inputs scaled, hard constraints applied, shapes checked."""

from __future__ import annotations

from collections.abc import Callable

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.pinn.fields import Points
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
    return inner if problem.transform is None else _constrained(problem, inner)


def _scaled(problem: Problem, network: Network, like: dt.Tensor) -> Network:
    low, up = problem.domain.lower, problem.domain.upper
    both = 2 / (up - low), -(up + low) / (up - low)
    factor, shift = (dt.Tensor(array.astype(like.dtype.numpy), device=like.device) for array in both)
    return lambda points: network(points * factor + shift)


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
    coordinates, unknowns = problem.domain.coordinates, problem.unknowns
    if isinstance(network, Networks) and (network.coordinates, network.unknowns) != (coordinates, unknowns):
        raise ArgumentError(
            f"the network is of {', '.join(network.unknowns)} in {', '.join(network.coordinates)}; the problem has the "
            f"unknowns {', '.join(unknowns)} in {', '.join(coordinates)}, in this order"
        )
    try:
        outputs = network(points)
    except ShapeError as failure:
        raise ShapeError(
            f"the network does not take the {len(coordinates)} coordinates {', '.join(coordinates)}: {failure}"
        ) from failure
    if not isinstance(outputs, dt.Tensor):
        raise ArgumentTypeError(f"the network must return a Tensor, got {type(outputs).__name__}")
    expected = (points.shape[0], len(unknowns))
    if outputs.shape != expected:
        raise ShapeError(
            f"the network returns shape {outputs.shape} for {points.shape[0]} points; "
            f"expected {expected}, as the unknowns are {', '.join(unknowns)}"
        )
    if outputs.dtype is not points.dtype:
        raise DTypeError(f"the network has parameters of {points.dtype} but returns {outputs.dtype}; mixed types")
