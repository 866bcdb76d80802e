"""Reshaping, permuting, repeating, cutting and joining: linear maps that only move elements."""

from math import prod
from typing import Any

import numpy as np

from dualtape.core.example import Choose, Example, Reals, one_of
from dualtape.core.lowering import Kernel, Movement, Placement, Reinterpretation, View, contiguous_strides
from dualtape.core.primitive import Linear
from dualtape.core.spec import Shape, Spec
from dualtape.errors import ShapeError

Ints = tuple[int, ...]


def _infer_reshape(x: Spec, *, shape: Shape) -> Spec:
    if int(np.prod(x.shape, dtype=object)) != int(np.prod(shape, dtype=object)):
        raise ShapeError(f"`reshape` cannot turn shape {x.shape} into {shape}: the numbers of elements differ")
    return Spec(shape, x.dtype)


def _reshape_for(choose: Choose, shape: Shape) -> Example:
    size = prod(shape)
    forms = [(size,), shape[::-1], (1, *shape), (*shape, 1)]
    return Example((Reals(shape),), {"shape": one_of(choose, [*forms, ()] if size == 1 else forms)})


reshape: Linear = Linear(
    name="reshape",
    numpy=lambda x, shape: x.reshape(shape),
    lowering=Reinterpretation(),
    infer=_infer_reshape,
    batch=lambda size, x, shape: reshape(x, shape=(size, *shape)),
    transposes=(lambda ct, x, shape: reshape(ct, shape=x.shape),),
    examples=(Example((Reals((2, 3)),), {"shape": (3, 2, 1)}), Example((Reals(()),), {"shape": (1, 1)})),
    written="ops.reshape({0}, {shape})",
    example_for=_reshape_for,
)


def _permuted(shape: Shape, axes: Ints) -> View:
    strides = contiguous_strides(shape)
    return View(0, tuple(shape[i] for i in axes), tuple(strides[i] for i in axes))


def _permute_for(choose: Choose, shape: Shape) -> Example:
    left = list(range(len(shape)))
    return Example((Reals(shape),), {"axes": tuple(left.pop(choose(0, len(left) - 1)) for _ in shape)})


permute: Linear = Linear(
    name="permute",
    numpy=lambda x, axes: x.transpose(axes),
    lowering=Movement(_permuted),
    infer=lambda x, axes: Spec(tuple(x.shape[i] for i in axes), x.dtype),
    batch=lambda size, x, axes: permute(x, axes=(0, *(axis + 1 for axis in axes))),
    transposes=(lambda ct, x, axes: permute(ct, axes=tuple(int(i) for i in np.argsort(axes))),),
    examples=(Example((Reals((2, 3, 4)),), {"axes": (2, 0, 1)}), Example((Reals((2, 3)),), {"axes": (1, 0)})),
    written="ops.permute({0}, {axes})",
    example_for=_permute_for,
)


def _cut(shape: Shape, starts: Ints, sizes: Ints, steps: Ints) -> View:
    strides = contiguous_strides(shape)
    offset = sum(start * stride for start, stride in zip(starts, strides, strict=True))
    return View(offset, sizes, tuple(step * stride for step, stride in zip(steps, strides, strict=True)))


def _slices(starts: Ints, sizes: Ints, steps: Ints) -> tuple[slice, ...]:
    slices = []
    for start, size, step in zip(starts, sizes, steps, strict=True):
        stop = start + size * step
        slices.append(slice(start, stop if stop >= 0 else None, step) if size else slice(0, 0))
    return tuple(slices)


def _written_cut(x: str, starts: Ints, sizes: Ints, steps: Ints) -> str | None:
    def text(start: int, size: int, step: int) -> str:
        stop = start + size * step
        return f"{start}:{stop if stop >= 0 else ''}:{step}" if size else "0:0"

    return f"{x}[{', '.join(map(text, starts, sizes, steps))}]" if starts else None


def _cut_for(choose: Choose, shape: Shape) -> Example:
    steps = tuple(one_of(choose, (1, 2, -1, -2)) for _ in shape)
    starts = tuple(choose(0, size - 1) if size else 0 for size in shape)
    ways = [(size - start if step > 0 else start + 1) for size, start, step in zip(shape, starts, steps, strict=True)]
    sizes = tuple(choose(0, -(-way // abs(step)) if n else 0) for n, way, step in zip(shape, ways, steps, strict=True))
    return Example((Reals(shape),), {"starts": starts, "sizes": sizes, "steps": steps})


# Along axis i: elements start, start + step, ... of the input, `size` of them; steps may be negative.
cut: Linear = Linear(
    name="cut",
    numpy=lambda x, starts, sizes, steps: x[_slices(starts, sizes, steps)],
    lowering=Movement(_cut),
    infer=lambda x, starts, sizes, steps: Spec(sizes, x.dtype),
    batch=lambda size, x, starts, sizes, steps: cut(x, starts=(0, *starts), sizes=(size, *sizes), steps=(1, *steps)),
    transposes=(lambda ct, x, starts, sizes, steps: embed(ct, shape=x.shape, starts=starts, steps=steps),),
    examples=(
        Example((Reals((4, 5)),), {"starts": (1, 4), "sizes": (2, 3), "steps": (2, -2)}),
        Example((Reals((4,)),), {"starts": (3,), "sizes": (4,), "steps": (-1,)}),
        Example((Reals((5,)),), {"starts": (4,), "sizes": (2,), "steps": (-2,)}),
        Example((Reals((4,)),), {"starts": (-1,), "sizes": (0,), "steps": (-1,)}),
    ),
    written=_written_cut,
    example_for=_cut_for,
)


def _embed(x: np.ndarray, shape: Shape, starts: Ints, steps: Ints) -> np.ndarray:
    result = np.zeros(shape, x.dtype)
    result[_slices(starts, x.shape, steps)] = x
    return result


def _embed_for(choose: Choose, shape: Shape) -> Example:
    wide, starts, steps = [], [], []
    for size in shape:
        step, before = one_of(choose, (1, 2, -1)), choose(0, 1)
        extent = (size - 1) * abs(step) + 1 if size else 0
        wide.append(before + extent + choose(0, 1))
        starts.append(before if step > 0 else before + max(extent - 1, 0))
        steps.append(step)
    return Example((Reals(shape),), {"shape": tuple(wide), "starts": tuple(starts), "steps": tuple(steps)})


# The transpose of `cut`: the input's elements in a tensor of zeros.
embed: Linear = Linear(
    name="embed",
    numpy=_embed,
    lowering=Placement(lambda x, shape, starts, steps: _cut(shape, starts, x, steps)),
    infer=lambda x, shape, starts, steps: Spec(shape, x.dtype),
    batch=lambda size, x, shape, starts, steps: embed(x, shape=(size, *shape), starts=(0, *starts), steps=(1, *steps)),
    transposes=(lambda ct, x, shape, starts, steps: cut(ct, starts=starts, sizes=x.shape, steps=steps),),
    examples=(
        Example((Reals((2, 3)),), {"shape": (4, 5), "starts": (1, 4), "steps": (2, -2)}),
        Example((Reals((2,)),), {"shape": (5,), "starts": (0,), "steps": (3,)}),
    ),
    example_for=_embed_for,
)


def _infer_concatenate(*inputs: Spec, axis: int) -> Spec:
    first = inputs[0]
    for other in inputs[1:]:
        if len(other.shape) != len(first.shape) or any(
            a != b for i, (a, b) in enumerate(zip(first.shape, other.shape, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"`concatenate` got shapes {first.shape} and {other.shape}; "
                f"expected equal sizes on all axes but axis {axis}"
            )
    total = sum(spec.shape[axis] for spec in inputs)
    return Spec((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


def _transpose_concatenate(ct: Any, i: int, *inputs: Any, axis: int) -> Any:
    rank = len(ct.shape)
    start = sum(x.shape[axis] for x in inputs[:i])
    starts = tuple(start if j == axis else 0 for j in range(rank))
    return cut(ct, starts=starts, sizes=inputs[i].shape, steps=(1,) * rank)


def _concatenate_for(choose: Choose, shape: Shape) -> Example | None:
    return Example((Reals(shape),) * choose(1, 2), {"axis": choose(0, len(shape) - 1)}) if shape else None


concatenate: Linear = Linear(
    name="concatenate",
    numpy=lambda *inputs, axis: np.concatenate(inputs, axis=axis),
    lowering=Kernel("concatenate", computes=False),
    infer=_infer_concatenate,
    batch=lambda size, *inputs, axis: concatenate(*inputs, axis=axis + 1),
    transposes=None,
    transpose_each=_transpose_concatenate,
    examples=(
        Example((Reals((2, 3)), Reals((1, 3))), {"axis": 0}),
        Example((Reals((2, 1)), Reals((2, 2)), Reals((2, 3))), {"axis": 1}),
    ),
    written=lambda *inputs, axis: f"ops.cat(({', '.join(inputs)}), {axis})" if len(inputs) > 1 else None,
    example_for=_concatenate_for,
)
