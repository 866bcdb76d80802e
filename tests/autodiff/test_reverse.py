"""`grad`, `value_and_grad`, `vjp` and `GradOperation`: what they take, give back, keep and release."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.errors import DualtapeError


def tensor(x: object) -> dt.Tensor:
    return dt.Tensor(np.asarray(x, np.float64))


X, Y = tensor([1.0, 2.0]), tensor([3.0, 5.0])


def product(x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
    return x * x * y


# Structure of what is asked for and given


def test_positions() -> None:
    assert dt.grad(product)(X, Y).tolist() == [6, 20]
    assert dt.grad(product, 1)(X, Y).tolist() == [1, 4]
    by_both = dt.grad(product, (0, 1))(X, Y)
    assert [g.tolist() for g in by_both] == [[6, 20], [1, 4]]
    assert dt.grad(product, (1,))(X, Y).tolist() == [1, 4]
    assert dt.grad(product)(x=X, y=Y).tolist() == [6, 20]


def test_nested_containers_in_and_out() -> None:
    tree = {"a": X, "b": [Y, (X, Y)], "n": 3}
    gradient = dt.grad(lambda t: ops.sum(t["a"] * t["b"][0] + t["b"][1][0] ** t["n"]))(tree)
    assert gradient["a"].tolist() == [3, 5]
    assert gradient["b"][0].tolist() == [1, 2]
    assert isinstance(gradient["b"][1], tuple)
    assert gradient["b"][1][0].tolist() == [3, 12]
    assert gradient["b"][1][1].tolist() == [0, 0]
    assert gradient["n"] == 3
    outputs, tangents = dt.jvp(lambda t: {"s": t["a"] + t["b"][0]}, ({"a": X, "b": [Y]},), ({"a": X, "b": [X]},))
    assert outputs["s"].tolist() == [4, 7]
    assert tangents["s"].tolist() == [2, 4]


def test_several_outputs_count_as_their_sum() -> None:
    assert dt.grad(lambda x: (x, [x * 2, {"k": x * 3}]))(X).tolist() == [6, 6]


def test_auxiliary_outputs_are_not_differentiated() -> None:
    f = lambda x: (x * x, x * 100, ops.sum(x))
    gradient, aux = dt.grad(f, has_aux=True)(X)
    assert gradient.tolist() == [2, 4]
    assert [a.tolist() for a in aux] == [[100, 200], 3]
    values, gradient = dt.value_and_grad(f, has_aux=True)(X)
    assert [v.tolist() for v in values] == [[1, 4], [100, 200], 3]
    assert all(type(v) is dt.Tensor for v in (*values, *aux))
    for transform in (dt.grad, dt.value_and_grad):
        with pytest.raises(ValueError, match="has_aux=True"):
            transform(lambda x: x, has_aux=True)(X)


def test_unused_input_has_zeros() -> None:
    _, by_y = dt.grad(lambda x, y: x * 2, (0, 1))(X, Y)
    assert by_y.tolist() == [0, 0]
    assert by_y.dtype is dt.float64
    assert dt.grad(lambda x: tensor(1.0))(X).tolist() == [0, 0]
    assert dt.grad(lambda x: ops.cast(x > 1, dt.float64))(X).tolist() == [0, 0]


def test_input_returned_as_it_is() -> None:
    assert dt.grad(lambda x: x)(X).tolist() == [1, 1]
    assert dt.grad(lambda x: (x, x))(X).tolist() == [2, 2]
    value, gradient = dt.value_and_grad(lambda x: x)(X)
    assert type(value) is dt.Tensor
    assert gradient.tolist() == [1, 1]


def test_same_tensor_at_two_positions() -> None:
    assert [g.tolist() for g in dt.grad(product, (0, 1))(X, X)] == [[2, 8], [1, 4]]


# Weights


def test_weights_that_the_function_captures() -> None:
    w, b = dt.Parameter(X, name="w"), dt.Parameter(Y, name="b")
    f = lambda x: ops.sum(w * w * x + b)
    assert dt.grad(f, None, w)(Y).tolist() == [6, 20]
    assert [g.tolist() for g in dt.grad(f, None, (w, b))(Y)] == [[6, 20], [1, 1]]
    assert [g.tolist() for g in dt.grad(f, None, dt.ParameterTuple([w]))(Y)] == [[6, 20]]
    by_input, by_weight = dt.grad(f, 0, [w, b])(Y)
    assert by_input.tolist() == [1, 4]
    assert len(by_weight) == 2
    assert type(w.value()) is dt.Tensor


def test_weight_without_gradient_has_zeros_and_unused_weight_too() -> None:
    w, frozen = dt.Parameter(X, name="w"), dt.Parameter(Y, name="frozen", requires_grad=False)
    unused = dt.Parameter(Y, name="unused")
    gradients = dt.grad(lambda: ops.sum(w * frozen), None, [w, frozen, unused])()
    assert [g.tolist() for g in gradients] == [[3, 5], [0, 0], [0, 0]]


def test_weights_of_nested_gradients() -> None:
    """The gradient by a parameter of a gradient by it."""
    w = dt.Parameter(X, name="w")
    inner = lambda: ops.sum(dt.grad(lambda: ops.sum(w**3), None, w)() * w)
    assert dt.grad(inner, None, w)().tolist() == [9, 36]


def test_parameter_is_an_argument() -> None:
    w = dt.Parameter(X, name="w")
    assert dt.grad(product)(w, Y).tolist() == [6, 20]
    assert float(dt.jvp(lambda x: ops.sum(x * x), w, Y)[1]) == 26


def test_identified_gradients() -> None:
    w = dt.Parameter(X, name="w")
    f = lambda x, y: ops.sum(w * x * y)
    found = dt.grad(f, (0, 1), [w], return_ids=True)(X, Y)
    assert dt.get_grad(found, 1).tolist() == [1, 4]
    assert dt.get_grad(found, w).tolist() == [3, 10]
    with pytest.raises(IndexError, match="return_ids"):
        dt.get_grad(found, 5)
    with pytest.raises(TypeError, match="identifier"):
        dt.get_grad(found, 1.5)  # type: ignore[arg-type]


# Cotangents


def test_vjp_may_be_called_again() -> None:
    value, pull = dt.vjp(product, X, Y)
    assert value.tolist() == [3, 20]
    for scale in (1.0, 2.0):
        by_x, by_y = pull(tensor([scale, 0.0]))
        assert by_x.tolist() == [6 * scale, 0]
        assert by_y.tolist() == [scale, 0]


def test_vjp_of_several_outputs_weights_and_auxiliaries() -> None:
    w = dt.Parameter(X, name="w")
    _, pull = dt.vjp(lambda x: (x * w, x + 1), Y, weights=w)
    (by_input,), by_weight = pull(tensor([1.0, 1.0]), tensor([10.0, 10.0]))
    assert (by_input.tolist(), by_weight.tolist()) == ([11, 12], [3, 5])
    _, pull, aux = dt.vjp(lambda x: (x * x, ops.sum(x)), X, has_aux=True)
    assert aux.tolist() == 3
    assert pull(X)[0].tolist() == [2, 8]


def test_vjp_inside_a_gradient() -> None:
    f = lambda x: ops.sum(dt.vjp(lambda y: y**3, x)[1](x)[0])
    assert dt.grad(f)(X).tolist() == [9, 36]


@pytest.mark.parametrize(
    ("sens", "error"),
    [(tensor([1.0]), ValueError), (X.astype(dt.float32), TypeError), ("a", TypeError), (3.0, TypeError)],
)
def test_cotangent_that_does_not_fit(sens: Any, error: type[Exception]) -> None:
    for call in (lambda: dt.grad(product, sens_param=True)(X, Y, sens), lambda: dt.vjp(product, X, Y)[1](sens)):
        with pytest.raises(error) as caught:
            call()
        assert isinstance(caught.value, DualtapeError)


def test_sens_param() -> None:
    assert dt.grad(product, sens_param=True)(X, Y, tensor([1.0, 10.0])).tolist() == [6, 200]
    assert dt.grad(product, sens_param=True)(X, Y, sens=tensor([1.0, 10.0])).tolist() == [6, 200]


@pytest.mark.parametrize("get_all", [False, True])
@pytest.mark.parametrize("get_by_list", [False, True])
@pytest.mark.parametrize("sens_param", [False, True])
def test_grad_operation_flags(get_all: bool, get_by_list: bool, sens_param: bool) -> None:
    w = dt.Parameter(X, name="w")
    f = lambda x, y: x * y * w
    operation = ops.GradOperation(get_all, get_by_list, sens_param)
    gradient_fn = operation(f, [w]) if get_by_list else operation(f)
    args = (X, Y, tensor([2.0, 2.0])) if sens_param else (X, Y)
    k = 2.0 if sens_param else 1.0
    by_x, by_y, by_w = ([3 * k, 10 * k], [1 * k, 4 * k], [3 * k, 10 * k])
    got = gradient_fn(*args)
    if get_all and get_by_list:
        (gx, gy), (gw,) = got
        assert [gx.tolist(), gy.tolist(), gw.tolist()] == [by_x, by_y, by_w]
    elif get_all:
        assert [g.tolist() for g in got] == [by_x, by_y]
    elif get_by_list:
        assert [g.tolist() for g in got] == [by_w]
    else:
        assert got.tolist() == by_x


# Purity and memory


def test_gradients_do_not_modify_their_inputs() -> None:
    """An accumulated cotangent grows in place: in storage that the tape alone holds."""
    x, sens = tensor([1.0, 2.0]), tensor([1.0, 1.0])
    before = [x.asnumpy().copy(), sens.asnumpy().copy()]
    outputs = dt.grad(lambda x: (x, x + x, x * x, x + x), sens_param=True)
    gradient = outputs(x, (sens, sens, sens, sens))
    again = outputs(x, (sens, sens, sens, sens))
    assert gradient.tolist() == again.tolist() == [7, 9]
    assert [x.tolist(), sens.tolist()] == [b.tolist() for b in before]


def test_gradients_share_no_storage_with_each_other() -> None:
    """x and y get the same cotangent; adding to one must not change the other."""
    by_x, by_y = dt.grad(lambda x, y: (x + y) + (x + y) + x, (0, 1))(X, Y)
    assert (by_x.tolist(), by_y.tolist()) == ([3, 3], [2, 2])


def test_same_call_twice_is_bit_identical() -> None:
    x = dt.Tensor(np.random.default_rng(0).normal(size=(40, 30)).astype(np.float32))
    f = lambda x: ops.sum(ops.tanh(x @ ops.sin(x).T) @ x)
    first, second = (dt.grad(f)(x).asnumpy() for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_memory_is_released_as_the_tape_is_walked() -> None:
    """200 operations on 1 MB each: what the sweep back allocates fits beside what the sweep forward kept."""
    x = dt.Tensor(np.ones(2**17))

    def f(x: dt.Tensor) -> dt.Tensor:
        for _ in range(100):
            x = ops.sin(x)
        return x

    gc.collect()
    tracemalloc.start()
    try:
        dt.grad(f)(x)
        peak = tracemalloc.get_traced_memory()[1]
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    megabyte = 2**20
    assert peak < 110 * megabyte
    assert left < 2 * megabyte


def test_nothing_of_a_finished_gradient_is_kept() -> None:
    kept: list[weakref.ref[Any]] = []

    def f(x: dt.Tensor) -> dt.Tensor:
        y = x * x
        kept.append(weakref.ref(y))
        return ops.sum(y)

    dt.grad(f)(X)
    gc.collect()
    assert kept[0]() is None


def test_operations_that_do_not_reach_the_output_are_not_differentiated() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        ops.sqrt(x * 0) * 5  # its derivative would be infinite
        return x * x

    assert dt.grad(f)(X).tolist() == [2, 4]


def test_long_chain_does_not_recurse() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        for _ in range(5000):
            x = x + 0.001
        return x

    assert dt.grad(f)(X).tolist() == [1, 1]
    assert dt.jvp(f, X, X)[1].tolist() == [1, 2]


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.grad(3), TypeError, "fn"),
        (lambda: dt.grad(product, None), ValueError, "grad_position"),
        (lambda: dt.grad(product, -1), ValueError, "grad_position"),
        (lambda: dt.grad(product, (0, 0)), ValueError, "grad_position"),
        (lambda: dt.grad(product, "x"), TypeError, "grad_position"),
        (lambda: dt.grad(product, 2)(X, Y), (IndexError, RuntimeError), "2"),
        (lambda: dt.grad(product, 0, X), TypeError, "weights"),
        (lambda: dt.grad(product, has_aux=1), TypeError, "has_aux"),
        (lambda: dt.grad(product)(1.0, Y), TypeError, "argument 0.*float"),
        (lambda: dt.grad(product)(np.ones(2), Y), TypeError, "argument 0.*ndarray"),
        (lambda: dt.jvp(product, (X, Y), (X,)), ValueError, "2 inputs and 1 tangents"),
        (lambda: dt.jvp(product, (X, Y), (X, tensor([1.0]))), ValueError, r"input 1 of `jvp`.*\(2,\).*\(1,\)"),
        (lambda: dt.jvp(product, (X, Y), (X, Y.astype(dt.float32))), TypeError, "Float64.*Float32"),
        (lambda: dt.jvp(product, (X, 1.0), (X, 1.0)), TypeError, "input 1 of `jvp`.*float"),
        (lambda: ops.GradOperation(get_all=1), TypeError, "get_all"),
        (lambda: dt.vjp(3, X), TypeError, "fn"),
    ],
)
def test_bad_call(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, DualtapeError)


@pytest.mark.parametrize("function", [lambda x: None, lambda x: x.sum().item(), lambda x: (1, "a")])
def test_a_function_that_returns_no_tensor_is_refused(function) -> None:
    with pytest.raises(TypeError, match="no Tensor"):
        dt.grad(function)(dt.Tensor([1.0]))
