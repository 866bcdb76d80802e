"""How a call of a primitive is written with the public operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualtape.core.primitive import Primitive
from dualtape.functions import elementwise
from dualtape.testing.code import as_code


def render_call(primitive: Primitive, operands: Sequence[str], params: dict[str, Any]) -> str:
    """The call as Python text; a primitive that the public operations do not show is called by its name."""
    form = primitive.written
    if callable(form):
        form = form(*operands, **params)
    # To the public operations, no axes at all may mean all of them.
    if form is not None and params.get("axes") != ():
        return form.format(*operands, **{key: as_code(value) for key, value in params.items()})
    arguments = ", ".join([*operands, *(f"{key}={as_code(value)}" for key, value in params.items())])
    if form is None and hasattr(elementwise, primitive.name):
        return f"ops.{primitive.name}({arguments})"
    return f"{as_code(primitive)}({arguments})"
