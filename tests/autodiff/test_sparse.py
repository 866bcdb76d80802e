"""Sparse Jacobians and Hessians: the pattern misses nothing, and a handful of products gives the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import dualtape as dt
from dualtape import ops
from dualtape.autodiff.levels import pattern_of
from dualtape.autodiff.transforms.colouring import star_colours
from dualtape.core.example import Complexes, Dominant, Example, Indices, Input, Reals
from dualtape.core.primitive import Elementwise, NonDifferentiable
from dualtape.primitives import CATALOGUE

rng = np.random.default_rng(0)
X = dt.Tensor(rng.uniform(0.5, 1.5, size=9))


def chain(x: dt.Tensor) -> dt.Tensor:
    return ((x[1:] - x[:-1] ** 2) ** 2).sum() + ops.sin(x).sum()


def examples(primitive: Any) -> tuple[Example, ...]:
    if isinstance(primitive, Elementwise):
        shapes = ((2, 3), (3,), (2, 1))
        inputs = (tuple(Reals(s, *d) for s, d in zip(shapes, primitive.domain, strict=False)),)
        return tuple(Example(inputs[0], params) for params in primitive.params)
    return primitive.examples  # type: ignore[no-any-return]


def draw(kind: Input) -> dt.Tensor:
    if isinstance(kind, Reals):
        return dt.Tensor(rng.uniform(kind.low, kind.high, kind.shape))
    if isinstance(kind, Complexes):
        return dt.Tensor(rng.uniform(-2, 2, kind.shape) + 1j * rng.uniform(-2, 2, kind.shape))
    if isinstance(kind, Dominant):
        rows, columns = kind.shape[-2:]
        return dt.Tensor(rng.uniform(-0.1, 0.1, kind.shape) + np.eye(rows, columns) * (1.0 + np.arange(rows))[:, None])
    return dt.Tensor(
        rng.integers(0, kind.size, kind.shape) if isinstance(kind, Indices) else rng.random(kind.shape) > 0.5
    )


@pytest.mark.parametrize("name", [n for n, p in sorted(CATALOGUE.items()) if not isinstance(p, NonDifferentiable)])
def test_the_pattern_of_every_primitive_misses_nothing(name: str) -> None:
    primitive = CATALOGUE[name]
    for example in examples(primitive):
        inputs = [draw(kind) for kind in example.inputs]
        for i, kind in enumerate(example.inputs):
            if not isinstance(kind, (Reals, Dominant)):
                continue
            f = lambda x, i=i, e=example, a=inputs: primitive(*a[:i], x, *a[i + 1 :], **e.params)
            exact = dt.jacfwd(f)(inputs[i]).asnumpy().reshape(f(inputs[i]).size, inputs[i].size)
            pattern = pattern_of(f, inputs[i])
            assert not (exact != 0)[pattern.toarray() == 0].any()
            np.testing.assert_allclose(
                dt.jacobian(f, sparsity=True)(inputs[i]).toarray(), exact, rtol=1e-12, atol=1e-14
            )


FUNCTIONS: dict[str, Callable[[dt.Tensor], dt.Tensor]] = {
    "tridiagonal": lambda x: x[2:] * x[1:-1] + ops.exp(x[:-2]),
    "one full row": lambda x: ops.concat([x**2, x.sum(keepdims=True)], 0),
    "one full column": lambda x: ops.sin(x) * x[0],
    "product of matrices": lambda x: ops.matmul(x.reshape(3, 3), ops.sin(x.reshape(3, 3))),
    "banded matrix": lambda x: ops.matmul(ops.tril(ops.triu(ops.ones((9, 9), dt.float64), -1), 1), x[:, None]) ** 2,
    "rows of a matrix": lambda x: ops.softmax(x.reshape(3, 3), -1),
    "forward mode inside": lambda x: dt.jvp(lambda x: x[1:] * x[:-1] ** 2, x, ops.cos(x))[1],
    "mapped": lambda x: dt.vmap(lambda r: r.sum() * r)(x.reshape(3, 3)),
    "constant": lambda x: ops.ones(4, dt.float64),
    "running sum": lambda x: ops.cumsum(x.reshape(3, 3), 1),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_jacobians(f: Callable[[dt.Tensor], dt.Tensor]) -> None:
    exact = dt.jacrev(f)(X).asnumpy().reshape(-1, 9)
    found = dt.jacobian(f, sparsity=True)(X)
    assert sparse.issparse(found)
    np.testing.assert_allclose(found.toarray(), exact, rtol=1e-12, atol=1e-14)
    given = dt.jacobian(f, sparsity=sparse.coo_array(exact != 0))(X)
    np.testing.assert_allclose(given.toarray(), exact, rtol=1e-12, atol=1e-14)


def test_hessians_of_any_size_take_a_handful_of_products(monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_allclose(
        dt.hessian(chain, sparsity=True)(X).toarray(), dt.hessian(chain)(X).asnumpy(), rtol=1e-13
    )
    x = dt.Tensor(rng.normal(size=10_000))
    sizes = []
    vmap = dt.vmap
    monkeypatch.setattr(
        "dualtape.autodiff.transforms.sparse.vmap",
        lambda f: lambda seeds: sizes.append(seeds.shape[0]) or vmap(f)(seeds),
    )
    found = dt.hessian(chain, sparsity=True)(x)
    assert sizes == [3]
    assert found.nnz == 3 * 10_000 - 2
    v = rng.normal(size=10_000)
    np.testing.assert_allclose(found @ v, dt.hvp(chain, x, dt.Tensor(v))[1].asnumpy(), rtol=1e-10, atol=1e-10)
    dt.jacobian(FUNCTIONS["one full row"], sparsity=True)(X)
    assert sizes[-1] == 2, "rows are compressed where one of them is full"


def each_entry_is_alone(pattern: Any) -> bool:
    """Whether each entry stands alone in its row or in its column, in the groups of `star_colours`."""
    colours = star_colours(pattern)
    share = pattern @ (np.arange(colours.max() + 1)[:, None] == colours).T.astype(float)
    rows, columns = pattern.nonzero()
    return bool(((share[rows, colours[columns]] == 1) | (share[columns, colours[rows]] == 1)).all())


@pytest.mark.parametrize("seed", range(20))
def test_star_colours_leave_each_entry_alone_once(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    size, density = int(numbers.integers(2, 40)), float(numbers.uniform(0, 0.3))
    drawn = sparse.random_array((size, size), density=density, rng=numbers)
    assert each_entry_is_alone(sparse.csr_array((drawn + drawn.T + sparse.eye_array(size)) != 0).astype(float))


HESSIANS: dict[str, tuple[Callable[[dt.Tensor], dt.Tensor], int]] = {
    "arrow": (lambda x: (x[0] * x).sum() + (x**4).sum(), 2),
    "tridiagonal": (chain, 3),
    "separable": (lambda x: ops.sin(x).sum(), 1),
    "blocks": (lambda x: (x.reshape(3, 3).prod(-1)).sum(), 3),
    "five points of a grid": (lambda x: (x.reshape(3, 3)[1:] * x.reshape(3, 3)[:-1]).sum() + (x**3).sum(), 3),
    "full": (lambda x: x.sum() ** 4, 9),
    "linear": (lambda x: x.sum(), 1),
}


@pytest.mark.parametrize(("f", "products"), HESSIANS.values(), ids=HESSIANS)
def test_symmetry_saves_products(
    f: Callable[[dt.Tensor], dt.Tensor], products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = dt.hessian(f)(X).asnumpy()
    sizes = [0]
    vmap = dt.vmap
    monkeypatch.setattr(
        "dualtape.autodiff.transforms.sparse.vmap",
        lambda f: lambda seeds: sizes.append(seeds.shape[0]) or vmap(f)(seeds),
    )
    found = dt.hessian(f, sparsity=True)(X)
    np.testing.assert_allclose(found.toarray(), exact, rtol=1e-12, atol=1e-13)
    assert (found != found.T).nnz == 0
    assert sizes[-1] <= products
    for triangle in (np.triu(exact), np.tril(exact)):
        np.testing.assert_allclose(dt.hessian(f, sparsity=triangle)(X).toarray(), exact, rtol=1e-12, atol=1e-13)


def test_other_arguments_and_containing_transformations() -> None:
    f = lambda a, x: a * x**3
    found = dt.jacobian(f, 1, sparsity=True)(dt.Tensor(2.0, dt.float64), X)
    np.testing.assert_allclose(found.diagonal(), 6 * X.asnumpy() ** 2, rtol=1e-14)
    for wrap in (lambda f: dt.jit(f), dt.checkpoint):
        np.testing.assert_allclose(
            dt.hessian(wrap(chain), sparsity=True)(X).toarray(), dt.hessian(chain)(X).asnumpy(), rtol=1e-13
        )
    second = dt.jacobian(lambda x: dt.laplacian(lambda p: (p**3).sum(-1))(x.reshape(3, 3))[1], sparsity=True)(X)
    np.testing.assert_allclose(second.toarray(), np.kron(np.eye(3), np.full((1, 3), 6.0)))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.jacobian(chain, (0,), has_aux=True, sparsity=True), ValueError, "auxiliary"),
        (lambda: dt.hessian(chain, (0, 1), sparsity=True), ValueError, "one int"),
        (lambda: dt.hessian(3, sparsity=True), TypeError, "fn"),
        (lambda: dt.hessian(chain, sparsity="auto")(X), TypeError, "`sparsity` must be"),
        (lambda: dt.hessian(chain, sparsity=np.eye(3))(X), ValueError, "shape"),
        (lambda: dt.hessian(chain, sparsity=np.eye(9))(X), ValueError, "misses entries"),
        (lambda: dt.hessian(chain, sparsity=True)(3.0), TypeError, "must be a Tensor"),
        (lambda: dt.jacobian(lambda x: (x, x), sparsity=True)(X), TypeError, "must return a Tensor"),
        (lambda: dt.jit(dt.hessian(chain, sparsity=True))(X), TypeError, "leave out `sparsity`"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)
