"""Values as Python code to paste, in which ``dt`` is dualtape and ``np`` is NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.dtypes import DType
from dualtape.tensor import Tensor

LARGEST = 1000
"""Arrays of more elements are described, not written out."""


def as_code(value: Any) -> str:
    """Python code for a value: Tensors, arrays and numbers, also in nested containers.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(as_code({"a": dt.Tensor([0.5, 1.0]), "n": 2}))
    {'a': dt.Tensor(np.array([0.5, 1.0], np.float32)), 'n': 2}
    """
    if isinstance(value, Tensor):
        return f"dt.Tensor({_array(value.asnumpy())})"
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, (bool, int, float, np.generic)):
        return _number(value)
    if isinstance(value, DType):
        return f"dt.{'bool_' if value.kind == 'bool' else value.name.lower()}"
    if type(value) is tuple:
        return f"({', '.join(map(as_code, value))}{',' if len(value) == 1 else ''})"
    if type(value) is list:
        return f"[{', '.join(map(as_code, value))}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{key!r}: {as_code(item)}' for key, item in value.items())}}}"
    return repr(value)


def _array(array: np.ndarray) -> str:
    # NumPy reads lists of floats, integers and bools as these types by itself.
    known = array.dtype in (np.float64, np.int64, np.bool_) and array.size
    dtype = "" if known else f", np.{array.dtype.name.replace('bool', 'bool_')}"
    if not array.size:
        return f"np.zeros({array.shape}{dtype})"
    first = array.flat[0]
    if array.size > 3 and (array == first).all():
        return f"np.full({array.shape}, {_number(first)}{dtype})"
    if array.size > LARGEST:
        return f"<{array.dtype} array of shape {array.shape}>"
    return f"np.array({_nested(array)}{dtype})"


def _nested(array: np.ndarray) -> str:
    return f"[{', '.join(map(_nested, array))}]" if array.ndim else _number(array[()])


def _number(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[str(float(value))]
        short = str(value)
        # The shortest digits of a narrow type are enough where they survive being read as a wider one first.
        return short if type(value)(float(short)) == value else repr(float(value))
    return repr(value.item() if isinstance(value, np.generic) else value)
