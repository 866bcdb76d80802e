"""Arguments that a jitted function may use up: their memory is free for results as soon as it has been read."""

from __future__ import annotations

from typing import Any

from dualtape import pytree
from dualtape.compiler.replay import Runner
from dualtape.devices.device import Storage
from dualtape.errors import ArgumentError, ArgumentTypeError, PositionError
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor


def read_positions(donate_argnums: Any) -> tuple[int, ...]:
    """Positions of arguments, from one or a sequence of them."""
    given = (donate_argnums,) if isinstance(donate_argnums, int) else donate_argnums
    if not isinstance(given, (tuple, list)) or not all(isinstance(i, int) and not isinstance(i, bool) for i in given):
        raise ArgumentTypeError(
            f"`donate_argnums` of `jit` must be a position or a tuple of positions, got {donate_argnums!r}"
        )
    if any(i < 0 for i in given):
        raise ArgumentError(f"`donate_argnums` of `jit` must not be negative, got {donate_argnums!r}")
    return tuple(given)


def donated(positions: tuple[int, ...], args: tuple[Any, ...], leaves: list[Any]) -> list[Tensor]:
    """The tensors in the arguments at ``positions``; ``leaves`` are those of all arguments."""
    found: list[Tensor] = []
    for i in positions:
        if i >= len(args):
            raise PositionError(f"argument {i} is to be donated, but there are {len(args)} positional arguments")
        for leaf in pytree.leaves(args[i]):
            if isinstance(leaf, Parameter):
                raise ArgumentTypeError(
                    f"argument {i}, which is to be donated, holds the Parameter {leaf.name!r}, which others may read; "
                    "donate tensors, or set the Parameter inside the jitted function"
                )
            if isinstance(leaf, Tensor):
                found.append(leaf)
    for tensor in found:
        if sum(leaf is tensor for leaf in leaves) > 1:
            raise ArgumentError("a tensor is donated and given a second time in the arguments of one call")
    return found


def run_giving_up(given_up: list[Tensor], run: Runner, storages: list[Storage], tensors: list[Tensor]) -> list[Any]:
    """Run on ``storages``, which begin with those of ``tensors``, having taken away those that are given up.

    Whoever uses such a tensor afterwards meets an error. But if the run fails before it has used any memory again, all
    is as before.
    """
    try:
        for tensor in given_up:
            del tensor.data_
        return run(storages)
    except BaseException:
        # A run that uses memory again empties the list when it begins.
        for tensor, storage in zip(tensors, storages, strict=False):
            tensor.data_ = storage
        raise
