"""`vmap` is a loop, for every primitive and whichever inputs are mapped over."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.example import Complexes, Dominant, Example, Indices, Input, Reals
from dualtape.core.primitive import Elementwise, Implicit, Primitive
from dualtape.primitives import CATALOGUE

# Unlike every size in the examples of the catalogue, so that none is taken for another.
SIZE = 7


def examples(primitive: Primitive) -> tuple[Example, ...]:
    if isinstance(primitive, Elementwise):
        shapes = ((2, 3), (3,), (2, 1))
        return tuple(
            Example(tuple(Reals(s, *d) for s, d in zip(shapes, primitive.domain, strict=False)), params)
            for params in primitive.params
        )
    return primitive.examples


def draw(rng: np.random.Generator, kind: Input, lead: tuple[int, ...]) -> dt.Tensor:
    shape = lead + kind.shape
    if isinstance(kind, Reals):
        return dt.Tensor(rng.uniform(kind.low, kind.high, shape))
    if isinstance(kind, Complexes):
        return dt.Tensor(rng.uniform(-2, 2, shape) + 1j * rng.uniform(-2, 2, shape))
    if isinstance(kind, Dominant):
        beside = rng.uniform(-0.1, 0.1, shape)
        return dt.Tensor(beside + np.eye(*shape[-2:]) * (1.0 + np.arange(shape[-2]))[:, None])
    if isinstance(kind, Indices):
        return dt.Tensor(rng.integers(0, kind.size, shape))
    return dt.Tensor(rng.random(shape) > 0.5)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_mapped_primitive_is_a_loop(name: str) -> None:
    primitive = CATALOGUE[name]
    rng = np.random.default_rng(0)
    for example in examples(primitive):
        for mapped in itertools.product((False, True), repeat=len(example.inputs)):
            if not any(mapped):
                continue
            inputs = [draw(rng, kind, (SIZE,) if m else ()) for kind, m in zip(example.inputs, mapped, strict=True)]
            axes = tuple(0 if m else None for m in mapped)
            found = dt.vmap(lambda *x, p=primitive, e=example: p(*x, **e.params), in_axes=axes)(*inputs).asnumpy()
            for i in range(SIZE):
                one = [x[i] if m else x for x, m in zip(inputs, mapped, strict=True)]
                expected = primitive(*one, **example.params).asnumpy()
                assert found[i].dtype == expected.dtype
                # Algorithms for many matrices may be others than for one: their elements are rounded like the largest.
                rounding = 1e-15 * np.abs(expected).max(initial=0) if isinstance(primitive, Implicit) else 0
                np.testing.assert_allclose(found[i], expected, rtol=1e-13, atol=rounding)


def test_axes_in_and_out() -> None:
    x = dt.Tensor(np.arange(6.0).reshape(2, 3))
    found = dt.vmap(lambda c, d: (c * 2, d["k"].sum()), in_axes=(1, {"k": 0}), out_axes=(1, 0))(x, {"k": x.T})
    np.testing.assert_array_equal(found[0].asnumpy(), x.asnumpy() * 2)
    np.testing.assert_array_equal(found[1].asnumpy(), x.asnumpy().sum(0))


def test_an_output_that_is_the_same_for_all_is_repeated() -> None:
    assert dt.vmap(lambda x: ops.ones(2))(dt.Tensor([1.0, 2.0, 3.0])).shape == (3, 2)


def test_it_composes_with_every_transformation() -> None:
    rng = np.random.default_rng(1)
    rows = dt.Tensor(rng.normal(size=(5, 3)))

    def f(x: dt.Tensor) -> dt.Tensor:
        return ops.sin(x[0]) * x[1] + ops.exp(x[2] * x[0])

    each = [dt.grad(f)(row).asnumpy() for row in rows]
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(rows).asnumpy(), each, rtol=1e-14)
    np.testing.assert_allclose(dt.grad(lambda X: dt.vmap(f)(X).sum())(rows).asnumpy(), each, rtol=1e-14)
    slopes = dt.jvp(dt.vmap(f), rows, rows)[1].asnumpy()
    np.testing.assert_allclose(slopes, (np.array(each) * rows.asnumpy()).sum(1), rtol=1e-13)
    np.testing.assert_allclose(dt.jit(dt.vmap(dt.grad(f)))(rows).asnumpy(), each, rtol=1e-14)
    outer = dt.vmap(dt.vmap(lambda a, b: a * b, in_axes=(None, 0)), in_axes=(0, None))
    np.testing.assert_array_equal(outer(rows[0], rows[1]).asnumpy(), np.outer(rows[0].asnumpy(), rows[1].asnumpy()))


def test_parameters_are_the_same_for_all_examples() -> None:
    w = dt.Parameter(dt.Tensor([2.0, 3.0]), name="w")
    x = dt.Tensor([[1.0, 1.0], [1.0, 2.0]])
    (gradient,) = dt.grad(lambda: dt.vmap(lambda row: (row * w).sum())(x).sum(), None, [w])()
    np.testing.assert_array_equal(gradient.asnumpy(), [2.0, 3.0])


X = dt.Tensor([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.vmap(lambda x: x, in_axes=None)(X), ValueError, "nothing to map over"),
        (lambda: dt.vmap(lambda x: x, in_axes=2)(X), IndexError, "axis"),
        (lambda: dt.vmap(lambda x, y: x, in_axes=(0, 1))(X, X), ValueError, "different sizes"),
        (lambda: dt.vmap(lambda x: x)(3.0), TypeError, "float"),
        (lambda: dt.vmap(lambda x: x)(dt.Tensor(1.0)), IndexError, "0-d"),
        (lambda: dt.vmap(lambda x: x, in_axes="a")(X), TypeError, "in_axes"),
        (lambda: dt.vmap(lambda x: x, out_axes=None)(X), ValueError, "out_axes"),
        (lambda: dt.vmap(3), TypeError, "fn"),
    ],
)
def test_bad_input(call, error, text) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)


def test_an_example_does_not_escape() -> None:
    kept = []
    dt.vmap(lambda x: kept.append(x) or x)(X)
    with pytest.raises(dt.errors.EscapedLevelError):
        kept[0] + 1
