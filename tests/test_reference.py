"""An object of a user's own class that stands for a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors


class Reading(dt.Reference):
    """The newest of some readings, and how often it was asked for."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.asked = 0

    def __dualtape_tensor__(self) -> dt.Tensor:
        self.asked += 1
        value: dt.Tensor = self.values[-1]
        return value


def reading(*numbers: float) -> Reading:
    return Reading(dt.Tensor(np.array(numbers)))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda r: r + 1, [3, 4]),
        (lambda r: 1 - r, [-1, -2]),
        (lambda r: r * r, [4, 9]),
        (lambda r: r * dt.Tensor(np.array([2.0, 3.0])), [4, 9]),
        (lambda r: np.array([2.0, 3.0]) * r, [4, 9]),
        (lambda r: r.square(), [4, 9]),
        (lambda r: dt.ops.concat([r[:1], r[1:]]), [2, 3]),
        (lambda r: dt.ops.stack([r, r]).sum(axis=0), [4, 6]),
        (lambda r: r.astype(dt.float32), [2, 3]),
        (dt.Tensor, [2, 3]),
        (dt.jit(lambda x: x * 2), [4, 6]),
        (lambda r: dt.grad(lambda x: (x * r).sum())(dt.Tensor(np.ones(2))), [2, 3]),
    ],
)
def test_it_takes_part_as_the_tensor_it_stands_for(function: Callable[[Any], Any], expected: list[float]) -> None:
    found = function(reading(2.0, 3.0))
    assert type(found) is dt.Tensor
    np.testing.assert_array_equal(found.asnumpy(), expected)


def test_it_is_traced_once_where_it_is_given_to_a_jitted_function() -> None:
    traces = []
    double = dt.jit(lambda x: traces.append(x) or x * 2)
    r = reading(2.0, 3.0)
    for last in (1.0, 2.0):
        r.values.append(dt.Tensor(np.array([last, last])))
        np.testing.assert_array_equal(double(r).asnumpy(), [2 * last, 2 * last])
    assert len(traces) == 1


def test_a_parameter_takes_its_value() -> None:
    p = dt.Parameter(dt.Tensor(np.zeros(2)), name="p")
    np.testing.assert_array_equal(p.set_data(reading(2.0, 3.0)).asnumpy(), [2, 3])


@pytest.mark.opencl
def test_what_it_stands_for_moves() -> None:
    moved = reading(2.0, 3.0).to("opencl")
    assert type(moved) is dt.Tensor
    assert moved.device.name == "opencl:0"


def test_what_it_is() -> None:
    r = reading(2.0, 3.0)
    assert isinstance(r, dt.Tensor)
    assert (r.shape, r.ndim, r.size, r.dtype) == ((2,), 1, 2, dt.float64)
    assert r.device is dt.Tensor(1.0).device
    np.testing.assert_array_equal(np.asarray(r), [2, 3])
    assert r.tolist() == [2, 3]


def test_it_is_asked_at_each_use() -> None:
    r = reading(1.0)
    assert (r + 0).tolist() == [1]
    r.values.append(dt.Tensor(np.array([5.0])))
    before = r.asked
    assert (r + 0).tolist() == [5]
    assert r.asked > before


def test_derivatives_pass_through_it() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        return (Reading(x * x) * Reading(x)).sum()

    x = dt.Tensor(np.array([2.0, 3.0]))
    np.testing.assert_array_equal(dt.grad(f)(x).asnumpy(), [12, 27])
    np.testing.assert_array_equal(dt.jit(dt.grad(f))(x).asnumpy(), [12, 27])
    np.testing.assert_array_equal(dt.jvp(f, x, dt.ops.ones_like(x))[1].asnumpy(), 39)
    np.testing.assert_array_equal(dt.grad(lambda x: dt.grad(f)(x).sum())(x).asnumpy(), [12, 18])


def test_a_parameter_is_one_too() -> None:
    parameter = dt.Parameter(dt.Tensor([1.0]), name="w")
    np.testing.assert_array_equal(parameter.__dualtape_tensor__().asnumpy(), [1])


def test_a_class_without_the_method_is_told_what_it_lacks() -> None:
    class Empty(dt.Reference):
        pass

    with pytest.raises(errors.ArgumentTypeError, match="Empty must define `__dualtape_tensor__`"):
        Empty() + 1


class Asked(dt.Reference):
    """It stands for whatever a function of it gives."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer

    def __dualtape_tensor__(self) -> dt.Tensor:
        found: dt.Tensor = self.answer(self)
        return found


USES: list[Callable[[Any], Any]] = [
    lambda r: r + 1,
    lambda r: r.shape,
    lambda r: r.dtype,
    lambda r: r.primal,
    lambda r: r.asnumpy(),
    lambda r: r.device,
    lambda r: r.to("host"),
    lambda r: len(r),
    dt.Tensor,
    dt.jit(lambda x: x * 2),
    dt.grad(lambda x: (x * x).sum()),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("answer", "error", "message", "cause"),
    [
        (lambda r: r.readng, errors.ArgumentError, "`__dualtape_tensor__` of Asked failed: .*'readng'", AttributeError),
        (lambda r: 2.0, errors.ArgumentTypeError, "of Asked returned float; expected a Tensor", None),
        (lambda r: None, errors.ArgumentTypeError, "of Asked returned NoneType; expected a Tensor", None),
        (lambda r: r, errors.ArgumentError, "of Asked returned itself; expected another tensor", None),
        (lambda r: r * 2, errors.ArgumentError, "of Asked failed: maximum recursion depth", RecursionError),
        (lambda r: Asked(lambda _: r), errors.ArgumentError, "of Asked failed: maximum recursion", RecursionError),
    ],
)
def test_what_is_wrong_in_its_method_is_told(
    use: Callable[[Any], Any], answer: Any, error: type[Exception], message: str, cause: type[Exception] | None
) -> None:
    with pytest.raises(error, match=message) as caught:
        use(Asked(answer))
    assert cause is None or isinstance(caught.value.__cause__, cause)


def test_other_errors_in_its_method_are_the_users_own() -> None:
    with pytest.raises(KeyError, match="a"):
        Asked(lambda r: {}["a"]) + 1


def test_it_may_stand_for_a_parameter_or_for_another_one() -> None:
    p = dt.Parameter(dt.Tensor(np.array([2.0, 3.0])), name="p")
    for r in (Asked(lambda _: p), Asked(lambda _: Asked(lambda _: p))):
        assert type(r.primal) is dt.Tensor
        np.testing.assert_array_equal(dt.Tensor(r).asnumpy(), [2, 3])
        (slope,) = dt.grad(lambda r=r: (r * r).sum(), None, weights=dt.ParameterTuple([p]))()
        np.testing.assert_array_equal(slope.asnumpy(), [4, 6])


class Standing(dt.Reference):
    def __init__(self, value: dt.Tensor) -> None:
        self._value = value

    def __dualtape_tensor__(self) -> dt.Tensor:
        return self._value


@pytest.mark.parametrize(
    ("name", "transformed"),
    {
        "grad": lambda f, x: dt.grad(lambda x: Standing(f(x).sum()))(x),
        "value_and_grad": lambda f, x: dt.value_and_grad(lambda x: Standing(f(x).sum()))(x)[1],
        "vjp": lambda f, x: dt.vjp(lambda x: Standing(f(x)), x)[1](dt.ops.ones_like(x))[0],
        "jvp": lambda f, x: dt.jvp(lambda x: Standing(f(x)), (x,), (dt.ops.ones_like(x),))[1],
        "derivative": lambda f, x: dt.derivative(lambda x: Standing(f(x)), (x,), 1)[1],
        "partials": lambda f, x: dt.partials(lambda x: Standing(f(x)), [(1,)])(x)[0],
        "linear_operator": lambda f, x: dt.linear_operator(lambda x: Standing(f(x)), {(1,): 1.0})(x),
        "vmap": lambda f, x: dt.vmap(lambda x: Standing(f(x)))(x) * 2 / x,
        "jit": lambda f, x: dt.jit(lambda x: Standing(f(x)))(x) * 2 / x,
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_function_returns_had_no_derivative_if_it_stood_for_a_tensor(name: str, transformed: Any) -> None:
    """The derivative was 0, without a word."""
    x = dt.Tensor(np.array([[1.0], [2.0]]))
    found = transformed(lambda x: x * x, x)
    found = found[-1] if isinstance(found, tuple) else found
    np.testing.assert_allclose(found.asnumpy(), [[2.0], [4.0]])


def test_the_laplacian_of_what_stands_for_a_tensor() -> None:
    _, found = dt.laplacian(lambda x: Standing((x * x).sum(-1)))(dt.Tensor([[1.0, 2.0]]))
    assert found.tolist() == [4.0]


def test_a_parameter_that_is_returned_has_a_derivative_by_itself() -> None:
    w = dt.Parameter(dt.Tensor(3.0), name="w")
    assert dt.grad(lambda: w, None, weights=[w])()[0].tolist() == 1.0
