"""`chosen_derivatives`: every convention that a gradient rests on is reported, with its line, and nothing else is."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, ops
from dualtape.core.example import Reals
from dualtape.core.primitive import Elementwise, NonDifferentiable, Primitive
from dualtape.primitives import CATALOGUE
from dualtape.testing import chosen_derivatives
from dualtape.testing.chosen import KINK, ZERO_WON


def tensor(*x: float) -> dt.Tensor:
    return dt.Tensor(np.array(x))


ZEROS = tensor(0.0, 0.0)
CHOSEN: dict[str, tuple[Callable[[dt.Tensor], dt.Tensor], dt.Tensor, list[tuple[str, str, int]]]] = {
    "abs": (ops.abs, tensor(0.0, 1.0, 0.0), [("absolute", KINK, 2)]),
    "relu": (ops.relu, tensor(0.0, 1.0), [("relu", KINK, 1)]),
    "leaky_relu": (ops.leaky_relu, tensor(0.0, 1.0), [("maximum", KINK, 1)]),
    "elu": (ops.elu, tensor(0.0, 1.0), [("greater", KINK, 1)]),
    "clip": (lambda x: ops.clip(x, 0.0, 1.0), tensor(0.0, 0.5), [("less", KINK, 1)]),
    "amax": (ops.amax, tensor(1.0, 1.0), [("maximum_along", KINK, 1)]),
    "max": (lambda x: ops.max(x, 0)[0], tensor(1.0, 1.0), [("argmax", KINK, 1)]),
    "floor": (lambda x: ops.floor(x) * x, tensor(1.0, 1.5), [("floor", KINK, 1)]),
    "round": (lambda x: ops.round(x) * x, tensor(1.0, 1.5), [("round", KINK, 1)]),
    "mod": (lambda x: x % 2.0, tensor(4.0, 1.0), [("mod", KINK, 1)]),
    "norm": (ops.norm, ZEROS, [("root_of_squares", KINK, 1)]),
    "std": (ops.std, tensor(1.0, 1.0), [("root_of_squares", KINK, 1)]),
    "atan2": (lambda x: ops.atan2(x, x), ZEROS, [("atan2", KINK, 2)]),
    "0 ** 0": (lambda x: x**x, ZEROS, [("power", KINK, 2)]),
    "0 ** 0, an exponent": (lambda y: tensor(0.0) ** y, dt.Tensor(0.0), [("power", KINK, 1)]),
    "sqrt of a square": (lambda x: ops.sqrt(x * x), tensor(0.0, 1.0), [("abs(x) ** 1", KINK, 1)]),
    "exp of log": (lambda x: ops.exp(ops.log(x)), tensor(0.0, 1.0), [("log", ZERO_WON, 1)]),
    "x log x": (lambda x: x * ops.log(x), tensor(0.0, 1.0), [("log", ZERO_WON, 1)]),
    "logsumexp of log": (lambda x: ops.logsumexp(ops.log(x)), tensor(0.0, 1.0), [("log", ZERO_WON, 1)]),
    "an infinite slope and a 0": (lambda x: ops.sqrt(x**2 + 0.0), tensor(0.0, 1.0), [("square", ZERO_WON, 1)]),
    "a root that is not recognised": (lambda x: ops.sqrt(x).sum() ** 2, tensor(0.0), [("sqrt", ZERO_WON, 1)]),
    "what matters of two": (
        lambda x: ops.where(dt.Tensor([True, False]), ops.abs(x), ops.relu(x)),
        ZEROS,
        [("relu", KINK, 1), ("absolute", KINK, 1)],
    ),
    "in a checkpoint": (dt.checkpoint(ops.abs), ZEROS, [("absolute", KINK, 2)]),
    "under jit": (dt.jit(ops.abs), ZEROS, [("absolute", KINK, 2)]),
    "under vmap": (dt.vmap(ops.abs), ZEROS, [("absolute", KINK, 2)]),
    "in a gradient": (dt.grad(lambda x: ops.abs(x).sum()), ZEROS, [("sign", KINK, 2)]),
}
COMPUTED: dict[str, tuple[Callable[[dt.Tensor], dt.Tensor], dt.Tensor]] = {
    "smooth": (lambda x: ops.tanh(x @ x) * ops.exp(x) / (1 + x * x), ZEROS),
    "an infinite derivative": (ops.sqrt, ZEROS),
    "cut off by where": (lambda x: ops.where(x > 0, ops.sqrt(x), 0.0), tensor(-1.0, 1.0)),
    "cut off by maximum": (lambda x: ops.maximum(ops.log(x), -5.0), tensor(0.0, 1.0)),
    "cut off by a factor": (lambda x: tensor(0.0, 1.0) * ops.sqrt(x), tensor(0.0, 1.0)),
    "square of a root": (lambda x: ops.sqrt(x) ** 2, ZEROS),
    "square of a norm": (lambda x: ops.norm(x) ** 2, ZEROS),
    "softmax of equal numbers": (ops.softmax, ZEROS),
    "logsumexp of equal numbers": (ops.logsumexp, ZEROS),
    "x ** 0 and x ** 2": (lambda x: x**0 + x**2 + x ** tensor(0.0, 2.0), tensor(1.0, 0.0)),
    "a constant at a kink": (lambda x: x * ops.abs(tensor(0.0, 0.0)), ZEROS),
    "stop_gradient": (lambda x: x * ops.abs(ops.stop_gradient(x)), ZEROS),
    "a rule of the user's": (dt.custom_derivative(ops.abs, partials=lambda x, y: ops.ones_like(x)), ZEROS),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_chosen(name: str) -> None:
    f, x, expected = CHOSEN[name]
    for strict in (False, True):
        with dt.strict_derivatives(strict):
            found = chosen_derivatives(f, x)
        assert [(choice.primitive, choice.reason, choice.elements) for choice in found] == expected


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_computed(name: str) -> None:
    f, x = COMPUTED[name]
    assert chosen_derivatives(f, x) == []


def test_it_names_the_users_line() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        y = 2 * x
        return ops.norm(y)

    (choice,) = chosen_derivatives(f, ZEROS)
    assert choice.line.endswith("return ops.norm(y)")
    assert str(choice) == f"derivative of root_of_squares at 1 element: {KINK}\n    {choice.line}"


def test_containers_and_weights() -> None:
    net = nn.Dense(2, 2, weight_init="zeros", bias_init="zeros")
    f = lambda points: ops.relu(net(points["x"])).sum()
    points = {"x": dt.Tensor(np.ones((1, 2), np.float32)), "n": 3}
    (by_x,) = chosen_derivatives(f, points)
    assert (by_x.primitive, by_x.elements) == ("relu", 2)
    assert chosen_derivatives(lambda: f(points), weights=net.trainable_params()) == [by_x]


def test_nothing_to_differentiate_by() -> None:
    with pytest.raises(TypeError, match="needs a Tensor of floats"):
        chosen_derivatives(lambda x: x, dt.Tensor([1, 2]))


# Which primitives have a kink, found without asking them: the slope, or for steps the value, changes all at once.

GRID = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


def _sides(primitive: Primitive, at: tuple[float, ...]) -> list[np.ndarray]:
    """Around a point in all directions: the slopes, or the values of what has none by statement."""
    if isinstance(primitive, NonDifferentiable):
        corners = itertools.product((-1e-9, 0.0, 1e-9), repeat=len(at))
        near = ([tensor(a + s) for a, s in zip(at, corner, strict=True)] for corner in corners)
        return [primitive(*x).asnumpy().astype(np.float64) for x in near]
    found = []
    for signs in itertools.product((-1, 1), repeat=len(at)):
        near = [tensor(a + s * (1 + 0.1 * i) * 1e-9) for i, (a, s) in enumerate(zip(at, signs, strict=True))]
        slopes = [dt.grad(lambda *x: primitive(*x).sum(), i)(*near) for i in range(len(at))]
        found.append(np.array([s.asnumpy() for s in slopes]).ravel())
    return found


def _has_kink(primitive: Primitive, at: tuple[float, ...]) -> bool | None:
    """Whether the sides differ; None where they are not all numbers, as at a pole or at the edge of a domain."""
    sides = np.array(_sides(primitive, at))
    if not np.isfinite(sides).all() or np.abs(sides).max() > 1e4:
        return None
    return bool((np.ptp(sides, axis=0) > 1e-3).any())


def _is_of_floats(primitive: Primitive) -> bool:
    if isinstance(primitive, NonDifferentiable):
        example = primitive.examples[0]
        return not example.params and all(isinstance(x, Reals) for x in example.inputs)
    return isinstance(primitive, Elementwise) and primitive.params == ({},)


OF_FLOATS = list(filter(_is_of_floats, CATALOGUE.values()))


@pytest.mark.parametrize("primitive", OF_FLOATS, ids=lambda p: p.name)
def test_each_primitive_states_its_kinks(primitive: Primitive) -> None:
    count = len(primitive.domain) if isinstance(primitive, Elementwise) else len(primitive.examples[0].inputs)
    for at in itertools.product(GRID, repeat=count):
        found = _has_kink(primitive, at)
        inputs = [np.array([a]) for a in at]
        with np.errstate(all="ignore"):
            output = primitive.numpy(*inputs)
            if found is None or not np.isfinite(output).all():
                continue
            stated = False if primitive.kink is None else bool(np.all(primitive.kink(*inputs, output)))
        assert stated == found, at
