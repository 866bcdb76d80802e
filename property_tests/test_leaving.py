"""Whatever NumPy or Python does with a value that is differentiated, mapped or traced: it is right, or it fails.

Drawn from all functions of NumPy that take arrays, all of `math` and `cmath`, and what Python has built in.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.testing import overrides

import dualtape as dt
from dualtape import ops, pytree
from dualtape.errors import DualtapeError

Use = Callable[..., Any]

# They read files or memory that nobody has written.
UNFIT = {
    "empty", "empty_like", "frombuffer", "fromfile", "genfromtxt", "loadtxt", "save", "savetxt", "savez",
    "savez_compressed",
}  # fmt: skip
_NAMED = {f.__name__: f for f in overrides.get_overridable_numpy_array_functions() if f.__name__ not in UNFIT}
UFUNCS = {f.__name__: f for f in overrides.get_overridable_numpy_ufuncs()}
NUMPY = {f"np {name}": f for name, f in sorted({**_NAMED, **UFUNCS}.items())}
MATH = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (math, cmath)
    for name in sorted(dir(module))
    if callable(getattr(module, name)) and not name.startswith("_")
}
PYTHON: dict[str, Use] = {
    **{f.__name__: f for f in (abs, complex, divmod, pow, round, max, min, sum, sorted, list, reversed)},
    **{name: getattr(operator, name) for name in ("add", "mod", "truediv", "matmul", "floordiv", "neg", "pos", "lt")},
}
OURS: dict[str, Use] = {
    "Tensor": dt.Tensor,
    "sin": ops.sin,
    "concat": lambda *x: ops.concat([ops.reshape(y, -1) for y in x]),
    "where": lambda x, y=2.0: ops.where(x > 0.5, x, y),
    "full": lambda x, *_: ops.full((2,), x),
    "one_hot": lambda x, *_: ops.one_hot(dt.Tensor([1]), 2, x),
    "in_place": lambda x, y=1.0: np.ones(3).__imul__(x) * y,
    "index": lambda x, *_: np.arange(9.0)[x],
}
USES = {**NUMPY, **MATH, **PYTHON, **OURS}
# What says that it wants numbers gets them inside `grad`, as constants, and never inside `vmap`.
EXPLICIT: dict[str, Use] = {
    "asnumpy": lambda x, *_: x.asnumpy(),
    "item": lambda x, *_: x.item(),
    "tolist": lambda x, *_: x.tolist(),
    "float": lambda x, *_: float(x),
    "int": lambda x, *_: int(4 * x),
    "bool": lambda x, *_: bool(x > 0.5),
    "if": lambda x, *_: 1.0 if x > 0.5 else 2.0,
    "mask": lambda x, *_: x[x > 0.5],
    "masked by another": lambda x, y, *_: y[x > 0.5],
}
EVERY = {**USES, **EXPLICIT}

# How the value is given to the function: itself, one number of it, in lists, twice ...
SHAPES: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "a vector": lambda x: (x,),
    "a number": lambda x: (x[0],),
    "two vectors": lambda x: (x, x * x),
    "two numbers": lambda x: (x[0], x[1]),
    "a vector and a number": lambda x: (x, 0.7),
    "a number and a vector": lambda x: (0.7, x),
    "an array and a vector": lambda x: (np.array([0.3, 0.8, 0.6]), x),
    "three vectors": lambda x: (x, x * x, x + 1),
    "a mask, a vector and a number": lambda x: (x > 0.5, x, 0.0),
    "bounds": lambda x: (x, 0.4, 0.8),
    "a list of numbers": lambda x: ([x[0], 2 * x[1], 0.5],),
    "a list of vectors": lambda x: ([x, x * x],),
    "a list of lists": lambda x: ([[x[0], 1.0], [0.5, x[1]]],),
    "a matrix": lambda x: (ops.outer(x, x) + np.eye(3) if isinstance(x, dt.Tensor) else np.outer(x, x) + np.eye(3),),
}


def total(x: dt.Tensor, y: Any) -> dt.Tensor:
    """A number of all that was computed, whatever it is."""
    if isinstance(y, (list, tuple, map, zip)) or type(y).__name__ in ("reversed", "list_reverseiterator"):
        result = 0.0 * x[0]
        for k, item in enumerate(y):
            result = result + (k + 1) * total(x, item)
        return result
    if isinstance(y, dt.Tensor):
        return ops.sum(ops.cast(y, dt.float64) * x[1])
    if isinstance(y, (np.ndarray, np.generic, bool, int, float, complex)) and np.asarray(y).dtype.kind in "biufc":
        return float(np.sum(np.real(np.asarray(y, complex)))) * x[1]
    return 0.0 * x[0]


@dataclass
class Program:
    """A function of a vector, whose numbers are taken on the way, perhaps."""

    use: str
    given: str

    def __call__(self, x: dt.Tensor) -> dt.Tensor:
        with np.errstate(all="ignore"):
            return total(x, EVERY[self.use](*SHAPES[self.given](x)))


def by_parameter(f: Use, x: dt.Tensor) -> dt.Tensor:
    w = dt.Parameter(x, name="w")
    found: dt.Tensor = dt.grad(lambda: f(w), None, [w])()[0]
    return found


def by_closure(f: Use, x: dt.Tensor) -> dt.Tensor:
    """The value is not an argument of the inner transformation."""
    one = dt.Tensor(np.array(1.0))
    found: dt.Tensor = dt.grad(lambda x: dt.jvp(lambda z: f(x) * z, one, one)[1])(x)
    return found


def along_axes(f: Use, x: dt.Tensor) -> dt.Tensor:
    ones = np.eye(3)
    return ops.stack([dt.jvp(f, x, dt.Tensor(v))[1] for v in ones])


def of_examples(f: Use, x: dt.Tensor) -> dt.Tensor:
    found: dt.Tensor = dt.vmap(dt.grad(f))(ops.stack([x * 0.9, x]))[1]
    return found


def through_examples(f: Use, x: dt.Tensor) -> dt.Tensor:
    found: dt.Tensor = dt.grad(lambda x: dt.vmap(f)(ops.stack([x * 0.9, x]))[1])(x)
    return found


GRADIENTS: dict[str, Callable[[Use, dt.Tensor], dt.Tensor]] = {
    "grad": lambda f, x: dt.grad(f)(x),
    "jacrev": lambda f, x: dt.jacrev(f)(x),
    "jacfwd": lambda f, x: dt.jacfwd(f)(x),
    "jvp": along_axes,
    "linearize": lambda f, x: ops.stack([dt.linearize(f, x)[1](dt.Tensor(v)) for v in np.eye(3)]),
    "checkpoint": lambda f, x: dt.grad(dt.checkpoint(f))(x),
    "by a parameter": by_parameter,
    "by a closure": by_closure,
    "vmap of grad": of_examples,
    "grad of vmap": through_examples,
    "grad while tracing": lambda f, x: dt.jit(dt.grad(f), device="host")(x),
}


def differences(f: Use, x: np.ndarray) -> np.ndarray:
    """The gradient by differences of two sizes, which must agree: at a jump or a kink there is nothing to compare."""
    found = []
    for h in (1e-5, 4e-6):
        steps = [h * v for v in np.eye(3)]
        sides = [[(f(dt.Tensor(x + s * step)) - f(dt.Tensor(x))).item() / (s * h) for step in steps] for s in (1, -1)]
        found += [np.array(side) for side in sides]
    assume(all(np.isfinite(side).all() for side in found))
    middle = (found[0] + found[1]) / 2
    assume(all(np.allclose(side, middle, rtol=1e-2, atol=1e-3) for side in found))
    return middle


POINT = [0.35, 0.75, 0.55]
coordinates = st.lists(st.sampled_from([0.15, 0.35, 0.45, 0.55, 0.65, 0.75, 0.95]), min_size=3, max_size=3)


@given(
    st.builds(Program, st.sampled_from(sorted(USES)), st.sampled_from(sorted(SHAPES))),
    st.sampled_from(sorted(GRADIENTS)),
    coordinates,
)
@example(Program("np where", "a mask, a vector and a number"), "grad", POINT)
@example(Program("np clip", "bounds"), "jvp", POINT)
@example(Program("np dot", "an array and a vector"), "by a parameter", POINT)
@example(Program("np stack", "a list of vectors"), "by a closure", POINT)
@example(Program("np sum", "a vector"), "vmap of grad", POINT)
@example(Program("np multiply", "an array and a vector"), "grad of vmap", POINT)
@example(Program("math.sin", "a number"), "checkpoint", POINT)
@example(Program("math.prod", "a list of numbers"), "linearize", POINT)
@example(Program("Tensor", "a list of numbers"), "grad while tracing", POINT)
@example(Program("full", "a number"), "jacfwd", POINT)
@example(Program("one_hot", "a number"), "jacrev", POINT)
def test_a_derivative_is_right_or_refused(program: Program, gradient: str, at: list[float]) -> None:
    x = np.array(at)
    try:
        with np.errstate(all="ignore"):
            found = GRADIENTS[gradient](program, dt.Tensor(x)).asnumpy()
    except DualtapeError:
        return
    except Exception as error:
        # In words of NumPy's or Python's own: because of ours, or because it is no call on plain tensors either.
        if not isinstance(error.__cause__ or error.__context__, DualtapeError):
            try:
                program(dt.Tensor(x))
            except Exception:
                return
            raise
        return
    expected = differences(program, x)
    np.testing.assert_allclose(found, expected, rtol=2e-2, atol=2e-3 * max(1.0, float(np.abs(expected).max())))


@given(st.builds(Program, st.sampled_from(sorted(EVERY)), st.sampled_from(sorted(SHAPES))), coordinates)
@example(Program("list", "a vector"), POINT)
@example(Program("tolist", "a vector"), POINT)
@example(Program("mask", "a vector"), POINT)
@example(Program("if", "a number"), POINT)
@example(Program("np sum", "a vector"), POINT)
def test_one_example_of_many_is_itself_or_refused(program: Program, at: list[float]) -> None:
    rows = np.stack([np.array(at) * 0.9, np.array(at)])
    try:
        found = dt.vmap(program)(dt.Tensor(rows)).asnumpy()
    except Exception:
        return
    expected = [program(dt.Tensor(row)).asnumpy() for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-12, equal_nan=True)


@given(st.sampled_from(sorted({**NUMPY, **MATH})), st.sampled_from(sorted(SHAPES)), coordinates)
@example("np sum", "a vector", POINT)
def test_a_plain_tensor_is_an_array_to_numpy(use: str, given: str, at: list[float]) -> None:
    """What NumPy gives for arrays, it gives for tensors, or the engine's own function of the name."""
    x = np.array(at)
    with np.errstate(all="ignore"):
        try:
            expected = USES[use](*SHAPES[given](x))
        except Exception:
            return
        try:
            found = USES[use](*SHAPES[given](dt.Tensor(x)))
        except DualtapeError:
            return
        except (TypeError, ValueError) as error:
            # A tensor cannot be written to, and a number is an array of no axes.
            if not any(word in str(error) for word in ("read-only", "scalar", "dtype", "__trunc__")):
                raise
            return
    for a, b in zip(pytree.leaves(found), pytree.leaves(expected), strict=True):
        if np.asarray(b).dtype.kind in "biufc" and np.size(b):
            np.testing.assert_allclose(np.asarray(a), b, rtol=1e-12, atol=1e-14, equal_nan=True)
