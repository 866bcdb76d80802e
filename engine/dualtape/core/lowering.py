"""How a primitive runs on a device that is programmed in C: said as data, for the device to read.

The catalogue states one of these beside each primitive's NumPy function. A device turns them
into kernels; none of them knows a device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dualtape.core.expression import Expression as Expression
from dualtape.core.spec import Shape


class View(NamedTuple):
    """Which elements of a contiguous input an output shows: offset and strides, in elements."""

    offset: int
    shape: Shape
    strides: tuple[int, ...]


class Movement(NamedTuple):
    """An output that is a :class:`View` of its input."""

    view: Callable[..., View]


class Placement(NamedTuple):
    """An output of zeros into which the input is written at a :class:`View` of the output."""

    view: Callable[..., View]


class Reinterpretation(NamedTuple):
    """An output with the input's elements in the input's order, in another shape."""


class ComplexPart(NamedTuple):
    """The real parts (0) or imaginary parts (1) of complex elements, which lie side by side."""

    which: int


class Joined(NamedTuple):
    """The complex elements whose real and imaginary parts are the elements of two inputs."""


class Fold(NamedTuple):
    """A reduction: ``combine`` makes the next accumulator of the accumulator ``x`` and the element ``y``.

    It begins with ``identity``, of which an infinity stands for that end of the element type.
    """

    identity: float
    combine: Expression


class Kernel(NamedTuple):
    """A kernel written by hand, by its name in ``opencl_kernels``.

    ``computes`` says that it does more with elements than to move them.
    """

    name: str
    computes: bool = True


class OnHost(NamedTuple):
    """No kernel: a device copies the operands to the host, where NumPy's function runs, and the output back."""


Lowering = Expression | Movement | Placement | Reinterpretation | ComplexPart | Joined | Fold | Kernel | OnHost


def contiguous_strides(shape: Shape) -> tuple[int, ...]:
    """Strides, in elements, of a C-ordered array."""
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))
