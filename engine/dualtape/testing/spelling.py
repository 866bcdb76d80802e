"""How a call of a primitive is written with the public operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.core.primitive import Primitive
from dualtape.functions import elementwise
from dualtape.testing.code import as_code

# Infix, or under another name than the primitive's.
_FORMS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "matmul": "{0} @ {1}",
    "power": "ops.pow({0}, {1})",
    "absolute": "ops.abs({0})",
    "sum": "ops.sum({0}, {axes}, keepdims=True)",
    "maximum_along": "ops.amax({0}, {axes}, keepdims=True)",
    "minimum_along": "ops.amin({0}, {axes}, keepdims=True)",
    "argmax": "ops.argmax({0}, {axis}, keepdims=True)",
    "argmin": "ops.argmin({0}, {axis}, keepdims=True)",
    "reshape": "ops.reshape({0}, {shape})",
    "permute": "ops.permute({0}, {axes})",
    "broadcast_to": "ops.broadcast_to({0}, {shape})",
    "take": "ops.take({0}, {1}, {axis})",
    "cast": "{0}.astype({dtype})",
}


def spelled(primitive: Primitive, operands: Sequence[str], params: dict[str, Any]) -> str:
    """The call as Python text; a primitive that the public operations do not show is called by its name."""
    special = _SPECIAL.get(primitive.name)
    text = special(operands, **params) if special else None
    if text is not None:
        return text
    form = _FORMS.get(primitive.name)
    # To the public operations, no axes at all may mean all of them.
    if form is not None and params.get("axes") != ():
        return form.format(*operands, **{key: as_code(value) for key, value in params.items()})
    arguments = ", ".join([*operands, *(f"{key}={as_code(value)}" for key, value in params.items())])
    if hasattr(elementwise, primitive.name) or primitive.name == "stop_gradient":
        return f"ops.{primitive.name}({arguments})"
    return f"CATALOGUE[{primitive.name!r}]({arguments})"


def _concatenated(operands: Sequence[str], axis: int) -> str | None:
    return f"ops.cat(({', '.join(operands)}), {axis})" if len(operands) > 1 else None


def _summed_up(operands: Sequence[str], axis: int, reverse: bool) -> str | None:
    return None if reverse else f"ops.cumsum({operands[0]}, {axis})"


def _sliced(operands: Sequence[str], starts: Any, sizes: Any, steps: Any) -> str | None:
    def text(start: int, size: int, step: int) -> str:
        stop = start + size * step
        return f"{start}:{stop if stop >= 0 else ''}:{step}" if size else "0:0"

    if not starts:
        return None
    return f"{operands[0]}[{', '.join(map(text, starts, sizes, steps))}]"


_SPECIAL: dict[str, Callable[..., str | None]] = {
    "concatenate": _concatenated,
    "cumsum": _summed_up,
    "cut": _sliced,
}
