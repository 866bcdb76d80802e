"""Solutions from files: the network is built from its description, and nothing that a file holds is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import nn
from dualtape.errors import ArgumentError, CheckpointError
from dualtape.pinn.domains import Rectangle
from dualtape.pinn.history import History
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
from dualtape.pinn.problem import Problem
from dualtape.pinn.saving import FORMAT, LOSS_TERMS
from dualtape.pinn.solution import Solution
from dualtape.pinn.unknowns import check_network, unknown_fields

FACTS = ("network", "unknowns", "bounds", "scaled", "transform", "seconds", "terms", "stages")
_CLASSES: dict[str, Callable[..., nn.Cell]] = {
    "MLP": nn.MLP,
    "AdaptiveMLP": AdaptiveMLP,
    "SeparableMLP": SeparableMLP,
    "ChebyshevKAN": ChebyshevKAN,
    "FourierMLP": FourierMLP,
    "GatedMLP": GatedMLP,
    "ResidualMLP": ResidualMLP,
    "SIREN": SIREN,
    "MultiScaleMLP": MultiScaleMLP,
}


def load(path: str | PathLike[str], problem: Problem | None = None, network: nn.Cell | None = None) -> Solution:
    """A solution that :meth:`dualtape.pinn.Solution.save` wrote.

    Parameters
    ----------
    path
        The file. It holds numbers and text, and nothing of it is run.
    problem
        The problem that was solved. Without it the solution has values and derivatives in the box around its domain,
        and knows neither equations nor conditions. A problem with a ``transform`` or hard conditions is needed:
        functions are not saved.
    network
        A network of the same parameters, which are changed; needed for classes of one's own.

    Raises
    ------
    CheckpointError
        The file is not what ``save`` wrote, or damaged.
    ArgumentError
        It is of another problem or network.

    Examples
    --------
    >>> import os, tempfile
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - 1)
    >>> solution = pinn.solve(problem, nn.MLP(1, 1, width=8), 2, lbfgs_steps=0, points=10, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     solution.save(os.path.join(folder, "line.safetensors"))
    ...     again = pinn.load(os.path.join(folder, "line.safetensors"))
    >>> bool(again.u.x(x=0.5) == solution.u.x(x=0.5))
    True
    """
    with dt.device("host"):
        saved = dt.load_checkpoint(path)
        facts = saved.metadata
        if facts.get("format") != FORMAT:
            raise CheckpointError(f"{str(path)!r} is no solution that `save` wrote{_what_it_is(facts)}")
        if lacking := {*FACTS} - facts.keys():
            raise CheckpointError(f"{str(path)!r} does not say its {min(lacking)}")
        known = _known_problem(path, facts) if problem is None else problem
        bounds = {name: list(pair) for name, pair in known.domain.bounds.items()}
        if (list(known.unknowns), list(bounds)) != (facts["unknowns"], list(facts["bounds"])):
            raise ArgumentError(
                f"{str(path)!r} is of {', '.join(facts['unknowns'])} in {', '.join(facts['bounds'])}; the problem has "
                f"{', '.join(known.unknowns)} in {', '.join(bounds)}"
            )
        if facts["scaled"] and bounds != facts["bounds"]:
            raise ArgumentError(f"{str(path)!r} is of the box {facts['bounds']}; the problem has {bounds}")
        if facts["transform"] and known.transform is None and not known.hard:
            raise ArgumentError(
                f"the solution in {str(path)!r} has a `transform` or hard conditions, which the given problem has not"
            )
        made = _made_network(path, facts["network"]) if network is None else network
        _fill(path, made, {name: x for name, x in saved.items() if name != LOSS_TERMS})
    like = made.trainable_params()[0]
    with dt.device(like.device):
        check_network(known, made, dt.Tensor(known.domain.lower[None].astype(like.dtype.numpy)))
    history = History(facts["terms"])
    for row in np.asarray(saved[LOSS_TERMS]):
        history.append(row)
    history.weights = {str(name): float(weight) for name, weight in facts.get("weights", {}).items()}
    history.stages = [(str(name), int(steps)) for name, steps in facts["stages"]]
    field = unknown_fields(known, made, like, facts["scaled"])
    return Solution(known, made, field, like, history, facts["seconds"], facts["scaled"])


def _what_it_is(facts: Mapping[str, Any]) -> str:
    """Of a file that is none, as far as it says so: most often the checkpoint, which is written beside the picture."""
    if {"steps", "draws", "arguments"} <= facts.keys():
        return ": it is the checkpoint of a training; go on from it with `resume`, and `save` the solution"
    return f": its format is {facts['format']!r}" if "format" in facts else ""


def _known_problem(path: Any, facts: dict[str, Any]) -> Problem:
    if facts["transform"]:
        raise ArgumentError(
            f"the solution in {str(path)!r} has a `transform` or hard conditions, which are functions: give the "
            "problem as well"
        )
    bounds = {name: (low, up) for name, (low, up) in facts["bounds"].items()}
    return Problem(Rectangle(**bounds), None, outputs=tuple(facts["unknowns"]))


def _made_network(path: Any, described: dict[str, Any] | None) -> nn.Cell:
    if described is None:
        raise ArgumentError(
            f"the network in {str(path)!r} is of a class, or has an activation, that the file does not describe: "
            "give a network of the same kind as well"
        )
    return _built(path, described)


def _built(path: Any, described: dict[str, Any]) -> nn.Cell:
    arguments = dict(described)
    name = arguments.pop("class", None)
    try:
        if name == "Networks":
            names = arguments["coordinates"]
            parts = {
                unknown: (_built(path, part), tuple(names[i] for i in on))
                for unknown, part, on in zip(
                    arguments["unknowns"], arguments["parts"], arguments["depends"], strict=True
                )
            }
            return Networks(names, **parts)
        made = _CLASSES[str(name)]
        return made(**{**arguments, "dtype": {"float32": dt.float32, "float64": dt.float64}[arguments["dtype"]]})
    except (KeyError, TypeError, ValueError) as failure:
        raise CheckpointError(f"{str(path)!r} does not describe a network: {described}") from failure


def _fill(path: Any, network: nn.Cell, values: dict[str, dt.Tensor]) -> None:
    """Give a network the saved parameters, all of them or none."""
    parameters = {f"network.{p.name}": p for p in network.get_parameters()}
    different = sorted(parameters.keys() ^ values.keys()) or [
        name
        for name, p in parameters.items()
        if p.shape != values[name].shape or p.dtype is not values[name].dtype
    ]  # fmt: skip
    if different:
        raise ArgumentError(f"the network is not the one in {str(path)!r}: they differ in {different[0]!r}")
    dt.ParameterTuple(parameters.values()).set_data(values[name].to(p.device) for name, p in parameters.items())
