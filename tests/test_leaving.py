"""Numbers leave the library where somebody asks for them in so many words, and nowhere else."""

from __future__ import annotations

import array
import cmath
import copy
import math
import pickle
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import dualtape as dt
from dualtape import ops
from dualtape.errors import ConversionError, TracingError

Function = Callable[[dt.Tensor], Any]
ONE = dt.Tensor(np.array(1.0))
TWO = dt.Tensor(np.array(2.0))
BOTH = dt.Tensor(np.array([1.0, 2.0]))
ROWS = dt.Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]))


def on_a_field(f: Function) -> Function:
    """``f`` at each of two points, as a field: its own input is a scalar."""
    return lambda points: ops.stack([ops.stack([f(points[i, 0]) for i in range(2)]), points[:, 1]], -1)


# What differentiates, with the words that its error must have; the function is called with a value of one number.
DIFFERENTIATING: dict[str, tuple[Callable[[Function], Any], str]] = {
    "grad": (lambda f: dt.grad(f)(TWO), "`grad`"),
    "vjp": (lambda f: dt.vjp(f, TWO), "`vjp`"),
    "jacrev": (lambda f: dt.jacrev(f)(TWO), "`jacrev`"),
    "jacfwd": (lambda f: dt.jacfwd(f)(TWO), "`jacfwd`"),
    "hessian": (lambda f: dt.hessian(f)(TWO), "`grad`"),
    "jvp": (lambda f: dt.jvp(f, TWO, ONE), "`jvp`"),
    "jet": (lambda f: dt.ops.jet(f, TWO, BOTH), "`jet`"),
    "partials": (lambda f: dt.partials(on_a_field(f), [(0, 0), (1, 0)])(ROWS), "`partials`"),
    "laplacian": (lambda f: dt.laplacian(on_a_field(f))(ROWS), "`laplacian`"),
    "linearize": (lambda f: dt.linearize(f, TWO), "`linearize`"),
    "checkpoint": (lambda f: dt.grad(dt.checkpoint(f))(TWO), "`checkpoint`"),
    "grad of grad": (lambda f: dt.grad(dt.grad(f))(TWO), "`grad`"),
}
MAPPING: dict[str, Callable[[Function], Any]] = {
    "vmap": lambda f: dt.vmap(f)(BOTH),
    "vmap of one": lambda f: dt.vmap(f)(BOTH[:1]),
    "vmap of grad": lambda f: dt.vmap(dt.grad(f))(BOTH),
    "grad of vmap": lambda f: dt.grad(lambda x: dt.vmap(f)(x).sum())(BOTH),
    "jvp of vmap": lambda f: dt.jvp(dt.vmap(f), BOTH, BOTH),
    "vmap of vmap": lambda f: dt.vmap(dt.vmap(f))(ROWS),
    "vmap of jvp": lambda f: dt.vmap(lambda x: dt.jvp(f, x, x)[1])(BOTH),
}
TRACING: dict[str, Callable[[Function], Any]] = {
    "jit": lambda f: dt.jit(f)(TWO),
    "jit of grad": lambda f: dt.jit(dt.grad(f))(TWO),
    "jit of vmap": lambda f: dt.jit(dt.vmap(f))(BOTH),
}

# In each the number is taken by somebody who did not say so.
IMPLICIT: dict[str, Function] = {
    "math.sin": math.sin,
    "math.sin called": lambda x: x * math.sin(x),
    "math.pow": lambda x: x * math.pow(x, 2),
    "math.hypot": lambda x: x * math.hypot(3.0, x),
    "math.fsum": lambda x: x * math.fsum([1.0, x]),
    "math.isclose": lambda x: x * math.isclose(x, 1.0),
    "math.floor": lambda x: x * math.floor(x),
    "cmath.exp": lambda x: x * abs(cmath.exp(x)),
    "complex": lambda x: x * complex(x).real,
    "float by map": lambda x: x * next(map(float, [x])),
    "float by another name": lambda x: x * (lambda number: number(x))(float),
    "max by key": lambda x: x * float(max([x], key=float) is x),
    "array": lambda x: x * array.array("d", [x])[0],
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "deepcopy": copy.deepcopy,
    "np.asarray": lambda x: x * np.asarray(x),
    "np.array of a list": lambda x: x * np.array([x, 2 * x]).sum(),
    "np.float64": lambda x: x * np.float64(x),
    "np.nanmedian": lambda x: x * np.nanmedian(x),
    "np.heaviside": lambda x: x * np.heaviside(x, 1.0),
    "np.vdot": lambda x: x * np.vdot(x, x),
    "np.vstack": lambda x: x * np.vstack([x, x]).sum(),
    "np.ptp": lambda x: x * (np.ptp(x.reshape(1)) + 1.0),
    "np.average": lambda x: x * np.average(x.reshape(1)),
    "np.linspace": lambda x: x * np.linspace(0, x)[-1],
    "np.full": lambda x: x * np.full((2,), x).sum(),
    "np.logaddexp": lambda x: x * np.logaddexp(x, 1.0),
    "np.add.reduce": lambda x: x * np.add.reduce(x.reshape(1)),
    "np.sin with out": lambda x: x * np.sin(x, out=np.zeros(())),
    "in place": lambda x: x * np.zeros(()).__iadd__(x),
    "into an array": lambda x: x * _set(np.zeros(2), x),
    "an array's method": lambda x: x * np.array([0.5]).clip(0.0, x)[0],
    "np.random": lambda x: x * np.random.default_rng(0).normal(x),
    "np.from_dlpack": lambda x: x * np.from_dlpack(x),
    "scipy.special.erf": lambda x: x * scipy.special.erf(x),
    "scipy.special.j0": lambda x: x * scipy.special.j0(x),
}


# What NumPy and the library both have, by NumPy's name and by ours.
SHARED: dict[str, tuple[Function, Function]] = {
    "where": (lambda x: x * np.where(x > 0, x, 0.0), lambda x: x * ops.where(x > 0, x, 0.0)),
    "clip": (lambda x: x * np.clip(x, 0.0, 10.0), lambda x: x * ops.clip(x, 0.0, 10.0)),
    "dot": (lambda x: x * np.dot(x, x), lambda x: x * (x * x)),
    "stack": (lambda x: x * np.stack([x, x]).sum(), lambda x: x * ops.stack([x, x]).sum()),
    "sum": (lambda x: x * np.sum(x), lambda x: x * ops.sum(x)),
    "mean": (lambda x: x * np.mean(x), lambda x: x * ops.mean(x)),
    "hypot": (lambda x: x * np.hypot(x, 1.0), lambda x: x * ops.hypot(x, 1.0)),
}


def _set(numbers: np.ndarray, x: dt.Tensor) -> float:
    numbers[0] = x
    return float(numbers[0])


EXPLICIT: dict[str, Function] = {
    "asnumpy": lambda x: x * x.asnumpy(),
    "numpy": lambda x: x * x.numpy(),
    "item": lambda x: x * x.item(),
    "tolist": lambda x: x * x.tolist(),
    "float": lambda x: x * float(x),
    "float of a call": lambda x: x * float(ops.abs(x * 1.0) + 0.0),
    "int": lambda x: x * int(x),
    "bool": lambda x: x * bool(x),
    "if": lambda x: x * (2.0 if x > 0 else 3.0),
    "and": lambda x: (x > 0 and x) * 2.0,
    "max": lambda x: max(x, 0.0 * x) * 2.0,
    "a mask": lambda x: x * ops.stack([x, x])[ops.stack([x, -x]) > 0].sum(),
}


def refused(run: Callable[[], Any]) -> str:
    """The engine's words; where an array's element is set, NumPy has words of its own, and these as the reason."""
    with pytest.raises((ConversionError, TracingError, ValueError)) as caught:
        run()
    errors = [caught.value, caught.value.__cause__]
    return next(str(error) for error in errors if isinstance(error, (ConversionError, TracingError)))


@pytest.mark.parametrize("around", DIFFERENTIATING)
@pytest.mark.parametrize("taken", IMPLICIT)
def test_no_number_is_taken_from_a_derivative_without_being_asked_for(around: str, taken: str) -> None:
    run, words = DIFFERENTIATING[around]
    error = refused(lambda: run(IMPLICIT[taken]))
    assert words in error
    assert "ops" in error
    assert "stop_gradient(x).asnumpy()" in error


@pytest.mark.parametrize("around", [*DIFFERENTIATING, *MAPPING, *TRACING])
@pytest.mark.parametrize("name", SHARED)
def test_functions_that_numpy_has_too_are_differentiated_mapped_and_traced(around: str, name: str) -> None:
    run = DIFFERENTIATING[around][0] if around in DIFFERENTIATING else {**MAPPING, **TRACING}[around]
    found, expected = (dt.pytree.leaves(run(function)) for function in SHARED[name])
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        if callable(one):  # a linear map
            one, other = (dt.pytree.leaves(x(TWO))[0] for x in (one, other))
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-12)


@pytest.mark.parametrize("around", MAPPING)
@pytest.mark.parametrize("taken", [*IMPLICIT, *EXPLICIT])
def test_no_number_is_taken_from_one_of_many_examples(around: str, taken: str) -> None:
    error = refused(lambda: MAPPING[around]({**IMPLICIT, **EXPLICIT}[taken]))
    assert re.search("inside a `vmap`, which stands for . examples at once.*ops", error)


@pytest.mark.parametrize("around", TRACING)
@pytest.mark.parametrize("taken", [*IMPLICIT, *EXPLICIT])
def test_no_number_is_taken_from_what_is_traced(around: str, taken: str) -> None:
    error = refused(lambda: TRACING[around]({**IMPLICIT, **EXPLICIT}[taken]))
    assert re.search("inside a (jitted function|`vmap`).*ops", error)


@pytest.mark.parametrize("around", DIFFERENTIATING)
@pytest.mark.parametrize("taken", EXPLICIT)
def test_numbers_are_given_to_those_who_ask_for_them(around: str, taken: str) -> None:
    DIFFERENTIATING[around][0](EXPLICIT[taken])


@pytest.mark.parametrize("taken", [*IMPLICIT, *EXPLICIT])
def test_a_plain_tensor_is_its_numbers(taken: str) -> None:
    if taken not in ("deepcopy", "pickle", "math.sin"):
        expected = {**IMPLICIT, **EXPLICIT}[taken]
        assert np.isfinite(np.asarray(expected(TWO))).all()


def test_functions_that_hide_the_reason_fail_all_the_same() -> None:
    with pytest.raises(struct.error):
        dt.grad(lambda x: x * struct.unpack("d", struct.pack("d", x))[0])(TWO)


def test_what_was_asked_for_is_a_constant() -> None:
    assert dt.grad(lambda x: x * float(x))(TWO) == 2
    assert dt.grad(lambda x: x * ops.stop_gradient(x).asnumpy())(TWO) == 2
    assert dt.grad(lambda x: x * math.sin(ops.stop_gradient(x)))(TWO) == pytest.approx(math.sin(2))


def test_every_example_got_the_numbers_of_all() -> None:
    with pytest.raises(ConversionError, match="2 examples"):
        dt.vmap(lambda x: x * x.tolist()[0])(BOTH)
    with pytest.raises(ConversionError, match="2 examples"):
        dt.vmap(lambda x: x[x > 0].sum())(ROWS)


def test_what_does_not_depend_on_the_example_has_numbers() -> None:
    np.testing.assert_array_equal(dt.vmap(lambda x: x * float(TWO))(BOTH), [2, 4])
    np.testing.assert_array_equal(dt.grad(lambda x: (x * np.asarray(BOTH)).sum())(BOTH), BOTH)


def test_integers_have_no_derivative_to_lose() -> None:
    count = lambda x: x * len(range(ops.sum(ops.cast(x > 0, dt.int64)))) * math.comb(4, ops.argmax(x))
    assert dt.grad(lambda x: count(x).sum())(BOTH).tolist() == [8, 8]
    assert dt.jvp(count, BOTH, BOTH)[1].tolist() == [8, 16]
    with pytest.raises(ConversionError, match="vmap"):
        dt.vmap(lambda x: x[0] * math.comb(4, ops.argmax(x)))(ROWS)


def test_parameters_are_differentiated_too() -> None:
    w = dt.Parameter(TWO, name="w")
    assert math.sin(w) == math.sin(2)
    with pytest.raises(ConversionError, match="`grad`"):
        dt.grad(lambda: ops.sum(w * math.sin(w)), None, [w])()
    with pytest.raises(ConversionError, match="`grad`"):
        dt.grad(lambda: ops.sum(w * np.asarray(w)), None, [w])()
    with pytest.raises(TracingError):
        dt.jit(lambda x: x * math.sin(w))(TWO)
    assert dt.grad(lambda: w * float(w), None, [w])()[0] == 2


def test_a_parameter_does_not_begin_with_a_value_that_is_differentiated() -> None:
    with pytest.raises(ConversionError, match="`Parameter` would"):
        dt.grad(lambda x: x * dt.Parameter(x))(TWO)


def test_values_that_are_kept_after_the_derivative_are_numbers() -> None:
    kept: list[dt.Tensor] = []
    dt.grad(lambda x: kept.append(x * x) or x * x)(TWO)
    np.testing.assert_array_equal(np.array(kept), [4])
    assert math.sqrt(kept[0]) == 2
    dt.vmap(lambda x: kept.append(x) or x)(BOTH)
    with pytest.raises(ConversionError, match="vmap"):
        kept[1].asnumpy()


def test_shapes_may_be_asked_for_by_numpy() -> None:
    seen = lambda x: x * (np.ndim(x) + np.size(x) + len(np.shape(x))) + np.size(x, 0)
    np.testing.assert_array_equal(dt.grad(lambda x: seen(x).sum())(BOTH), [4, 4])
    np.testing.assert_array_equal(dt.vmap(seen)(ROWS), ROWS * 4 + 2)
    np.testing.assert_array_equal(dt.jit(seen)(BOTH), seen(BOTH))


def test_float_is_told_from_other_calls_by_its_instruction() -> None:
    def hidden(x: dt.Tensor) -> Any:
        float = math.sin
        return x * float(x)

    for call in (
        hidden,
        lambda x: x * (math.cos if x.ndim == 0 else float)(x),
        lambda x: x * (float if x.ndim == 1 else math.cos)(x),
        lambda x: x * ((x.ndim == 0 and math.cos) or float)(x),
        lambda x: x * [float, math.cos][1](x),
        lambda x: (float, math.sin(x))[1] * x,
        lambda x: x * math.sin((float, x)[1]),
        lambda x: x * float(math.sin(x)),
    ):
        with pytest.raises(ConversionError):
            dt.grad(call)(TWO)
    for call in (lambda x: x * sum([float(y) for y in (x, 0 * x)]), lambda x: x * float(f"{float(x):.3f}")):
        assert dt.grad(call)(TWO) == 2
    namespace: dict[str, Any] = {"dt": dt, "math": math, "TWO": TWO}
    exec("right = dt.grad(lambda x: x * float(x))(TWO)\ndef f(x):\n    global y; y = float(x); return x * y", namespace)
    exec("import builtins\nwith_name = dt.grad(f)(TWO)", namespace)
    assert namespace["right"] == namespace["with_name"] == 2
