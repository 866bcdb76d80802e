"""Shapes, parts and orders of tensors, under MindSpore's names and argument names."""

from __future__ import annotations

from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.ops.tables import named


def flatten(input: Any, order: str = "C", *, start_dim: int = 1, end_dim: int = -1) -> Any:
    """The axes from ``start_dim`` to ``end_dim`` as one: all but the first, by default."""
    if order not in ("C", "F"):
        raise ArgumentError(f"`order` of `flatten` must be 'C' or 'F', got {order!r}")
    x = o.transpose(input) if order == "F" and input.ndim else input
    if x.ndim < 2:
        return o.reshape(x, (-1,))
    first, last = start_dim % x.ndim, end_dim % x.ndim
    return o.reshape(x, (*x.shape[:first], -1, *x.shape[last + 1 :]))


def linspace(start: Any, end: Any, steps: Any) -> Any:
    """So many numbers, evenly from ``start`` to ``end``."""
    numbers: list[Any] = [x.item() if isinstance(x, dt.Tensor) else x for x in (start, end, steps)]
    return o.linspace(*numbers)


def scalar_to_tensor(input_x: Any, dtype: Any = None) -> Any:
    """A tensor of no axes: a number of Python's is a Float32, unless told otherwise."""
    return dt.Tensor(input_x, dt.float32 if dtype is None else dtype)


def tuple_to_array(input_x: Any) -> Any:
    """A tensor of a tuple of numbers."""
    found = dt.Tensor(input_x)
    return o.cast(found, dt.float32 if found.dtype.is_float else dt.int32)


def expand(input: Any, *size: Any) -> Any:
    """Repeated along axes of size 1; -1 keeps an axis."""
    sizes = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    own = (1,) * (len(sizes) - input.ndim) + input.shape
    return o.broadcast_to(input, tuple(n if wanted == -1 else wanted for n, wanted in zip(own, sizes, strict=True)))


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes at other places, the others in their order."""
    sources = [i % x.ndim for i in ([source] if isinstance(source, int) else source)]
    targets = [i % x.ndim for i in ([destination] if isinstance(destination, int) else destination)]
    order = [i for i in range(x.ndim) if i not in sources]
    for target, i in sorted(zip(targets, sources, strict=True)):
        order.insert(target, i)
    return o.transpose(x, tuple(order))


def chunk(input: Any, chunks: int, axis: int = 0) -> Any:
    """At most ``chunks`` parts along an axis, all of one size but the last."""
    return o.split(input, -(-input.shape[axis] // chunks), axis)


def tensor_split(input: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis: so many of nearly one size, or those that indices cut."""
    n = input.shape[axis]
    if isinstance(indices_or_sections, int):
        size, more = divmod(n, indices_or_sections)
        ends = np.cumsum([size + (i < more) for i in range(indices_or_sections)]).tolist()
    else:
        ends = [*(slice(0, i).indices(n)[1] for i in indices_or_sections), n]
    starts = [0, *ends[:-1]]
    return tuple(narrow(input, axis, start, max(0, end - start)) for start, end in zip(starts, ends, strict=True))


def narrow(input: Any, axis: int, start: int, length: int) -> Any:
    """``length`` slices of an axis, from ``start``."""
    at = axis % input.ndim
    return input[(slice(None),) * at + (slice(start, start + length),)]


def unstack(input_x: Any, axis: int = 0) -> Any:
    """The slices of an axis, as a tuple."""
    at = axis % input_x.ndim
    return tuple(input_x[(slice(None),) * at + (i,)] for i in range(input_x.shape[at]))


def _at_least(x: Any, ndim: int) -> Any:
    if isinstance(x, (tuple, list)):
        return tuple(_at_least(one, ndim) for one in x)
    missing = ndim - x.ndim
    if missing <= 0:
        return x
    # Of three axes, one axis is the second, and two are the first two.
    shape = {(1, 3): (1, *x.shape, 1), (2, 3): (*x.shape, 1)}.get((x.ndim, ndim), (1,) * missing + x.shape)
    return o.reshape(x, shape)


def rot90(input: Any, k: int, dims: Any) -> Any:
    """Turned by ``k`` right angles in the plane of two axes."""
    a, b = dims
    k %= 4
    if k == 0:
        return input
    if k == 2:
        return o.flip(input, (a, b))
    return o.flip(o.swapaxes(input, a, b), (a,)) if k == 1 else o.swapaxes(o.flip(input, (a,)), a, b)


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of the matrices of two axes, as the last axis."""
    x = moveaxis(input, (dim1, dim2), (-2, -1))
    rows = np.arange(max(0, -offset), max(0, min(x.shape[-2], x.shape[-1] - offset)))
    return x[..., rows, rows + offset]


def strided_slice(input_x: Any, begin: Any, end: Any, strides: Any) -> Any:
    """``input_x[begin:end:strides]``, axis by axis."""
    return input_x[tuple(slice(*of_axis) for of_axis in zip(begin, end, strides, strict=True))]


def slice_of(input_x: Any, begin: Any, size: Any) -> Any:
    """The part of ``size`` from ``begin``; a size of -1 is the rest."""
    return input_x[tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin, size, strict=True))]


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along an axis, ``n`` times."""
    ends = [one for one in (prepend, x, append) if one is not None]
    x = o.cat(ends, axis) if len(ends) > 1 else x
    for _ in range(n):
        size = x.shape[axis]
        x = narrow(x, axis, 1, size - 1) - narrow(x, axis, 0, size - 1)
    return x


def pad(x: Any, padding: Any, mode: str = "constant", value: Any = None) -> Any:
    """More elements at the ends of axes, the last axis first."""
    if mode != "constant":
        raise ArgumentError(f"`mode` of `pad` must be 'constant', got {mode!r}")
    return o.pad(x, padding, value=0.0 if value is None else value)


def block_diag(*inputs: Any) -> Any:
    """The matrix with the given ones on its diagonal."""
    blocks = [_at_least(one, 2) for one in inputs]
    width = sum(block.shape[1] for block in blocks)
    rows, left = [], 0
    for block in blocks:
        right = width - left - block.shape[1]
        rows.append(o.pad(block, (left, right)))
        left += block.shape[1]
    return o.cat(rows, 0)


def _columns(tensors: Any) -> Any:
    return o.cat([o.reshape(x, (-1, 1)) if x.ndim < 2 else x for x in tensors], 1)


def squeeze(input: Any, axis: Any = None) -> Any:
    """Without axes of size 1, all or some; an axis of another size stays."""
    if axis is None:
        return o.squeeze(input)
    asked = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    removed = tuple(i for i in asked if not -input.ndim <= i < input.ndim or input.shape[i] == 1)
    return o.squeeze(input, removed) if removed else input


def one_hot(indices: Any, depth: int, on_value: Any = 1, off_value: Any = 0, axis: int = -1) -> Any:
    """``on_value`` where the index is, else ``off_value``; Int64 for two integers."""
    found = o.one_hot(indices, depth, on_value, off_value, axis)
    return o.cast(found, dt.int64) if isinstance(on_value, int) and isinstance(off_value, int) else found


FUNCTIONS = named({
    "adjoint": lambda x: o.conj(o.swapaxes(x, -1, -2)),
    "atleast_1d": lambda inputs: _at_least(inputs, 1),
    "atleast_2d": lambda inputs: _at_least(inputs, 2),
    "atleast_3d": lambda inputs: _at_least(inputs, 3),
    "column_stack": lambda tensors: _columns(tensors),
    "hstack": lambda tensors: o.cat(_at_least(tuple(tensors), 1), 0 if tensors[0].ndim < 2 else 1),
    "vstack": lambda inputs: o.cat(_at_least(tuple(inputs), 2), 0),
    "row_stack": lambda tensors: o.cat(_at_least(tuple(tensors), 2), 0),
    "dstack": lambda tensors: o.cat(_at_least(tuple(tensors), 3), 2),
    "hsplit": lambda input, indices_or_sections:
        tensor_split(input, indices_or_sections, 1 if input.ndim > 1 else 0),
    "vsplit": lambda input, indices_or_sections: tensor_split(input, indices_or_sections, 0),
    "dsplit": lambda input, indices_or_sections: tensor_split(input, indices_or_sections, 2),
    "diagflat": lambda input, offset=0: _diagonal_matrix(o.reshape(input, (-1,)), offset),
    "expand_as": lambda input, other: o.broadcast_to(input, other.shape),
    "fliplr": lambda input: o.flip(input, (1,)),
    "flipud": lambda input: o.flip(input, (0,)),
    "matrix_band_part": lambda x, lower, upper:
        _band(x, lower if lower >= 0 else x.shape[-2], upper if upper >= 0 else x.shape[-1]),
    "ravel": lambda input: o.reshape(input, (-1,)),
    "rank": lambda input_x: input_x.ndim,
    "repeat_elements": lambda x, rep, axis=0: o.repeat_interleave(x, rep, axis),
    "reverse": lambda x, axis: o.flip(x, tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)),
    "diag": lambda input: o.reshape(_diagonal_matrix(o.reshape(input, (-1,)), 0), input.shape * 2),
    "shape": lambda input_x: input_x.shape, "dtype": lambda input_x: input_x.dtype,
    "size": lambda input_x: input_x.size,
    "swapdims": lambda input, dim0, dim1: o.swapaxes(input, dim0, dim1),
    "t": lambda input: o.transpose(input),
    "type_as": lambda input, other: o.cast(input, other.dtype),
    "view_as": lambda input, other: o.reshape(input, other.shape),
    "unbind": lambda input, dim=0: unstack(input, dim),
})  # fmt: skip


def _diagonal_matrix(x: Any, offset: int) -> Any:
    n, k = x.size, abs(offset)
    square = o.diag(x)
    return (
        o.pad(square, (max(offset, 0), k - max(offset, 0), max(-offset, 0), k - max(-offset, 0))) if k and n else square
    )


def _band(x: Any, lower: int, upper: int) -> Any:
    rows, columns = np.indices(x.shape[-2:])
    inside = (rows - columns <= lower) & (columns - rows <= upper)
    return o.where(dt.Tensor(inside), x, 0)


FUNCTIONS |= {
    "flatten": flatten, "expand": expand, "moveaxis": moveaxis, "movedim": moveaxis, "chunk": chunk, "narrow": narrow,
    "tensor_split": tensor_split, "unstack": unstack, "rot90": rot90, "diagonal": diagonal, "diff": diff,
    "strided_slice": strided_slice, "slice": slice_of, "block_diag": block_diag, "pad": pad,
}  # fmt: skip
FUNCTIONS |= {
    "squeeze": squeeze, "one_hot": one_hot, "linspace": linspace, "scalar_to_tensor": scalar_to_tensor,
    "tuple_to_array": tuple_to_array,
}  # fmt: skip
