"""Expressions that name what `dualtape.mindspore` has; what MindSpore makes of them stands in `values.json`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

# Run before each expression, with `ms` the library.
SETUP = """
import numpy as np
from {library} import Tensor, ops, nn, mint, numpy as mnp, Parameter
from {library}.common import dtype as mstype
import {library} as ms
x = Tensor(np.array([[1, 5, 3], [4, 2, 6]], np.float32).astype({floats}))
v = Tensor(np.array([0.5, -1.5, 2.0], np.float32).astype({floats}))
w = Tensor(np.array([2.0, 0.25, -3.0], np.float32).astype({floats}))
u = Tensor(np.array([0.1, 0.5, 0.9], np.float32).astype({floats}))
A = Tensor(np.array([[1, 2], [3, 4]], np.float32).astype({floats}))
B = Tensor(np.arange(12).reshape(2, 2, 3).astype({floats}))
i = Tensor(np.array([2, 0, 1]))
k = Tensor(np.array([7, -5, 3], np.int32))
b = Tensor(np.array([True, False, True]))
n = Tensor(np.array([1.0, np.nan, np.inf], np.float32).astype({floats}))
p = Tensor(np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]], np.float32).astype({floats}))
c = Tensor(np.array([1, 0], np.int32))
t = Tensor(np.array([[0, 1, 0], [1, 0, 0]], np.float32).astype({floats}))
"""


def areas() -> dict[str, list[str]]:
    """The expressions of `expressions.txt` by the headings there."""
    found: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found[line.strip("[]")] = []
        else:
            current += [text for text in line.split(" | ") if text]
    return found


def evaluate(expression: str, library: str, floats: str = "np.float32") -> Any:
    """What the expression is, as JSON can hold it; ``floats`` is the type of the tensors in it."""
    return encoded(eval(expression, dict(_names(library, floats))))


@cache
def _names(library: str, floats: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(SETUP.format(library=library, floats=floats), names)
    return names


def encoded(value: Any) -> Any:
    """Tensors by element type, shape and elements; NaN and infinities as text."""
    if hasattr(value, "asnumpy"):
        array = value.asnumpy()
        elements = [number(x) for x in array.reshape(-1).tolist()]
        return {"dtype": str(value.dtype), "shape": list(array.shape), "elements": elements}
    if isinstance(value, (tuple, list)):
        return {type(value).__name__: [encoded(one) for one in value]}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return number(value)
    return str(value)


def number(x: Any) -> Any:
    """``x``, or its name if JSON has none."""
    return str(x) if isinstance(x, float) and not np.isfinite(x) else x


def load(path: Path) -> dict[str, Any]:
    """The recorded values by expression."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
