"""Static parameters of the primitives that take any shape: drawn for the shape at hand.

A primitive that is not here is tried in the calls that it declares as its examples.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from hypothesis import strategies as st

from dualtape.core.spec import Shape

Draw = Callable[[Any], Any]
Params = dict[str, Any]


def _axes(draw: Draw, shape: Shape) -> Params:
    return {"axes": tuple(i for i in range(len(shape)) if draw(st.booleans()))}


def _filled_axes(draw: Draw, shape: Shape) -> Params:
    """Axes with something along them."""
    return {"axes": tuple(i for i, n in enumerate(shape) if n and draw(st.booleans()))}


def _axis(draw: Draw, shape: Shape) -> Params | None:
    filled = [i for i, n in enumerate(shape) if n]
    return {"axis": draw(st.sampled_from(filled))} if filled else None


def _running(draw: Draw, shape: Shape) -> Params | None:
    if not shape:
        return None
    return {"axis": draw(st.integers(0, len(shape) - 1)), "reverse": draw(st.booleans())}


def _reshape(draw: Draw, shape: Shape) -> Params:
    size = prod(shape)
    forms = [(size,), shape[::-1], (1, *shape), (*shape, 1)]
    return {"shape": draw(st.sampled_from([*forms, ()] if size == 1 else forms))}


def _permute(draw: Draw, shape: Shape) -> Params:
    return {"axes": tuple(draw(st.permutations(range(len(shape)))))}


def _broadcast(draw: Draw, shape: Shape) -> Params:
    lead = tuple(draw(st.lists(st.integers(1, 2), max_size=1)))
    return {"shape": lead + tuple(draw(st.integers(1, 3)) if n == 1 else n for n in shape)}


def _cut(draw: Draw, shape: Shape) -> Params:
    starts, sizes, steps = [], [], []
    for n in shape:
        step = draw(st.sampled_from((1, 2, -1, -2)))
        start = draw(st.integers(0, n - 1)) if n else 0
        most = 0 if not n else (n - start + step - 1) // step if step > 0 else start // -step + 1
        starts.append(start)
        sizes.append(draw(st.integers(0, most)))
        steps.append(step)
    return {"starts": tuple(starts), "sizes": tuple(sizes), "steps": tuple(steps)}


def _embed(draw: Draw, shape: Shape) -> Params:
    wide, starts, steps = [], [], []
    for n in shape:
        step = draw(st.sampled_from((1, 2, -1)))
        before, after = draw(st.integers(0, 1)), draw(st.integers(0, 1))
        extent = (n - 1) * abs(step) + 1 if n else 0
        wide.append(before + extent + after)
        starts.append(before if step > 0 else before + max(extent - 1, 0))
        steps.append(step)
    return {"shape": tuple(wide), "starts": tuple(starts), "steps": tuple(steps)}


PARAMS: dict[str, Callable[[Draw, Shape], Params | None]] = {
    "sum": _axes,
    "any": _axes,
    "all": _axes,
    "maximum_along": _filled_axes,
    "minimum_along": _filled_axes,
    "argmax": _axis,
    "argmin": _axis,
    "cumsum": _running,
    "reshape": _reshape,
    "permute": _permute,
    "broadcast_to": _broadcast,
    "cut": _cut,
    "embed": _embed,
}
"""For primitives of one operand: its shape to parameters, or to None where there are none for it."""
