"""All parameters in one vector of Float64, as methods of second order see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.parameter import Parameter, ParameterTuple, set_computed
from dualtape.tensor import Tensor, tensors_of


class ParameterVector:
    """Parameters of an optimizer, read and set as one vector.

    Parameters
    ----------
    owner
        What errors call the optimizer.
    """

    def __init__(self, owner: str, params: Iterable[Parameter]) -> None:
        self._owner = owner
        self.parameters = ParameterTuple(params)
        if not self.parameters:
            raise ArgumentError(f"`params` of `{owner}` is empty")
        for parameter in self.parameters:
            if not parameter.dtype.is_float:
                raise ArgumentTypeError(f"parameter {parameter.name!r} is of {parameter.dtype}; expected floats")
        ends = [0, *accumulate(parameter.size for parameter in self.parameters)]
        self._pieces = [slice(*piece) for piece in pairwise(ends)]
        self.size = ends[-1]

    def get(self) -> np.ndarray:
        """The elements of all parameters, in order."""
        parts = _read([p.value() for p in self.parameters])
        return np.concatenate([part.ravel() for part in parts], dtype=np.float64)

    def set(self, vector: np.ndarray) -> None:
        """Give all parameters their elements."""
        set_computed(self.parameters, self.tensors(vector))

    def tensors(self, vector: np.ndarray) -> list[Tensor]:
        """The elements of each parameter in a vector, of its shape, type and device."""
        converted = {kind: vector.astype(kind.numpy, copy=False) for kind in {p.dtype for p in self.parameters}}
        pieces = zip(self.parameters, self._pieces, strict=True)
        arrays = [converted[p.dtype][piece].reshape(p.shape) for p, piece in pieces]
        devices = {p.device for p in self.parameters}
        if len(devices) == 1:
            return tensors_of(arrays, devices.pop())
        return [Tensor(x, device=p.device) for x, p in zip(arrays, self.parameters, strict=True)]

    def flat(self, gradients: Sequence[Any]) -> np.ndarray:
        """Gradients with respect to each parameter as one vector."""
        if len(gradients) != len(self.parameters):
            raise ArgumentError(f"`{self._owner}` got {len(gradients)} gradients for {len(self.parameters)} parameters")
        parts = _read(gradients)
        for part, parameter in zip(parts, self.parameters, strict=True):
            if part.shape != parameter.shape:
                raise ShapeError(
                    f"the gradient of parameter {parameter.name!r} has shape {part.shape}; expected {parameter.shape}"
                )
        return np.concatenate([part.ravel() for part in parts], dtype=np.float64)


def _read(tensors: Sequence[Any]) -> list[np.ndarray]:
    """The elements of tensors, or of what NumPy takes for arrays; with one wait for those on one device."""
    if not all(isinstance(x, Tensor) and not x.level.depth for x in tensors):
        return [np.asarray(x) for x in tensors]
    if len({x.device_ for x in tensors}) != 1:
        return [x.asnumpy() for x in tensors]
    arrays: list[np.ndarray] = tensors[0].device_.get_all([x.data_ for x in tensors])
    return arrays
