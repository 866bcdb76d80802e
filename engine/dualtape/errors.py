"""The errors that users meet: each is a subclass of the matching built-in one.

Every error carries a note with the user's own line, so that a long traceback through the engine
does not hide where the mistake is.
"""

from __future__ import annotations

import linecache
import os
import sys

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def user_line() -> str | None:
    """``file:line: source`` of the nearest caller outside this package, if there is one."""
    frame = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_PACKAGE) and not filename.startswith("<frozen"):
            source = linecache.getline(filename, frame.f_lineno).strip()
            return f"{filename}:{frame.f_lineno}: {source}" if source else f"{filename}:{frame.f_lineno}"
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


class DualtapeError(Exception):
    """The root of all errors raised on purpose by this package."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        line = user_line()
        if line is not None:
            self.add_note(f"your line: {line}")


class ArgumentError(DualtapeError, ValueError):
    """An argument of the right type has a value that cannot be used."""


class ArgumentTypeError(DualtapeError, TypeError):
    """An argument has a type that cannot be used."""


class ShapeError(ArgumentError):
    """Shapes that do not fit together."""


class IntegrationError(DualtapeError, ArithmeticError):
    """A differential equation whose solution could not be followed to the last time."""


class DTypeError(ArgumentTypeError):
    """An element type that the operation does not take, or that does not exist."""


class AxisError(ArgumentError, IndexError):
    """An axis outside the tensor's rank."""


class TensorIndexError(DualtapeError, IndexError):
    """An index outside the tensor, or of a kind that cannot index."""


def outside_axis(index: int, axis: int, size: int, line: str | None = None) -> TensorIndexError:
    """The error for an index outside of an axis; ``line`` is where it stands, if that is not where it is found."""
    error = TensorIndexError(f"index {index} is outside axis {axis} of size {size}")
    if line is not None:
        error.add_note(f"the index stands here: {line}")
    return error


class PositionError(DualtapeError, RuntimeError, IndexError):
    """A differentiated position that the call does not have."""


class DeviceError(DualtapeError, RuntimeError):
    """A device that is missing, or tensors of two devices in one operation."""


class ForkedError(DeviceError):
    """A device in a process that was forked from one that had started it."""


class DeviceMemoryError(DeviceError, MemoryError):
    """No more memory on a device; all tensors are as they were."""


class EscapedLevelError(DualtapeError, RuntimeError):
    """A value of a transformation that has already returned."""


class TracingError(DualtapeError, RuntimeError):
    """A jitted function that needs the numbers of a value while it is traced."""


class ConversionError(DualtapeError, RuntimeError):
    """A value that is being differentiated or mapped, where Python or NumPy needs its numbers."""


class DonatedError(DualtapeError, RuntimeError):
    """A tensor that was donated to a jitted function, and is used again."""


class ImmutableError(ArgumentTypeError):
    """An attempt to change a tensor in place."""


class CellError(DualtapeError, AttributeError):
    """A network whose attributes are missing or used before ``__init__``."""


class MissingExtraError(DualtapeError, ImportError):
    """An optional dependency that is not installed."""


class CheckpointError(DualtapeError, OSError):
    """A checkpoint file that is missing, damaged or of another kind, or that cannot be written."""
