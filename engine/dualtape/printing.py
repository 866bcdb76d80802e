"""The text of ``repr(tensor)`` and ``repr(parameter)``: MindSpore's, to the last space.

It is not NumPy's text and obeys no print options. Inside tuples, lists and dicts Python shows every
tensor by this ``repr``; ``print(tensor)`` shows ``str(array)``, which NumPy writes.

How an array is laid out:

- 0-D: the bare number, six significant digits.
- 1-D: on the line of ``value=``; a new line after every 12 floats or bools and every 24 integers or
  complex numbers, also after the last element. Above 1000 elements only the first and last three
  are shown.
- 2-D and more: rows below ``value=``; an axis longer than 6 shows its first and last three entries.
- Empty: nothing at all between ``value=`` and the closing parenthesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_EDGE = 3  # entries kept on each side of an ellipsis
_LONGEST_VECTOR = 1000
_LONGEST_AXIS = 2 * _EDGE


def tensor_repr(array: np.ndarray[Any, Any], dtype_name: str) -> str:
    """Return the text of ``repr(Tensor)``.

    Parameters
    ----------
    array
        The tensor's values: bool, integers, floats or complex numbers.
    dtype_name
        The name of the dtype as users see it, e.g. ``"Float32"``.

    Examples
    --------
    >>> tensor_repr(np.array([21.536], np.float32), "Float32")
    'Tensor(shape=[1], dtype=Float32, value= [ 2.15359993e+01])'
    """
    separator = "\n" if array.ndim > 1 else " "
    values = _values(array)
    return f"Tensor(shape={list(array.shape)}, dtype={dtype_name}, value={separator}{values})"


def parameter_repr(name: str, shape: Sequence[int], dtype_name: str, requires_grad: bool) -> str:
    """Return the text of both ``str`` and ``repr`` of a Parameter, which shows no values.

    Examples
    --------
    >>> parameter_repr("w", (1, 2), "Float32", True)
    'Parameter (name=w, shape=(1, 2), dtype=Float32, requires_grad=True)'
    """
    return f"Parameter (name={name}, shape={tuple(shape)}, dtype={dtype_name}, requires_grad={requires_grad})"


def _values(array: np.ndarray[Any, Any]) -> str:
    """Lay out all values that are to be seen."""
    if array.size == 0:
        return ""
    if array.ndim == 0:
        return _element_text(array.item())
    longest = _LONGEST_VECTOR if array.ndim == 1 else _LONGEST_AXIS
    shortened = [length > longest for length in array.shape]
    # Only what is shown is ever touched: a tensor of any size prints in the same time.
    edges = [*range(_EDGE), *range(-_EDGE, 0)]
    shown = [
        edges if is_shortened else range(length) for length, is_shortened in zip(array.shape, shortened, strict=True)
    ]
    visible = array[np.ix_(*shown)]
    texts = np.array(_aligned(visible), dtype=object).reshape(visible.shape)
    if array.ndim == 1 and not shortened[0]:
        return f"[{_wrapped(texts, 12 if array.dtype.kind in 'bf' else 24)}]"
    return _block(texts, shortened, indent=1)


def _block(texts: np.ndarray[Any, Any], shortened: list[bool], indent: int) -> str:
    """Lay out an array of element texts; ``shortened`` tells which of its axes were cut."""
    if texts.ndim == 1:
        return f"[{_row(texts, shortened[0])}]"
    new_line = "\n" + " " * indent
    parts = [_block(part, shortened[1:], indent + 1) for part in texts]
    if shortened[0]:
        # No comma after the ellipsis: it opens the first part of the tail, on a line of its own.
        parts[_EDGE] = f"...{new_line}{parts[_EDGE]}"
    return f"[{(',' + new_line).join(parts)}]"


def _row(texts: np.ndarray[Any, Any], is_shortened: bool) -> str:
    """Join one row; when it was cut, an ellipsis stands between its two edges, without commas."""
    if is_shortened:
        return f"{', '.join(texts[:_EDGE])} ... {', '.join(texts[-_EDGE:])}"
    return ", ".join(texts)


def _wrapped(texts: np.ndarray[Any, Any], per_line: int) -> str:
    """Join a vector, breaking the line after every ``per_line`` elements, the last one included."""
    lines = [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]
    ends_on_a_break = len(texts) % per_line == 0
    return ", \n ".join(lines) + ("\n " if ends_on_a_break else "")


def _aligned(array: np.ndarray[Any, Any]) -> list[str]:
    """Return the text of every element in C order, right-aligned as its dtype demands."""
    values = array.ravel().tolist()
    if array.dtype.kind == "f":
        digits, width = (4, 11) if array.dtype.itemsize == 2 else (8, 15)
        return [_float_text(value, f".{digits}e").rjust(width) for value in values]
    texts = [_element_text(value) for value in values]
    if array.dtype.kind == "b":
        return [text.rjust(len("False")) for text in texts]
    if array.dtype.kind == "c":
        return texts
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]


def _element_text(value: bool | int | float | complex) -> str:
    """Return a number as C++ streams write it: six significant digits, no trailing zeros."""
    if isinstance(value, complex):
        sign = "" if np.signbit(value.imag) else "+"
        return f"{_float_text(value.real, 'g')}{sign}{_float_text(value.imag, 'g')}j"
    if isinstance(value, float):
        return _float_text(value, "g")
    return str(value)


def _float_text(value: float, form: str) -> str:
    """Format a float; unlike Python's own, the text keeps the sign of a NaN."""
    if np.isnan(value):
        return "-nan" if np.signbit(value) else "nan"
    return format(value, form)
