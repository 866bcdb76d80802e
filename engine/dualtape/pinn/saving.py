"""Solutions to files: numbers, and a description in JSON by which the network is built again without its script."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import dualtape as dt
from dualtape import nn
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.networks import (
    SIREN,
    AdaptiveMLP,
    ChebyshevKAN,
    FourierMLP,
    GatedMLP,
    MultiScaleMLP,
    Networks,
    ResidualMLP,
    SeparableMLP,
)

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution

FORMAT = "dualtape pinn solution 1"
LOSS_TERMS = "solution.history"


def save_solution(solution: Solution, path: str | PathLike[str]) -> None:
    """See :meth:`dualtape.pinn.Solution.save`."""
    problem, history = solution.problem, solution.history
    if isinstance(solution.network, nn.CellList):
        raise ArgumentError(
            "a solution in windows of time has one network for each, which a file of one solution does not hold; "
            "`dt.save_checkpoint(solution.network, path)` keeps their parameters"
        )
    facts = {
        "format": FORMAT,
        "network": describe_network(solution.network),
        "unknowns": list(problem.unknowns),
        "bounds": {name: list(pair) for name, pair in problem.domain.bounds.items()},
        "scaled": solution.scaled,
        "transform": problem.transform is not None or bool(problem.hard),
        "seconds": solution.seconds,
        "terms": list(history.names),
        "weights": history.weights,
        "stages": [list(stage) for stage in history.stages],
    }
    tensors = {f"network.{p.name}": p.value() for p in solution.network.get_parameters()}
    dt.save_checkpoint(tensors | {LOSS_TERMS: dt.Tensor(history.terms, device="host")}, path, metadata=facts)


def describe_network(network: Any) -> dict[str, Any] | None:
    """What a network is made with, as JSON can hold it; ``None`` for classes that are not the library's."""
    kind = type(network)
    if kind is nn.MLP:
        layers = list(network.layers)
        sizes = {
            "in_features": layers[0].in_channels,
            "out_features": layers[-1].out_channels,
            "width": layers[0].out_channels,
            "depth": len(layers) - 1,
        }
        return _with_activation("MLP", sizes, network, layers[0].activation)
    if kind is SIREN:
        return {"class": "SIREN", **network.sizes, "omega": network.omega, "dtype": _dtype(network)}
    if kind is ChebyshevKAN:
        return {"class": "ChebyshevKAN", **network.sizes, "degree": network.degree, "dtype": _dtype(network)}
    if kind is FourierMLP:
        sizes = {**network.sizes, "deviations": list(network.deviations)}
        return _with_activation("FourierMLP", sizes, network, network.hidden[0].activation)
    if kind in (GatedMLP, ResidualMLP):
        return _with_activation(kind.__name__, network.sizes, network, network.first.activation)
    if kind is AdaptiveMLP:
        sizes = {**network.sizes, "scale": network.scale, "each_unit": network.each_unit}
        return _with_activation("AdaptiveMLP", sizes, network, network.activation)
    if kind is SeparableMLP:
        part = describe_network(network.parts[0])
        return None if part is None else {**part, **network.sizes, "class": "SeparableMLP", "rank": network.rank}
    if kind is MultiScaleMLP:
        part = describe_network(network.parts[0])
        return None if part is None else {**part, "class": "MultiScaleMLP", "scales": list(network.scales)}
    if kind is Networks:
        parts = [describe_network(part) for part in network.parts]
        depends = [list(on) for on in network.depends]
        whole = {"class": "Networks", "coordinates": list(network.coordinates), "unknowns": list(network.unknowns)}
        return None if None in parts else {**whole, "parts": parts, "depends": depends}
    return None


def _with_activation(name: str, sizes: dict[str, Any], network: nn.Cell, activation: Any) -> dict[str, Any] | None:
    if activation is None:  # no hidden layer
        return {"class": name, **sizes, "dtype": _dtype(network)}
    called = type(activation).__name__.lower()
    try:
        same = type(nn.get_activation(called)) is type(activation)
    except (ArgumentError, ArgumentTypeError):
        same = False
    return {"class": name, **sizes, "activation": called, "dtype": _dtype(network)} if same else None


def _dtype(network: nn.Cell) -> str:
    return str(network.trainable_params()[0].dtype).lower()
