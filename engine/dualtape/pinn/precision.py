"""The element type to train in: float32 ends where the rounding of the loss hides what lies further down."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.stage import TrainingStage
from dualtape.pinn.stages import FirstOrder

PRECISIONS = ("float32", "float64")


@contextmanager
def precision_of(network: dt.nn.Cell, parameters: Sequence[dt.Parameter], precision: str | None) -> Iterator[None]:
    """Convert a network and further parameters; they have their old element types back if the block fails."""
    changed: list[tuple[dt.Parameter, dt.dtype.DType]] = []
    try:
        if precision is not None:
            for parameter in (*network.get_parameters(), *parameters):
                if parameter.dtype.is_float:
                    changed.append((parameter, parameter.dtype))
                    parameter.set_dtype(getattr(dt, precision))
        yield
    except BaseException:
        for parameter, dtype in changed:
            parameter.set_dtype(dtype)
        raise


def read_precision(precision: object) -> str | None:
    """``'float32'``, ``'float64'``, or ``None`` for that of the network."""
    if precision is None:
        return None
    if not isinstance(precision, str):
        raise ArgumentTypeError(f"`precision` must be 'float32', 'float64' or None, got {type(precision).__name__}")
    if precision not in PRECISIONS:
        raise ArgumentError(f"`precision` must be 'float32', 'float64' or None, got {precision!r}")
    return precision


def chosen_precision(stages: Sequence[TrainingStage], trained: Sequence[dt.Parameter]) -> str | None:
    """``'float64'`` for parameters of float32 where curvature is learned or computed, and the device can.

    Curvature is told by small differences of gradients, which float32 rounds away; ``None`` leaves all as it is.
    """
    types = {parameter.dtype for parameter in trained}
    if all(isinstance(stage, FirstOrder) for stage in stages) or not trained[0].device.info.has_float64:
        return None
    return "float64" if dt.float32 in types and types <= {dt.float32, dt.float64} else None


def warn_of_float32(dtype: dt.dtype.DType, loss: float) -> None:
    """Say that it is the element type that ends a descent, not the network or the problem."""
    if dtype is dt.float32:
        warnings.warn(
            f"at a loss of {loss:.1e} no way leads further down in the precision of Float32; "
            "solve(..., precision='float64') goes on from here",
            RuntimeWarning,
            stacklevel=2,
        )
