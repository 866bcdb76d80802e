"""The testing tools, tested: they pass what is right, and name what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.program import Program
from dualtape.core.expression import call, x
from dualtape.core.primitive import CATALOGUE
from dualtape.primitives.declaring import elementwise
from dualtape.testing import assert_close_in_ulp, check_derivatives, finite_differences
from dualtape.testing.targets import Target


@pytest.fixture
def wrong_sine() -> Iterator[Any]:
    """A primitive whose partial is off by three per cent."""
    primitive = elementwise(
        "wrong_sine",
        numpy=np.sin,
        opencl=call("sin", x),
        partials=(lambda x, y: 1.03 * ops.cos(x),),
        domain=((-3.0, 3.0),),
    )
    yield primitive
    del CATALOGUE["wrong_sine"]


X = dt.Tensor(np.array([[0.5, 1.0, -0.7]]))


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("forward", r"forward mode, order 1, output 0, element \(0, \d\)"),
        ("taylor", r"taylor mode, order 1, output 0, element \(0, \d\)"),
        ("reverse", r"reverse mode \(gradient\), order 1, argument 0, element \(0, \d\)"),
    ],
)
def test_wrong_derivative_is_found_and_named(wrong_sine: Any, mode: str, names: str) -> None:
    with pytest.raises(AssertionError, match=names + ".*got .*expected .*finite differences.*tolerance"):
        check_derivatives(wrong_sine, X, modes=(mode,))


def test_wrong_second_derivative_is_found() -> None:
    """Right at order 1: its slope is a constant to the engine."""
    frozen = lambda x: ops.stop_gradient(x) * x * 2 - ops.stop_gradient(x * x)
    with pytest.raises(AssertionError, match="order 2"):
        check_derivatives(frozen, X)
    check_derivatives(frozen, X, order=1)


def test_failure_names_the_leaf_and_gives_the_call_to_paste(wrong_sine: Any) -> None:
    """The code makes the same failure again."""
    f = lambda tree, n: tree["a"][1] * n + wrong_sine(tree["b"])
    tree = {"a": [dt.Tensor([1, 2]), dt.Tensor(np.array([0.25]))], "b": dt.Tensor(np.array([0.5]))}
    with pytest.raises(AssertionError, match=r"argument 0\['b'\], element \(0,\)") as failure:
        check_derivatives(f, tree, 3, modes=("reverse",))
    code = str(failure.value).splitlines()[-1].strip()
    assert code == (
        "dt.testing.check_derivatives(f, {'a': [dt.Tensor(np.array([1, 2])), dt.Tensor(np.array([0.25]))], "
        "'b': dt.Tensor(np.array([0.5]))}, 3, order=1, modes=(\"reverse\",), jit=False, seed=0)"
    )
    with pytest.raises(AssertionError) as again:
        exec(code, {"f": f, "dt": dt, "np": np})
    assert str(again.value) == str(failure.value)


@pytest.mark.parametrize("mode", ["forward", "taylor", "reverse"])
def test_derivative_that_only_jit_has_wrong_is_found(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a compiler that takes every cosine for a sine."""

    def spoilt(program: Program) -> Program:
        swap = lambda e: replace(e, primitive=CATALOGUE["sin"]) if e.primitive.name == "cos" else e
        return replace(program, equations=tuple(map(swap, program.equations)))

    monkeypatch.setattr(import_module("dualtape.compiler.pipeline"), "optimise", spoilt)
    with pytest.raises(AssertionError, match=f"^{mode} mode.* under jit, order 1"):
        check_derivatives(ops.sin, X, modes=(mode,))
    check_derivatives(ops.sin, X, modes=(mode,), jit=False)


@pytest.mark.dualtape_devices(jit=False)
def test_devices_are_those_asked_for(dualtape_device: Target) -> None:
    seen = set()

    def f(x: dt.Tensor) -> dt.Tensor:
        seen.add(x.device.name)
        return ops.tanh(x)

    check_derivatives(f, dt.Tensor(X.asnumpy(), device="host"), devices=(dualtape_device.device,), order=1)
    assert seen == {"host", dualtape_device.device.name}
    with pytest.raises(RuntimeError, match="no device 'opencl:99'"):
        check_derivatives(f, X, devices="opencl:99")


def test_function_that_cannot_be_traced_is_named_with_the_way_out() -> None:
    decides = lambda x: x * 2 if float(x.sum()) > 0 else x
    with pytest.raises(RuntimeError, match="no numbers yet") as failure:
        check_derivatives(decides, X)
    assert any("jit=False" in note for note in failure.value.__notes__)
    check_derivatives(decides, X, jit=False)


@pytest.mark.parametrize("shape", [(), (0, 2), (1, 1)], ids=str)
def test_small_shapes(shape: tuple[int, ...]) -> None:
    check_derivatives(lambda x: ops.exp(x) * x, dt.Tensor(np.full(shape, 0.5)))


@pytest.mark.parametrize("dtype", [dt.float16, dt.float32, dt.float64], ids=str)
def test_right_derivatives_pass(dtype: dt.dtype.DType) -> None:
    f = lambda tree, n: {"y": ops.tanh(tree["a"] @ tree["b"]), "s": ops.sum(tree["a"] ** n)}
    a, b = np.arange(6.0).reshape(2, 3) / 4 - 0.6, np.arange(6.0).reshape(3, 2) / 5 - 0.3
    order = 1 if dtype is dt.float16 else 3
    check_derivatives(f, {"a": dt.Tensor(a, dtype), "b": dt.Tensor(b, dtype)}, 3, order=order)


def test_domain_keeps_the_steps_inside() -> None:
    seen = []

    def f(x: dt.Tensor) -> dt.Tensor:
        seen.append(x.asnumpy().min())
        return ops.log(x)

    x = dt.Tensor(np.array([0.001, 1.0]))
    check_derivatives(f, x, domain=(0.0, np.inf), jit=False)
    assert min(seen) > 0
    check_derivatives(ops.log, x)  # without it, the step shrinks where the function is not finite


def test_finite_differences_of_every_element() -> None:
    x = np.array([[0.5, 1.0], [2.0, 3.0]])
    estimate = finite_differences(lambda x: ops.sum(x**3, 0), x)
    exact = np.zeros((2, 2, 2))
    exact[0, :, 0], exact[1, :, 1] = 3 * x[:, 0] ** 2, 3 * x[:, 1] ** 2
    np.testing.assert_allclose(estimate.value, exact, rtol=1e-11, atol=1e-11)
    assert (estimate.error < 1e-9).all()


def test_finite_differences_of_nothing() -> None:
    assert finite_differences(ops.sin, np.zeros((0, 2))).value.shape == (0, 2, 0, 2)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: check_derivatives(ops.sin, X, order=0), ValueError, "`order`"),
        (lambda: check_derivatives(ops.sin, X, modes=("sideways",)), ValueError, "`modes`.*sideways"),
        (lambda: check_derivatives(ops.sin, 1.0), TypeError, "needs a Tensor of floats"),
        (lambda: finite_differences(ops.sin, X, [1.0]), ValueError, r"\(1,\).*\(1, 3\)"),
        (lambda: finite_differences(ops.log, [-1.0]), ValueError, "not finite"),
        (lambda: finite_differences(ops.log, [0.0], domain=(0.0, 1.0)), ValueError, "outside its domain"),
    ],
)
def test_bad_call(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_ulps() -> None:
    one = np.float32(1)
    above = np.nextafter(one, np.float32(2))
    assert_close_in_ulp(above, 1.0, ulps=1)
    assert_close_in_ulp(dt.Tensor([0.1]), 0.1, ulps=0.5)
    assert_close_in_ulp(np.array([np.nan, np.inf, 0.0]), np.array([np.nan, np.inf, -0.0]), ulps=0)
    assert_close_in_ulp(np.float16(np.inf), 1e6, ulps=0)
    with pytest.raises(AssertionError, match=r"element \(\): .* 1.00 ulp of float32, allowed 0.5"):
        assert_close_in_ulp(above, 1.0, ulps=0.5)
    for got, expected in ((1.0, np.nan), (np.nan, 1.0), (np.inf, 1.0), (-np.inf, np.inf)):
        with pytest.raises(AssertionError, match="ulp"):
            assert_close_in_ulp(np.float64(got), expected, ulps=100)
    with pytest.raises(TypeError, match="`actual`"):
        assert_close_in_ulp(np.array([1]), 1, ulps=1)
